// The kernel's counters of out-of-memory kills, as files of the test's making.
#include "master/process/oom_kills.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>

namespace phial::detail {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class OomKillsTest : public testing::Test {
 protected:
  ~OomKillsTest() override { fs::remove_all(root_); }

  void put(const fs::path& file, const std::string& text) {
    fs::create_directories((root_ / file).parent_path());
    std::ofstream(root_ / file) << text;
  }
  static std::string events(int kills) {
    return "low 0\nhigh 0\nmax 7\noom 9\noom_kill " + std::to_string(kills) +
           "\noom_group_kill 8\n";
  }
  OomKills::Mark marked() const { return kills_.mark().value(); }

  const fs::path root_ = fs::path(testing::TempDir()) / ("phial_oom_" + std::to_string(getpid()));
  OomKills kills_{OomFiles{root_, root_ / "membership", root_ / "vmstat"}};
};

TEST_F(OomKillsTest, ARiseOfTheGroupsCountIsTheKillersDoing) {
  put("membership", "0::/a/b\n");
  put("a/b/memory.events.local", events(3));
  const auto mark = marked();
  EXPECT_EQ(mark.kills, 3U);
  EXPECT_FALSE(kills_.claim(mark));
  put("a/b/memory.events.local", events(4));
  EXPECT_EQ(kills_.claim(mark),
            "the kernel's out-of-memory killer ended it: nobody here sent the SIGKILL, and the "
            "control group's count of such kills rose from 3 to 4 in its time");
}

TEST_F(OomKillsTest, OneKillExplainsOneDeath) {
  put("membership", "0::/a\n");
  put("a/memory.events", events(0));
  const auto first = marked();
  const auto second = marked();
  put("a/memory.events", events(1));
  EXPECT_TRUE(kills_.claim(first));
  EXPECT_FALSE(kills_.claim(second));
  put("a/memory.events", events(2));
  EXPECT_TRUE(kills_.claim(second));
}

TEST_F(OomKillsTest, KillsBeforeItsTimeExplainNothing) {
  put("membership", "0::/a\n");
  put("a/memory.events", events(0));
  const auto early = marked();
  put("a/memory.events", events(2));
  ASSERT_TRUE(kills_.claim(early));
  EXPECT_FALSE(kills_.claim(marked()));
  // Nor has an earlier claim used up what comes after.
  const auto late = marked();
  put("a/memory.events", events(3));
  EXPECT_TRUE(kills_.claim(late));
}

TEST_F(OomKillsTest, WhatDiesInGroupsBelowIsNotCounted) {
  put("membership", "0::/a\n");
  put("a/memory.events", events(5));
  put("a/memory.events.local", events(2));
  EXPECT_EQ(marked().kills, 2U);
}

TEST_F(OomKillsTest, AGroupWithoutAControllerBelongsToTheOneAbove) {
  put("membership", "0::/a/b/c\n");
  put("a/memory.events.local", events(6));
  put("a/b/c/cgroup.events", "populated 1\n");
  EXPECT_EQ(marked().kills, 6U);
}

TEST_F(OomKillsTest, TheMountItselfIsTheGroupInAContainer) {
  put("membership", "0::/elsewhere/on/the/host\n");
  put("memory.events.local", events(1));
  EXPECT_EQ(marked().kills, 1U);
}

TEST_F(OomKillsTest, Version1CountsInItsOwnFile) {
  put("membership", "5:cpu,cpuacct:/a\n4:memory:/a/b\n0::/\n");
  put("memory/a/b/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n");
  const auto mark = marked();
  EXPECT_EQ(mark.kills, 2U);
  put("memory/a/b/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 3\n");
  EXPECT_THAT(kills_.claim(mark).value_or(""), HasSubstr("control group's count"));
}

TEST_F(OomKillsTest, TheMachinesCountIsTheLastResortAndSaysSo) {
  put("membership", "0::/\n");
  put("vmstat", "nr_free_pages 7\noom_kill 40\npgfault 9\n");
  const auto mark = marked();
  put("vmstat", "nr_free_pages 7\noom_kill 41\npgfault 9\n");
  EXPECT_EQ(kills_.claim(mark),
            "the kernel's out-of-memory killer ended it, by all appearances: nobody here sent the "
            "SIGKILL, and the machine's count of such kills rose from 40 to 41 in its time");
}

TEST_F(OomKillsTest, WithoutACounterNothingIsClaimed) {
  EXPECT_FALSE(kills_.mark());
  put("membership", "nonsense\n::\n0::/a\n");
  put("a/memory.events", "oom_kill many\noom_killer 3\n");
  EXPECT_FALSE(kills_.mark());
  put("a/memory.events", events(0));
  const auto mark = marked();
  fs::remove(root_ / "a/memory.events");
  EXPECT_FALSE(kills_.claim(mark));
}

TEST_F(OomKillsTest, ThisMachineHasACounter) { EXPECT_TRUE(OomKills().mark()); }

}  // namespace
}  // namespace phial::detail
