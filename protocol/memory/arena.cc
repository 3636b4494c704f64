#include "phial/protocol/arena.h"

#include <fcntl.h>
#include <phial/protocol/descriptor.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <new>
#include <system_error>
#include <utility>

namespace phial::inline v1::detail {
namespace {

constexpr std::size_t kPageBytes = 4096;
static_assert(sizeof(ArenaHeader) <= kPageBytes);

// A mapping is made anew when it grows, so it grows in large steps.
constexpr std::size_t kLeastMappedBytes = 1 << 20;

std::size_t wholePages(std::size_t bytes) { return (bytes + kPageBytes - 1) & ~(kPageBytes - 1); }

[[noreturn]] void throwErrno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

// The kernel would send SIGXFSZ for more, which is for the host program to handle.
std::size_t mostFileBytes() {
  rlimit limit{};
  return ::getrlimit(RLIMIT_FSIZE, &limit) == 0 ? limit.rlim_cur : 0;
}

kj::AutoCloseFd newFile(const char* name, std::size_t bytes) {
  auto file = newMemoryFile(name, bytes);
  sealMemoryFile(file, kFixedSize);
  return file;
}

kj::AutoCloseFd duplicate(int fd, int flags) {
  const std::string path = "/proc/self/fd/" + std::to_string(fd);
  auto file = ownDescriptor(::open(path.c_str(), flags | O_CLOEXEC));
  if (file.get() < 0) throwErrno("cannot open an arena again");
  return file;
}

}  // namespace

ArenaFile::ArenaFile(kj::AutoCloseFd fd, Access access) : fd_(kj::mv(fd)), access_(access) {
  struct stat status{};
  if (::fstat(fd_, &status) != 0) throwErrno("cannot look at an arena");
  bytes_ = static_cast<std::size_t>(status.st_size);
  if (!S_ISREG(status.st_mode) || bytes_ < kPageBytes) {
    errno = EINVAL;
    throwErrno("not an arena");
  }
  first_ = std::make_shared<Mapping>(fd_, kPageBytes, access_);
}

std::shared_ptr<ArenaFile::Mapping> ArenaFile::reach(std::size_t end) {
  if (mapping_ && mapping_->bytes() >= end) return mapping_;
  const auto wanted = std::min(std::bit_ceil(std::max(end, kLeastMappedBytes)), bytes_);
  try {
    mapping_ = fd_.get() >= 0 ? std::make_shared<Mapping>(fd_, wanted, access_)
                              : std::make_shared<Mapping>(*first_, wanted);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
  return mapping_;
}

std::optional<ArenaWriter::Place> ArenaWriter::allocate(std::size_t bytes, std::size_t lead) {
  reclaim();
  if (bytes > own_->bytes() || regions_.size() == kArenaSlots) return std::nullopt;
  std::size_t begin = kPageBytes;
  auto next = regions_.begin();
  for (; next != regions_.end() && next->begin - begin < lead + bytes; ++next) begin = next->end;
  const std::size_t end = begin + wholePages(lead + bytes);
  if (end > own_->bytes()) return std::nullopt;
  auto mapping = own_->reach(end);
  if (!mapping) return std::nullopt;

  std::uint32_t slot = 0;
  const auto taken = [&](std::uint32_t candidate) {
    return std::ranges::any_of(regions_, [&](const auto& r) { return r.slot == candidate; });
  };
  while (taken(slot)) ++slot;
  regions_.insert(next, {begin, end, slot});
  touched_ = std::max(touched_, end);
  return Place{
      {.slot = slot, .offset = begin + lead, .bytes = bytes, .generation = ++generations_[slot]},
      std::move(mapping)};
}

void ArenaWriter::reclaim() {
  const auto& read = peers_->header().read;
  std::erase_if(regions_, [&](const Region& region) {
    return read[region.slot].load(std::memory_order_acquire) == generations_[region.slot];
  });
}

bool ArenaWriter::giveBack(std::size_t most) {
  reclaim();
  const std::size_t used = regions_.empty() ? kPageBytes : regions_.back().end;
  if (touched_ <= used) return false;
  const std::size_t bytes = std::min(touched_ - used, most);
  touched_ -= bytes;
  // What has memory was mapped when a place in it was given out.
  if (const auto mapping = own_->reach(touched_ + bytes)) mapping->giveBack(touched_, bytes);
  return touched_ > used;
}

bool ArenaWriter::hasMemory() const { return touched_ > kPageBytes; }

std::string ArenaReader::objectionTo(const ArenaReference& reference) const {
  if (reference.slot >= kArenaSlots) return "a slot that there is not";
  if (reference.bytes < 2 * sizeof(std::uint64_t) || reference.bytes % sizeof(std::uint64_t) != 0 ||
      reference.offset % sizeof(std::uint64_t) != 0) {
    return "bytes that are no frame";
  }
  const std::uint64_t end = peers_->bytes();
  if (reference.offset < kPageBytes || reference.offset > end ||
      reference.bytes > end - reference.offset) {
    return "bytes outside of it";
  }
  return {};
}

bool ArenaReader::holds(const ArenaReference& reference) const {
  constexpr std::uint64_t kBlockBytes = 512;  // stat(2)
  struct stat status{};
  if (::fstat(peers_->fd(), &status) != 0) return false;
  return static_cast<std::uint64_t>(status.st_blocks) * kBlockBytes >= reference.bytes;
}

bool ArenaReader::copy(const ArenaReference& reference, std::size_t from, std::size_t bytes,
                       void* to) const {
  auto* target = static_cast<std::byte*>(to);
  std::size_t at = reference.offset + from;
  while (bytes > 0) {
    const ssize_t got = ::pread(peers_->fd(), target, bytes, static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    target += got;
    at += static_cast<std::size_t>(got);
    bytes -= static_cast<std::size_t>(got);
  }
  return true;
}

std::shared_ptr<const std::byte> ArenaReader::lend(const ArenaReference& reference) {
  auto mapping = peers_->reach(reference.offset + reference.bytes);
  if (!mapping) return nullptr;
  const std::byte* memory = mapping->at(reference.offset);
  return {memory, [mapping, own = own_, reference, mark = ForkMark()](const std::byte*) {
            if (mark.inherited()) return;  // its maker still reads
            own->header().read[reference.slot].store(reference.generation,
                                                     std::memory_order_release);
          }};
}

NewArenas makeArenas(std::size_t bytes) {
  bytes = std::min(wholePages(bytes), mostFileBytes());
  if (bytes <= kPageBytes) return {};
  try {
    auto requestFile = newFile("phial-requests", bytes);
    auto replyFile = newFile("phial-replies", bytes);
    auto forWorker = duplicate(requestFile, O_RDONLY);
    auto repliesForWorker = duplicate(replyFile, O_RDWR);
    auto requests = std::make_shared<ArenaFile>(kj::mv(requestFile), ArenaFile::Access::readWrite);
    auto replies = std::make_shared<ArenaFile>(kj::mv(replyFile), ArenaFile::Access::read);
    requests->closeFile();
    return {{std::make_shared<ArenaWriter>(requests, replies),
             std::make_shared<ArenaReader>(replies, requests, ArenaReader::Manner::copied)},
            kj::mv(forWorker),
            kj::mv(repliesForWorker)};
  } catch (const std::system_error&) {  // no descriptors left, no /proc: the pipes will do
  } catch (const std::bad_alloc&) {
  }
  return {};
}

Arenas adoptArenas(int requestFd, int replyFd) {
  if (::fcntl(requestFd, F_GETFD) < 0 || ::fcntl(replyFd, F_GETFD) < 0) return {};
  kj::AutoCloseFd requestFile(requestFd);
  kj::AutoCloseFd replyFile(replyFd);
  try {
    auto requests = std::make_shared<ArenaFile>(kj::mv(requestFile), ArenaFile::Access::read);
    auto replies = std::make_shared<ArenaFile>(kj::mv(replyFile), ArenaFile::Access::readWrite);
    return {std::make_shared<ArenaWriter>(replies, requests),
            std::make_shared<ArenaReader>(requests, replies, ArenaReader::Manner::inPlace)};
  } catch (const std::system_error&) {  // the master has none
  } catch (const std::bad_alloc&) {
  }
  return {};
}

}  // namespace phial::inline v1::detail
