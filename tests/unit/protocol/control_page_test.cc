#include <fcntl.h>
#include <gtest/gtest.h>
#include <phial/protocol/control_page.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

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
}

TEST(ControlPageTest, TwoMappingsShareEachWord) {
  const auto master = ControlPageMapping::create();
  const auto worker = ControlPageMapping::adopt(::dup(master.fd()));
  ASSERT_NE(&master.page(), &worker.page());
  worker.page().phase = Phase::running;
  worker.page().job = 7;
  worker.page().startedNanos = 123;
  master.page().cancelledJob = 9;
  EXPECT_EQ(master.page().phase.load(), Phase::running);
  EXPECT_EQ(master.page().job.load(), 7U);
  EXPECT_EQ(master.page().startedNanos.load(), 123);
  EXPECT_EQ(worker.page().cancelledJob.load(), 9U);
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
