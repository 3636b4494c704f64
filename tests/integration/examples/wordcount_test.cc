#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <random>
#include <sstream>

#include "expectations.h"
#include "tests/support/scratch_folder.h"

namespace {

using Words = std::vector<std::pair<std::string, std::uint64_t>>;

// What the program printed: each "count  word" line, and the totals below them.
struct Report {
  explicit Report(const Ended& ended) {
    auto lines = linesOf(ended.out);
    if (lines.empty()) return;
    totals = lines.back();
    lines.pop_back();
    for (const auto& line : lines) {
      std::istringstream stream(line);
      std::uint64_t count = 0;
      std::string word;
      stream >> count >> word;
      words.emplace_back(word, count);
    }
  }

  Words words;
  std::string totals;
};

// The order in which the program prints them.
Words ranked(const std::map<std::string, std::uint64_t>& counts) {
  Words words(counts.begin(), counts.end());
  std::sort(words.begin(), words.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  return words;
}

class WordcountTest : public testing::Test {
 protected:
  Ended count(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), WORDCOUNT_PROGRAM);
    return runProgram(arguments);
  }

  ScratchFolder folder_;
};

TEST_F(WordcountTest, AddsUpTheWordsOfAllFiles) {
  const auto one = folder_.write("one.txt", "The cat sat. The cat ran!\n");
  const auto two = folder_.write("two.txt", "the DOG, na\xc3\xafve as 1 cat");
  const Ended ended = count({one, two});
  expectSuccess(ended);
  const Report report(ended);
  const Words expected = {{"cat", 3}, {"the", 3},          {"1", 1},   {"as", 1},
                          {"dog", 1}, {"na\xc3\xafve", 1}, {"ran", 1}, {"sat", 1}};
  EXPECT_EQ(report.words, expected);
  EXPECT_EQ(report.totals, "12 words, 8 different, in 2 of 2 files");
}

TEST_F(WordcountTest, PrintsTheMostFrequentWordsOnly) {
  const auto file = folder_.write("f.txt", "c c c b b a a d");
  EXPECT_EQ(Report(count({"--top", "2", file})).words, (Words{{"c", 3}, {"a", 2}}));
  std::string many;
  for (char c = 'a'; c <= 'z'; ++c) many += std::string(1, c) + " ";
  EXPECT_EQ(Report(count({folder_.write("many.txt", many)})).words.size(), 20U);
}

// Words of all lengths lie across the borders of the chunks, in several files at once.
TEST_F(WordcountTest, CountsEveryWordOnceWhereAFileIsCut) {
  constexpr std::size_t kFileBytes = 3'300'000;
  std::mt19937 random(1);
  std::map<std::string, std::uint64_t> counts;
  std::uint64_t total = 0;
  std::vector<std::string> arguments = {"--top", "1000000", "--workers", "2"};
  for (const std::string name : {"a.txt", "b.txt"}) {
    std::string text;
    while (text.size() < kFileBytes) {
      std::string word = "w" + std::to_string(random() % 5000);
      word.resize(word.size() + random() % 8, 'x');
      ++counts[word];
      ++total;
      text += word + (random() % 7 == 0 ? ".\n" : " ");
    }
    arguments.push_back(folder_.write(name, text));
  }
  const Ended ended = count(arguments);
  expectSuccess(ended);
  const Report report(ended);
  EXPECT_TRUE(report.words == ranked(counts)) << report.totals;
  EXPECT_EQ(report.totals, std::to_string(total) + " words, " + std::to_string(counts.size()) +
                               " different, in 2 of 2 files");
}

TEST_F(WordcountTest, CountsAWordThatEndsOrBeginsAtACutOnce) {
  constexpr std::size_t kChunkBytes = 1 << 20;
  std::string text(3 * kChunkBytes, ' ');
  text.replace(kChunkBytes - 4, 4, "left");     // ends with its chunk
  text.replace(2 * kChunkBytes, 5, "right");    // begins with its chunk
  text.replace(3 * kChunkBytes - 3, 3, "end");  // ends with the file
  const Report report(count({folder_.write("cut.txt", text)}));
  EXPECT_EQ(report.words, (Words{{"end", 1}, {"left", 1}, {"right", 1}}));
}

TEST_F(WordcountTest, CountsAWordThatIsLongerThanAChunkOnce) {
  const std::string giant(2'500'000, 'g');
  const Ended ended = count({folder_.write("giant.txt", "a " + giant + " b")});
  expectSuccess(ended);
  EXPECT_EQ(Report(ended).words, (Words{{"a", 1}, {"b", 1}, {giant, 1}}));
}

TEST_F(WordcountTest, FindsNothingInAnEmptyFile) {
  const Ended ended = count({folder_.write("empty.txt", "")});
  expectSuccess(ended);
  EXPECT_EQ(ended.out, "0 words, 0 different, in 1 of 1 files\n");
}

TEST_F(WordcountTest, CountsTheOtherFilesWhenOneIsMissing) {
  const auto there = folder_.write("there.txt", "one two two");
  const auto missing = folder_.path("missing.txt");
  const Ended ended = count({missing, there});
  expectRefusal(ended, 1, missing + ": No such file or directory");
  EXPECT_EQ(Report(ended).words, (Words{{"two", 2}, {"one", 1}}));
  EXPECT_EQ(Report(ended).totals, "3 words, 2 different, in 1 of 2 files");
}

TEST_F(WordcountTest, NamesWhatIsNoFile) {
  expectRefusal(count({folder_.path()}), 1, "Is a directory");
  const auto fifo = folder_.path("fifo");
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  expectRefusal(count({fifo}), 1, fifo);
}

TEST_F(WordcountTest, HelpNamesTheOptions) {
  expectHelp(WORDCOUNT_PROGRAM, {"FILES", "--top", "--workers"});
}

TEST_F(WordcountTest, RefusesWrongArguments) {
  const auto file = folder_.write("f.txt", "one");
  expectRefusal(count({}), 2, "FILES");
  expectRefusal(count({"--top", "0", file}), 2, "--top");
  expectRefusal(count({"--top", "few", file}), 2, "--top");
  expectRefusal(count({"--top", "-1", file}), 2, "--top");
  expectRefusal(count({"--workers", "0", file}), 2, "--workers");
  expectRefusal(count({"--workers", "257", file}), 2, "--workers");
  expectRefusal(count({"--colour", file}), 2, "--colour");
}

}  // namespace
