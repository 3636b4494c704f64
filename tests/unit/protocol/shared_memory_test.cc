#include "phial/protocol/shared_memory.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <kj/io.h>
#include <phial/protocol/error.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <span>
#include <system_error>

#include "tests/unit/protocol/memory_watch.h"

namespace phial::detail {
namespace {

using testing::HasSubstr;

constexpr std::size_t kLarge = 8 << 20;  // freed on a thread of its own

kj::AutoCloseFd duplicate(int fd) { return kj::AutoCloseFd(::fcntl(fd, F_DUPFD_CLOEXEC, 0)); }

kj::AutoCloseFd memoryFile(std::size_t bytes, int seals) {
  kj::AutoCloseFd file(::memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  EXPECT_EQ(::ftruncate(file, static_cast<off_t>(bytes)), 0);
  EXPECT_EQ(::fcntl(file, F_ADD_SEALS, seals), 0);
  return file;
}

std::string refusal(kj::AutoCloseFd file, std::size_t bytes) {
  try {
    SharedMemory::adopt(kj::mv(file), bytes);
  } catch (const EncodingError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(SharedMemoryTest, BeginsAsZerosAndShowsToAllWhatItsMakerWrites) {
  const auto made = SharedMemory::create(10'000);
  const std::span bytes(made->data(), made->bytes());
  EXPECT_TRUE(std::ranges::all_of(bytes, [](auto byte) { return byte == std::byte{0}; }));
  const auto received = SharedMemory::adopt(duplicate(made->fd()), 10'000);
  made->writable()[9'999] = std::byte{7};
  EXPECT_EQ(received->data()[9'999], std::byte{7});
  EXPECT_EQ(received->writable(), nullptr);
}

TEST(SharedMemoryTest, NobodyButItsMakerCanWriteIt) {
  const auto made = SharedMemory::create(4096);
  const std::string path = "/proc/self/fd/" + std::to_string(made->fd());
  const kj::AutoCloseFd reopened(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  for (const int fd : {made->fd(), reopened.get()}) {
    EXPECT_EQ(::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), MAP_FAILED);
    EXPECT_EQ(errno, EPERM);
    EXPECT_EQ(::pwrite(fd, "x", 1, 0), -1);
    EXPECT_EQ(errno, EPERM);
    EXPECT_EQ(::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 4096), -1);
    EXPECT_EQ(errno, EPERM);
  }
  const auto received = SharedMemory::adopt(duplicate(made->fd()), 4096);
  auto* address = const_cast<std::byte*>(received->data());
  EXPECT_EQ(::mprotect(address, 4096, PROT_READ | PROT_WRITE), -1);
}

TEST(SharedMemoryTest, NobodyCanShrinkItUnderAReader) {
  const auto made = SharedMemory::create(4096);
  EXPECT_EQ(::ftruncate(made->fd(), 0), -1);
  EXPECT_EQ(errno, EPERM);
}

TEST(SharedMemoryTest, RefusesWhatCouldBeTakenAwayOrWritten) {
  EXPECT_THAT(refusal(memoryFile(4096, 0), 4096), HasSubstr("it is not sealed"));
  EXPECT_THAT(refusal(memoryFile(4096, F_SEAL_SHRINK), 4096), HasSubstr("it is not sealed"));
  EXPECT_THAT(refusal(memoryFile(4096, F_SEAL_FUTURE_WRITE), 4096), HasSubstr("it is not sealed"));
  EXPECT_EQ(refusal(memoryFile(4096, F_SEAL_SHRINK | F_SEAL_WRITE), 4096), "accepted");
  const kj::AutoCloseFd program(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  EXPECT_THAT(refusal(duplicate(program), 4096), HasSubstr("it is not sealed"));
}

TEST(SharedMemoryTest, RefusesAFileThatIsShorterThanItIsSaidToBe) {
  constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_FUTURE_WRITE;
  EXPECT_THAT(refusal(memoryFile(4095, kSeals), 4096), HasSubstr("it has 4095 bytes of 4096"));
}

TEST(SharedMemoryTest, IsFreedWithItsLastHolder) {
  for (const std::size_t bytes : {std::size_t{4096}, kLarge}) {
    auto made = SharedMemory::create(bytes);
    std::memset(made->writable(), 1, bytes);
    const MemoryWatch watch(made->fd());
    auto received = SharedMemory::adopt(duplicate(made->fd()), bytes);
    auto file = duplicate(made->fd());
    made.reset();
    EXPECT_FALSE(watch.freed());
    releaseFile(kj::mv(file));
    EXPECT_FALSE(watch.freed());
    received.reset();
    watch.awaitFreed();
    EXPECT_TRUE(sharedMemoryFiles().empty());
  }
}

TEST(SharedMemoryTest, AFileNobodyMappedIsFreedToo) {
  auto made = SharedMemory::create(kLarge);
  std::memset(made->writable(), 1, kLarge);
  const MemoryWatch watch(made->fd());
  auto file = duplicate(made->fd());
  made.reset();
  releaseFile(kj::mv(file));
  watch.awaitFreed();
}

TEST(SharedMemoryTest, LimitOfFileSizesIsAnErrorNotASignal) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{1 << 20, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  EXPECT_THROW(SharedMemory::create(2 << 20), std::system_error);
  EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
}

}  // namespace
}  // namespace phial::detail
