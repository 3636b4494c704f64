// A worker program that knows nothing of the command.
#include <fstream>
#include <iterator>

#include "stress.h"
#include "tests/support/scratch_folder.h"

namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// The worker writes what its function is called with into the file that is its own first argument.
std::vector<std::string> withWorker(std::vector<std::string> arguments, const std::string& file) {
  for (const char* word : {"--json", "--worker", HOOKS_WORKER}) arguments.emplace_back(word);
  arguments.push_back(file);
  return arguments;
}

std::size_t countOf(const std::string& word, const std::string& file) {
  std::ifstream stream(file);
  std::size_t count = 0;
  for (std::string line; std::getline(stream, line);) count += line == word ? 1 : 0;
  return count;
}

TEST(ForeignWorkerTest, IsCalledByNameWithTheArgumentsGiven) {
  const ScratchFolder folder;
  const std::string file = folder.path("notes");
  const Ended ended = stress(withWorker({"--jobs", "50", "--kill-every", "0", "--timeout", "1h",
                                         "--function", "note", "--args", R"(["a note"])"},
                                        file));
  expectProven(ended);
  EXPECT_EQ(numberIn(ended.out, "succeeded"), 50U);
  EXPECT_EQ(countOf("a note", file), 50U);
}

TEST(ForeignWorkerTest, IsKilledAndStoppedFromOutside) {
  const ScratchFolder folder;
  const Ended ended = stress(withWorker(
      {"--duration", "2s", "--kill-every", "20ms", "--faults", "sigkill,stop,sigsegv,abort",
       "--timeout", "200ms", "--workers", "3", "--function", "note", "--args", "[\"x\"]"},
      folder.path("notes")));
  expectProven(ended);
  EXPECT_GT(numberIn(ended.out, "signalsSent"), 0U);
  EXPECT_GT(numberIn(ended.out, "restarts"), 0U);
}

// One line on stderr that says `what`.
void expectRefused(const Ended& ended, int status, const std::string& what) {
  EXPECT_EQ(ended.status, status) << ended.out;
  EXPECT_THAT(linesOf(ended.err), ElementsAre(HasSubstr(what)));
  EXPECT_THAT(ended.orphans, testing::IsEmpty());
}

TEST(ForeignWorkerTest, SaysThatTheFunctionIsNotThere) {
  expectRefused(stress({"--function", "nota", "--worker", HOOKS_WORKER}), 1,
                "the worker has no function 'nota'; it has 'note'");
}

TEST(ForeignWorkerTest, SaysThatTheArgumentsDoNotFit) {
  expectRefused(stress({"--function", "note", "--args", "[7]", "--worker", HOOKS_WORKER}), 1,
                "argument 1 of note");
  expectRefused(stress({"--function", "note", "--worker", HOOKS_WORKER}), 1, "note takes 1");
}

TEST(ForeignWorkerTest, SaysThatTheProgramIsNoWorker) {
  expectRefused(stress({"--function", "f", "--worker", "/bin/true"}), 1,
                "the workers cannot be started");
  expectRefused(stress({"--function", "f", "--worker", "/no/such/program"}), 1,
                "No such file or directory");
}

TEST(ForeignWorkerTest, CannotBeAskedToSabotageItself) {
  for (const char* fault : {"exit", "oom", "hang", "close-pipe", "half-frame", "garbage",
                            "ignore-term", "grandchild"}) {
    expectRefused(stress({"--function", "f", "--faults", fault, "--worker", HOOKS_WORKER}), 2,
                  std::string(fault) + " needs a worker that plays along");
  }
}

}  // namespace
