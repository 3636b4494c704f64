#include "expectations.h"

namespace {

Ended calculator(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), CALCULATOR_PROGRAM);
  return runProgram(arguments);
}

TEST(CalculatorTest, ComputesWithValuesFunctionsAndItsOwnPower) {
  const Ended ended = calculator({});
  expectSuccess(ended);
  EXPECT_EQ(ended.out,
            "123 + 45 - 67 = 101\n"
            "a = 6 * 7 = 42\n"
            "f(x, y) = x * 100 + y\n"
            "f(a, 3) / 2 = 2101.5\n"
            "g(x) = f(x, x) + a\n"
            "g(f(1, 2)) = 10344\n"
            "pow(2, 10) = 1024\n");
}

TEST(CalculatorTest, AStatementThatFailsDoesNotEndTheOthers) {
  const Ended ended =
      calculator({"--workers", "2", "1 / 0", "1 +", "f(1)", "b", "x y", "f(x = 3", "2 * (3 + 4)"});
  EXPECT_EQ(ended.status, 1);
  EXPECT_NE(ended.out.find("1 / 0: "), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("division by zero"), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("1 +: expected a number at the end"), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("there is no function \"f\""), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("there is no value \"b\""), std::string::npos) << ended.out;
  EXPECT_NE(ended.out.find("2 * (3 + 4) = 14\n"), std::string::npos) << ended.out;
}

TEST(CalculatorTest, RefusesAnExpressionThatIsTooLong) {
  std::string sum = "1";
  for (int i = 0; i < 200; ++i) sum += " + 1";
  const Ended ended = calculator({sum});
  EXPECT_EQ(ended.status, 1);
  EXPECT_NE(ended.out.find("too long"), std::string::npos) << ended.out;
}

TEST(CalculatorTest, HelpNamesTheOptions) { expectHelp(CALCULATOR_PROGRAM, {"--workers"}); }

TEST(CalculatorTest, RefusesWrongArguments) {
  expectRefusal(calculator({"--workers", "0"}), 2, "--workers");
  expectRefusal(calculator({"--speed", "1"}), 2, "--speed");
}

}  // namespace
