#include "master/pool/available_cores.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string>

namespace phial {
namespace {

namespace fs = std::filesystem;

class AvailableCoresTest : public testing::Test {
 protected:
  AvailableCoresTest() {
    fs::create_directories(root_);
    limits_ = {root_, root_ / "membership"};
  }
  ~AvailableCoresTest() override {
    sched_setaffinity(0, sizeof before_, &before_);
    fs::remove_all(root_);
  }
  void SetUp() override { ASSERT_EQ(sched_getaffinity(0, sizeof before_, &before_), 0); }

  void put(const fs::path& file, const std::string& text) {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }
  int cores() const { return detail::availableCores(limits_); }
  int byAffinity() const { return CPU_COUNT(&before_); }

  const fs::path root_ = fs::path(testing::TempDir()) / ("phial_cores_" + std::to_string(getpid()));
  detail::CoreLimits limits_;
  cpu_set_t before_;
};

TEST_F(AvailableCoresTest, WithoutQuotaItIsTheAffinity) {
  EXPECT_EQ(cores(), byAffinity());
  put("membership", "0::/a\n");
  put("a/cpu.max", "max 100000\n");
  EXPECT_EQ(cores(), byAffinity());
}

TEST_F(AvailableCoresTest, FollowsANarrowerAffinity) {
  int core = 0;
  while (!CPU_ISSET(core, &before_)) ++core;
  cpu_set_t one;
  CPU_ZERO(&one);
  CPU_SET(core, &one);
  ASSERT_EQ(sched_setaffinity(0, sizeof one, &one), 0);
  EXPECT_EQ(cores(), 1);
}

TEST_F(AvailableCoresTest, AQuotaOfVersion2Limits) {
  put("membership", "0::/a/b\n");
  put("a/b/cpu.max", "50000 100000\n");
  EXPECT_EQ(cores(), 1);
}

TEST_F(AvailableCoresTest, AQuotaIsRoundedUp) {
  put("membership", "0::/a\n");
  put("a/cpu.max", "110000 100000\n");
  // A quota of 1.1 cores allows two, where the machine has them.
  EXPECT_EQ(cores(), std::min(2, byAffinity()));
}

TEST_F(AvailableCoresTest, AQuotaOfAParentLimits) {
  put("membership", "0::/a/b\n");
  put("a/cpu.max", "100000 100000\n");
  put("a/b/cpu.max", "max 100000\n");
  EXPECT_EQ(cores(), 1);
}

TEST_F(AvailableCoresTest, TheMountItselfCountsInAContainer) {
  put("membership", "0::/elsewhere/on/the/host\n");
  put("cpu.max", "100000 100000\n");
  EXPECT_EQ(cores(), 1);
}

TEST_F(AvailableCoresTest, AQuotaOfVersion1Limits) {
  put("membership", "5:memory:/a\n4:cpu,cpuacct:/a\n");
  put("cpu,cpuacct/a/cpu.cfs_quota_us", "100000\n");
  put("cpu,cpuacct/a/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(cores(), 1);
  put("cpu,cpuacct/a/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(cores(), byAffinity());
}

TEST_F(AvailableCoresTest, NonsenseIsNoLimit) {
  put("membership", "nonsense\n::\n0::/a\n");
  put("a/cpu.max", "-5 zero\n");
  EXPECT_EQ(cores(), byAffinity());
}

}  // namespace
}  // namespace phial
