#include "phial/protocol/arena.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>
#include <vector>

namespace phial::detail {
namespace {

using testing::HasSubstr;

constexpr std::size_t kBytes = 16 << 20;
constexpr std::size_t kPage = 4096;

/// Both ends, in one process.
class ArenaTest : public testing::Test {
 protected:
  ArenaTest() : made_(makeArenas(kBytes)) {
    requestFd_ = ::fcntl(made_.requests, F_DUPFD_CLOEXEC, 0);
    replyFd_ = ::fcntl(made_.replies, F_DUPFD_CLOEXEC, 0);
    worker_ = adoptArenas(requestFd_, replyFd_);
  }
  ~ArenaTest() noexcept override = default;

  ArenaWriter& writer() { return *made_.arenas.out; }
  ArenaReader& reader() { return *worker_.in; }
  std::size_t blockBytes() const {
    struct stat status{};
    EXPECT_EQ(::fstat(made_.requests, &status), 0);
    return static_cast<std::size_t>(status.st_blocks) * 512;
  }

  NewArenas made_;
  int requestFd_ = -1;
  int replyFd_ = -1;
  Arenas worker_;
};

TEST_F(ArenaTest, WhatIsWrittenIsFoundWhereItLies) {
  const auto place = writer().allocate(100'000);
  ASSERT_TRUE(place);
  std::memset(place->memory(), 7, 100'000);
  EXPECT_EQ(reader().objectionTo(place->reference), "");
  const auto memory = reader().lend(place->reference);
  EXPECT_EQ(std::memcmp(memory.get(), place->memory(), 100'000), 0);
  EXPECT_NE(static_cast<const void*>(memory.get()), place->memory()) << "another mapping";
}

TEST_F(ArenaTest, TheSamePlaceIsUsedAgainOnceItsReaderIsDone) {
  auto first = writer().allocate(kPage);
  auto second = writer().allocate(kPage);
  EXPECT_LT(first->reference.offset, second->reference.offset);
  auto memory = reader().lend(first->reference);
  EXPECT_GT(writer().allocate(kPage)->reference.offset, second->reference.offset);
  memory.reset();
  EXPECT_EQ(writer().allocate(kPage)->reference.offset, first->reference.offset);
}

TEST_F(ArenaTest, AGapIsUsedOnlyForWhatFits) {
  auto first = writer().allocate(kPage);
  auto second = writer().allocate(2 * kPage);
  auto third = writer().allocate(kPage);
  reader().done(second->reference);
  EXPECT_GT(writer().allocate(2 * kPage + 1)->reference.offset, third->reference.offset);
  EXPECT_EQ(writer().allocate(2 * kPage)->reference.offset, second->reference.offset);
}

TEST_F(ArenaTest, WithoutRoomThereIsNoPlace) {
  EXPECT_FALSE(writer().allocate(kBytes));
  EXPECT_FALSE(writer().allocate(SIZE_MAX));
  const auto all = writer().allocate(kBytes - kPage);
  ASSERT_TRUE(all);
  EXPECT_FALSE(writer().allocate(1));
  reader().done(all->reference);
  for (std::size_t i = 0; i < kArenaSlots; ++i) EXPECT_TRUE(writer().allocate(1)) << i;
  EXPECT_FALSE(writer().allocate(1)) << "more than there are slots";
}

TEST_F(ArenaTest, AReaderThatIsDoneWithAnOlderMessageFreesNoNewerOne) {
  auto first = writer().allocate(kPage);
  reader().done(first->reference);
  auto second = writer().allocate(kPage);
  ASSERT_EQ(second->reference.slot, first->reference.slot);
  reader().done(first->reference);
  EXPECT_NE(writer().allocate(kPage)->reference.offset, second->reference.offset);
}

TEST_F(ArenaTest, TheWorkerCannotWriteWhatTheMasterWrites) {
  EXPECT_EQ(::mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_SHARED, requestFd_, 0), MAP_FAILED);
  EXPECT_EQ(errno, EACCES);
  EXPECT_EQ(::pwrite(requestFd_, "x", 1, 0), -1);
}

TEST_F(ArenaTest, NobodyCanShrinkAnArenaUnderItsReader) {
  for (const int fd : {made_.requests.get(), made_.replies.get()}) {
    EXPECT_NE(::ftruncate(fd, 0), 0);
    EXPECT_EQ(::fcntl(fd, F_GET_SEALS) & F_SEAL_SHRINK, F_SEAL_SHRINK);
  }
}

TEST_F(ArenaTest, NonsenseReferencesAreRefused) {
  const auto objection = [&](ArenaReference reference) { return reader().objectionTo(reference); };
  const ArenaReference good{.slot = 63, .offset = kPage, .bytes = kBytes - kPage};
  EXPECT_EQ(objection(good), "");
  auto bad = good;
  bad.slot = 64;
  EXPECT_EQ(objection(bad), "a slot that there is not");
  for (const std::uint64_t offset :
       {std::uint64_t{0}, kPage - 8, kPage + 8, kBytes, std::uint64_t{1} << 63, UINT64_MAX - 7}) {
    bad = good;
    bad.offset = offset;
    EXPECT_EQ(objection(bad), "bytes outside of it") << offset;
  }
  for (const std::uint64_t bytes : {kBytes - kPage + 8, UINT64_MAX - 7, std::uint64_t{1} << 63}) {
    bad = good;
    bad.bytes = bytes;
    EXPECT_EQ(objection(bad), "bytes outside of it") << bytes;
  }
  for (const std::uint64_t bytes : {0, 8, 17}) {
    bad = good;
    bad.bytes = bytes;
    EXPECT_EQ(objection(bad), "bytes that are no frame") << bytes;
  }
  bad = good;
  bad.offset = kPage + 4;
  EXPECT_EQ(objection(bad), "bytes that are no frame");
}

TEST_F(ArenaTest, MemoryGoesBackDownToWhatIsInUse) {
  auto low = writer().allocate(1 << 20);
  std::memset(low->memory(), 1, 1 << 20);
  auto high = writer().allocate(4 << 20);
  std::memset(high->memory(), 1, 4 << 20);
  EXPECT_FALSE(writer().giveBack(1 << 20)) << "all is in use";
  reader().done(high->reference);
  const auto before = blockBytes();
  EXPECT_TRUE(writer().giveBack(1 << 20)) << "there is more";
  EXPECT_EQ(blockBytes(), before - (1 << 20));
  while (writer().giveBack(1 << 20)) {
  }
  EXPECT_EQ(blockBytes(), before - (4 << 20));
  EXPECT_EQ(low->memory()[0], std::byte{1});
}

TEST_F(ArenaTest, AMappingGrowsWithoutMovingWhatIsLent) {
  auto small = writer().allocate(kPage);
  std::memset(small->memory(), 5, kPage);
  const auto memory = reader().lend(small->reference);
  auto large = writer().allocate(8 << 20);
  std::memset(large->memory(), 6, 8 << 20);
  const auto more = reader().lend(large->reference);
  EXPECT_EQ(memory.get()[kPage - 1], std::byte{5});
  EXPECT_EQ(more.get()[(8 << 20) - 1], std::byte{6});
}

TEST(ArenasTest, AreNoneWithoutSize) {
  EXPECT_FALSE(makeArenas(0).arenas.out);
  EXPECT_FALSE(adoptArenas(-1, -1).in);
}

TEST(ArenasTest, AreNoneWithoutDescriptors) {
  // A sanitizer needs descriptors to look at the first of its kind.
  const std::system_error seen(EMFILE, std::generic_category(), "seen");
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit few{6, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
  EXPECT_FALSE(makeArenas(kBytes).arenas.out);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
}

TEST(ArenasTest, AreNoLargerThanAFileMayBe) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small{1 << 20, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const auto made = makeArenas(kBytes);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  ASSERT_TRUE(made.arenas.out);
  EXPECT_FALSE(made.arenas.out->allocate(1 << 20));
  EXPECT_TRUE(made.arenas.out->allocate(1 << 19));
}

}  // namespace
}  // namespace phial::detail
