#include <fcntl.h>
#include <gtest/gtest.h>
#include <phial/protocol/control_page.h>
#include <sys/stat.h>
#include <unistd.h>

#include <barrier>
#include <cerrno>
#include <cstdint>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace phial {
namespace {

off_t sizeOf(int fd) {
  struct stat status{};
  EXPECT_EQ(::fstat(fd, &status), 0);
  return status.st_size;
}

TEST(ControlPageTest, BeginsAtZero) {
  const auto mapping = ControlPageMapping::create();
  const ControlPage& page = mapping.page();
  EXPECT_EQ(page.phase.load(), Phase::starting);
  EXPECT_EQ(page.job.load(), 0U);
  EXPECT_EQ(page.startedNanos.load(), 0);
  EXPECT_EQ(page.cancelledJob.load(), 0U);
  EXPECT_EQ(page.refusedJob.load(), 0U);
}

TEST(ControlPageTest, TwoMappingsShareEachWord) {
  const auto master = ControlPageMapping::create();
  const auto worker = ControlPageMapping::adopt(::dup(master.fd()));
  ASSERT_NE(&master.page(), &worker.page());
  worker.page().phase = Phase::running;
  worker.page().job = 7;
  worker.page().startedNanos = 123;
  worker.page().refusedJob = 5;
  master.page().cancelledJob = 9;
  EXPECT_EQ(master.page().phase.load(), Phase::running);
  EXPECT_EQ(master.page().job.load(), 7U);
  EXPECT_EQ(master.page().startedNanos.load(), 123);
  EXPECT_EQ(master.page().refusedJob.load(), 5U);
  EXPECT_EQ(worker.page().cancelledJob.load(), 9U);
}

TEST(JobSlotTest, AJobThatWasClaimedCannotBeTakenBack) {
  JobSlot slot{};
  slot.offer(7);
  EXPECT_FALSE(slot.claimed(7));
  EXPECT_TRUE(slot.claim(7));
  EXPECT_TRUE(slot.claimed(7));
  EXPECT_FALSE(slot.withdraw(7));
  EXPECT_FALSE(slot.claim(7)) << "it was taken up twice";
}

TEST(JobSlotTest, AJobThatWasTakenBackCannotBeClaimed) {
  JobSlot slot{};
  slot.offer(7);
  EXPECT_TRUE(slot.withdraw(7));
  EXPECT_FALSE(slot.claim(7));
  EXPECT_FALSE(slot.claimed(7));
}

TEST(JobSlotTest, AJobThatWasDeliveredHadBeenTakenUp) {
  JobSlot slot{};
  slot.offer(7);
  ASSERT_TRUE(slot.claim(7));
  EXPECT_FALSE(slot.delivered(7));
  slot.deliver(7);
  EXPECT_TRUE(slot.delivered(7));
  EXPECT_FALSE(slot.delivered(8));
  EXPECT_TRUE(slot.claimed(7));
  EXPECT_FALSE(slot.withdraw(7));
}

TEST(JobSlotTest, OnlyTheJobThatIsThereCanBeHad) {
  JobSlot slot{};
  EXPECT_FALSE(slot.claim(0)) << "an empty slot holds no job";
  EXPECT_FALSE(slot.withdraw(0));
  slot.offer(7);
  EXPECT_FALSE(slot.claim(6));
  EXPECT_FALSE(slot.withdraw(8));
  EXPECT_TRUE(slot.claim(7));
  slot.offer(8);
  EXPECT_FALSE(slot.claimed(7));
  EXPECT_TRUE(slot.withdraw(8));
}

TEST(JobSlotTest, OfTwoAtOnceExactlyOneHasTheJob) {
  const auto mapping = ControlPageMapping::create();
  JobSlot& slot = mapping.page().slots.back();
  constexpr std::uint64_t kJobs = 20'000;
  std::barrier turn(2);
  std::vector<bool> byWorker(kJobs + 1);
  std::vector<bool> byMaster(kJobs + 1);
  std::thread worker([&] {
    for (std::uint64_t job = 1; job <= kJobs; ++job) {
      turn.arrive_and_wait();
      byWorker[job] = slot.claim(job);
      turn.arrive_and_wait();
    }
  });
  for (std::uint64_t job = 1; job <= kJobs; ++job) {
    slot.offer(job);
    turn.arrive_and_wait();
    byMaster[job] = slot.withdraw(job);
    turn.arrive_and_wait();
  }
  worker.join();
  for (std::uint64_t job = 1; job <= kJobs; ++job) ASSERT_NE(byWorker[job], byMaster[job]) << job;
}

TEST(ControlPageTest, AWorkerCannotResizeItUnderTheMaster) {
  const auto mapping = ControlPageMapping::create();
  const off_t size = sizeOf(mapping.fd());
  EXPECT_GE(size, static_cast<off_t>(sizeof(ControlPage)));
  EXPECT_EQ(::ftruncate(mapping.fd(), 0), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(::ftruncate(mapping.fd(), size * 1000), -1);
  EXPECT_EQ(errno, EPERM);
  EXPECT_EQ(sizeOf(mapping.fd()), size);
}

TEST(ControlPageTest, AWorkerCannotSealItAgainstTheMaster) {
  const auto mapping = ControlPageMapping::create();
  EXPECT_EQ(::fcntl(mapping.fd(), F_ADD_SEALS, F_SEAL_FUTURE_WRITE), -1);
  EXPECT_EQ(errno, EPERM);
}

TEST(ControlPageTest, ItsFileIsClosedByExecAndByItsOwner) {
  int fd = -1;
  {
    const auto mapping = ControlPageMapping::create();
    fd = mapping.fd();
    EXPECT_EQ(::fcntl(fd, F_GETFD), FD_CLOEXEC);
  }
  EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
}

TEST(ControlPageTest, AdoptingClosesTheDescriptorAndKeepsThePage) {
  auto master = ControlPageMapping::create();
  const int fd = ::dup(master.fd());
  const auto worker = ControlPageMapping::adopt(fd);
  EXPECT_EQ(worker.fd(), -1);
  EXPECT_EQ(::fcntl(fd, F_GETFD), -1);
  worker.page().job = 5;
  EXPECT_EQ(master.page().job.load(), 5U);
}

TEST(ControlPageTest, AdoptingWhatIsNoFileThrows) {
  EXPECT_THROW(ControlPageMapping::adopt(-1), std::system_error);
}

TEST(ControlPageTest, MovingItKeepsThePage) {
  auto first = ControlPageMapping::create();
  ControlPage* page = &first.page();
  const auto second = std::move(first);
  EXPECT_EQ(&second.page(), page);
  page->job = 3;
  EXPECT_EQ(second.page().job.load(), 3U);
}

TEST(ControlPageTest, EachPhaseHasItsName) {
  EXPECT_STREQ(phaseName(Phase::starting), "starting");
  EXPECT_STREQ(phaseName(Phase::idle), "idle");
  EXPECT_STREQ(phaseName(Phase::decoding), "decoding");
  EXPECT_STREQ(phaseName(Phase::running), "running");
  EXPECT_STREQ(phaseName(Phase::encoding), "encoding");
  EXPECT_STREQ(phaseName(Phase::delivering), "delivering");
  EXPECT_STREQ(phaseName(Phase::stopping), "stopping");
  EXPECT_STREQ(phaseName(static_cast<Phase>(99)), "unknown");
}

}  // namespace
}  // namespace phial
