#include "master/cli/fault.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace phial::cli {
namespace {

TEST(FaultTest, EachIsFoundByItsNameAndDescribed) {
  std::set<std::string> names;
  for (const Fault fault : kAllFaults) {
    EXPECT_EQ(parseFault(faultName(fault)), fault);
    EXPECT_STRNE(faultEffect(fault), "");
    names.insert(faultName(fault));
  }
  EXPECT_EQ(names.size(), kAllFaults.size());
}

TEST(FaultTest, WhatIsNoFaultIsNotFound) {
  EXPECT_EQ(parseFault(""), std::nullopt);
  EXPECT_EQ(parseFault("sigkil"), std::nullopt);
  EXPECT_EQ(parseFault("SIGKILL"), std::nullopt);
}

TEST(FaultTest, ListsAllNames) {
  EXPECT_EQ(faultNames(),
            "sigkill,sigsegv,abort,exit,exit-zero,oom,hang,stop,close-pipe,half-frame,garbage,"
            "ignore-term,grandchild,progress-flood,log-flood,alarm,fork-return,fork-exit,fork-exec,"
            "close-fd,surroundings,thread,heed");
}

}  // namespace
}  // namespace phial::cli
