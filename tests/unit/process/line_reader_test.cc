#include "master/process/line_reader.h"

#include <fcntl.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "tests/unit/process/process_fixture.h"

namespace phial {
namespace {

using detail::LineReader;
using Lines = std::vector<std::string>;

class LineReaderTest : public ProcessFixture {
 protected:
  LineReaderTest() {
    int ends[2];
    EXPECT_EQ(pipe2(ends, O_CLOEXEC | O_NONBLOCK), 0);
    EXPECT_GT(fcntl(ends[1], F_SETPIPE_SZ, 1 << 20), 0);
    read_ = kj::AutoCloseFd(ends[0]);
    write_ = kj::AutoCloseFd(ends[1]);
  }
  // kj::AutoCloseFd's may throw, testing::Test's may not.
  ~LineReaderTest() noexcept override {}

  void TearDown() override {
    reader_.reset();
    read_ = nullptr;
    write_ = nullptr;
    ProcessFixture::TearDown();
  }

  void feed(const std::string& text) {
    ASSERT_EQ(write(write_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void startReader() {
    reader_.emplace(
        *reactor_, kj::mv(read_), [this](std::string_view line) { lines_.emplace_back(line); },
        [this] { reactor_->stop(); });
  }
  /// Reads to the end, and counts the lines between two turns of a probe that is always due.
  void readInTurns() {
    write_ = nullptr;
    startReader();
    std::size_t before = 0;
    std::function<void()> probe = [&] {
      mostLinesInATurn_ = std::max(mostLinesInATurn_, lines_.size() - before);
      before = lines_.size();
      reactor_->callLater(Duration::zero(), probe);
    };
    reactor_->callLater(Duration::zero(), probe);
    reactor_->run();
  }
  void readToTheEnd() {
    write_ = nullptr;
    startReader();
    reactor_->run();
    EXPECT_TRUE(reader_->ended());
  }

  kj::AutoCloseFd read_;
  kj::AutoCloseFd write_;
  std::optional<LineReader> reader_;
  Lines lines_;
  std::size_t mostLinesInATurn_ = 0;
};

TEST_F(LineReaderTest, GivesEachLineAndTheLastPartialOne) {
  feed("one\n\ntwo\npartial");
  readToTheEnd();
  EXPECT_EQ(lines_, (Lines{"one", "", "two", "partial"}));
}

TEST_F(LineReaderTest, JoinsALineThatArrivesInPieces) {
  startReader();
  feed("on");
  reactor_->callLater(Duration::zero(), [&] {
    EXPECT_TRUE(lines_.empty());
    feed("e\nt");
    reactor_->callLater(Duration::zero(), [&] {
      feed("wo\n");
      write_ = nullptr;
    });
  });
  reactor_->run();
  EXPECT_EQ(lines_, (Lines{"one", "two"}));
}

TEST_F(LineReaderTest, SplitsLinesThatAreTooLong) {
  const std::size_t max = LineReader::kMaxLineBytes;
  feed(std::string(max, 'a') + "\n" + std::string(2 * max + 5, 'b') + "\nend\n");
  readToTheEnd();
  EXPECT_EQ(lines_, (Lines{std::string(max, 'a'), std::string(max, 'b'), std::string(max, 'b'),
                           "bbbbb", "end"}));
}

TEST_F(LineReaderTest, ATurnOfTheLoopHandlesAShareOfAFlood) {
  constexpr std::size_t kLines = 100'000;
  std::string flood;
  for (std::size_t i = 0; i < kLines; ++i) flood += "i\n";
  feed(flood);
  readInTurns();
  EXPECT_EQ(lines_.size(), kLines);
  // A probe may run after the reader in one turn and before it in the next.
  EXPECT_LE(mostLinesInATurn_, 2 * LineReader::kLinesPerTurn);
}

TEST_F(LineReaderTest, ATurnOfTheLoopReadsAShareOfLongLines) {
  constexpr std::size_t kLines = 100;
  for (std::size_t i = 0; i < kLines; ++i) feed(std::string(8000, 'x') + "\n");
  readInTurns();
  EXPECT_EQ(lines_.size(), kLines);
  EXPECT_LE(mostLinesInATurn_, 2 * (LineReader::kBytesPerTurn / 8000 + 1));
}

TEST_F(LineReaderTest, WhatIsNotReadYetStaysInThePipe) {
  for (int i = 0; i < 100'000; ++i) feed("i\n");
  int held = 0;
  reader_.emplace(*reactor_, kj::AutoCloseFd(::dup(read_)), [&](std::string_view) {
    if (held == 0) {
      ASSERT_EQ(::ioctl(read_, FIONREAD, &held), 0);
    }
    reactor_->stop();
  });
  reactor_->run();
  EXPECT_EQ(held, 200'000 - static_cast<int>(LineReader::kBytesPerTurn));
}

TEST_F(LineReaderTest, FinishTakesAShareAtEachCall) {
  startReader();
  for (int i = 0; i < 10'000; ++i) feed("i\n");
  feed("last words");
  std::size_t before = 0;
  while (reader_->finish()) {
    EXPECT_LE(lines_.size() - before, LineReader::kLinesPerTurn);
    before = lines_.size();
    feed("from a grandchild\n");  // came after the end: of no concern
  }
  ASSERT_EQ(lines_.size(), 10'001U);
  EXPECT_EQ(lines_.back(), "last words");
}

TEST_F(LineReaderTest, FinishTakesWhatIsThereThoughThePipeStaysOpen) {
  startReader();
  feed(std::string(200000, 'x').append("\nlast words"));
  while (reader_->finish()) {
  }
  ASSERT_FALSE(lines_.empty());
  EXPECT_EQ(lines_.back(), "last words");
  std::size_t total = 0;
  for (const auto& line : lines_) total += line.size();
  EXPECT_EQ(total, 200000U + 10);
  EXPECT_TRUE(reader_->ended());
}

TEST_F(LineReaderTest, MayBeDestroyedByItsOwnLine) {
  feed("one\ntwo\n");
  write_ = nullptr;
  reader_.emplace(
      *reactor_, kj::mv(read_),
      [this](std::string_view line) {
        lines_.emplace_back(line);
        reader_.reset();
        reactor_->callLater(Duration::zero(), [this] { reactor_->stop(); });
      },
      [] { FAIL() << "the reader was destroyed"; });
  reactor_->run();
  EXPECT_EQ(lines_, Lines{"one"});
}

TEST_F(LineReaderTest, ReadsAChildsOutput) {
  SpawnOptions options = shell("echo out; printf more");
  options.descriptors[1] = PipeFromChild{};
  Process process = reactor_->spawnProcess(options);
  read_ = process.takePipe(1);
  startReader();
  reactor_->run();
  EXPECT_EQ(lines_, (Lines{"out", "more"}));
  runToExit(process);
}

}  // namespace
}  // namespace phial
