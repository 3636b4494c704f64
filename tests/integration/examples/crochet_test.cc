#include "expectations.h"
#include "tests/support/scratch_folder.h"

namespace {

using testing::ElementsAre;
using testing::MatchesRegex;

class CrochetTest : public testing::Test {
 protected:
  Ended trade(const std::string& commands, std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.begin(), CROCHET_PROGRAM);
    return runProgram(arguments, folder_.write("commands", commands));
  }

 private:
  ScratchFolder folder_;
};

TEST_F(CrochetTest, AnswersWhileTheRatesAreComputed) {
  const Ended ended = trade("rate EUR\n\nrate CHF\nquit\nrate GBP\n", {"--refresh", "1"});
  expectSuccess(ended);
  EXPECT_THAT(linesOf(ended.out),
              ElementsAre(MatchesRegex("a dollar costs 0\\.92.. EUR \\(round [0-9]+\\)"),
                          MatchesRegex("a dollar costs 0\\.88.. CHF \\(round [0-9]+\\)")));
}

TEST_F(CrochetTest, CollectsALongComputationLater) {
  const Ended ended =
      trade("forecast EUR\nforecast GBP\nrate EUR\ncollect 2\ncollect 1\n", {"--workers", "2"});
  expectSuccess(ended);
  EXPECT_THAT(linesOf(ended.out),
              ElementsAre("forecast 1", "forecast 2", MatchesRegex("a dollar costs .*"),
                          MatchesRegex("a dollar will cost 0\\.7[89]..?"),
                          MatchesRegex("a dollar will cost 0\\.9[12]..?")));
}

TEST_F(CrochetTest, SaysWhatACommandLacks) {
  const Ended ended = trade("rate XYZ\nforecast\ncollect 7\ncollect it\nbuy EUR\n");
  expectSuccess(ended);
  EXPECT_THAT(linesOf(ended.out), ElementsAre("rate: no currency 'XYZ'", "forecast: no currency ''",
                                              "collect: no forecast '7'",
                                              "collect: no forecast 'it'", "buy: no such command"));
}

TEST_F(CrochetTest, EndsWithItsInputWhateverIsUnderWay) {
  const Ended ended = trade("forecast EUR");
  expectSuccess(ended);
  EXPECT_EQ(ended.out, "forecast 1\n");
}

TEST_F(CrochetTest, HelpNamesTheOptions) {
  expectHelp(CROCHET_PROGRAM, {"--refresh", "--workers", "forecast"});
}

TEST_F(CrochetTest, RefusesWrongArguments) {
  expectRefusal(trade("", {"--refresh", "0"}), 2, "--refresh");
  expectRefusal(trade("", {"--workers", "none"}), 2, "--workers");
  expectRefusal(trade("", {"EUR"}), 2, "EUR");
}

}  // namespace
