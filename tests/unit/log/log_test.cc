#include "master/log/log.h"

#include <gmock/gmock.h>
#include <phial/master/log.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "master/log/flood_gate.h"
#include "master/log/pool_log.h"
#include "master/log/record_line.h"

namespace phial {
namespace {

using detail::oneLine;
using detail::recordLine;
using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::SizeIs;

class LogTest : public ::testing::Test {
 protected:
  LogTest() : previous_(setLogSink([this](const LogRecord& r) { keep(r); })) {}
  ~LogTest() override { setLogSink(std::move(previous_)); }

  void keep(const LogRecord& record) {
    records_.push_back(std::string(record.pool) + "/" + std::to_string(record.worker) + " " +
                       levelName(record.level) + " " + std::string(record.text));
  }

  std::vector<std::string> records_;

 private:
  LogFunction previous_;
};

TEST_F(LogTest, TheSinkGetsWhatIsOfNoPool) {
  detail::log({.level = LogLevel::error, .text = "text"});
  EXPECT_THAT(records_, ElementsAre("/0 error text"));
}

TEST_F(LogTest, APoolWithoutAFunctionLogsToTheSinkUnderItsName) {
  const detail::PoolLog log("render", {});
  log.write(LogLevel::warning, 3, "died");
  EXPECT_THAT(records_, ElementsAre("render/3 warning died"));
}

TEST_F(LogTest, APoolsOwnFunctionTakesItsRecords) {
  std::vector<std::string> own;
  const detail::PoolLog log("render", [&](const LogRecord& r) { own.emplace_back(r.text); });
  log.write(LogLevel::info, 1, "line");
  EXPECT_THAT(own, ElementsAre("line"));
  EXPECT_TRUE(records_.empty());
}

TEST_F(LogTest, ReplacingTheSinkGivesTheFormerOneBack) {
  auto mine = setLogSink([](const LogRecord&) {});
  detail::log({.text = "to the other"});
  mine({.text = "to mine"});
  setLogSink(std::move(mine));
  EXPECT_THAT(records_, ElementsAre("/0 info to mine"));
}

TEST_F(LogTest, AFunctionThatLogsDoesNotRecurse) {
  int calls = 0;
  setLogSink([&](const LogRecord&) {
    ++calls;
    detail::log({.level = LogLevel::debug, .text = "from inside"});
  });
  detail::log({.text = "from outside"});
  EXPECT_EQ(calls, 1);
}

TEST_F(LogTest, AFunctionThatThrowsHarmsNobody) {
  int calls = 0;
  setLogSink([&](const LogRecord&) {
    ++calls;
    throw std::runtime_error("disk full");
  });
  detail::log({.level = LogLevel::debug, .text = "one"});
  detail::log({.level = LogLevel::debug, .text = "two"});
  EXPECT_EQ(calls, 2);
}

TEST_F(LogTest, AFloodOfUnhandledErrorsIsCountedAndSaidLater) {
  using detail::FloodGate;
  using detail::Recurring;
  const Failure failure(std::make_exception_ptr(std::runtime_error("no")), "");
  // More than pass in any one period that these calls may fall into.
  for (int i = 0; i < 100'000; ++i) detail::logRecurring(Recurring::callbackError, "x", failure);
  EXPECT_LT(records_.size(), 100'000U);
  EXPECT_THAT(records_.front(), EndsWith("error x: std::runtime_error: no"));
}

TEST(OneLineTest, JoinsLinesAndDropsEmptyOnes) {
  EXPECT_EQ(oneLine("a\n  b\r\n\n\tc\n"), "a | b | c");
  EXPECT_EQ(oneLine("one"), "one");
  EXPECT_EQ(oneLine("\n"), "");
  EXPECT_EQ(oneLine("  kept"), "  kept");
}

TEST(RecordLineTest, NamesTimeLevelPoolAndWorker) {
  const std::chrono::system_clock::time_point time{std::chrono::milliseconds(1'764'175'811'042)};
  EXPECT_EQ(recordLine({LogLevel::warning, "render", 3, "died"}, time),
            "2025-11-26 16:50:11.042 warning [pool render, worker 3] died\n");
  EXPECT_EQ(recordLine({LogLevel::error, "", 0, "text"}, time),
            "2025-11-26 16:50:11.042 error [phial] text\n");
}

TEST(RecordLineTest, EscapesWhatCouldForgeALineOrSteerATerminal) {
  const auto line = recordLine({LogLevel::info, "p\n", 1, "\x1b[2J\r\n\tcaf\xc3\xa9\x7f"}, {});
  EXPECT_THAT(line, EndsWith("[pool p\\x0a, worker 1] \\x1b[2J\\x0d\\x0a\tcaf\xc3\xa9\\x7f\n"));
}

}  // namespace
}  // namespace phial
