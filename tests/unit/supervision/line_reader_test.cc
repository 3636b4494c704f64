#include "master/supervision/line_reader.h"

#include <fcntl.h>

#include <optional>
#include <string>
#include <vector>

#include "tests/unit/supervision/process_fixture.h"

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

TEST_F(LineReaderTest, AFloodLeavesTurnsForOtherEvents) {
  constexpr std::size_t kLines = 4000;  // of 100 bytes: several turns' worth
  for (std::size_t i = 0; i < kLines; ++i) feed(std::string(99, 'x') + "\n");
  write_ = nullptr;
  std::size_t readAtFirstTimer = 0;
  reader_.emplace(
      *reactor_, kj::mv(read_),
      [&](std::string_view line) {
        if (lines_.empty()) {
          reactor_->callLater(Duration::zero(), [&] { readAtFirstTimer = lines_.size(); });
        }
        lines_.emplace_back(line);
      },
      [this] { reactor_->stop(); });
  reactor_->run();
  EXPECT_EQ(lines_.size(), kLines);
  EXPECT_GT(readAtFirstTimer, 0U);
  // A turn's share is 655 lines; the timer may come after the second.
  EXPECT_LE(readAtFirstTimer, 2 * LineReader::kBytesPerTurn / 100 + 1);
}

TEST_F(LineReaderTest, FinishTakesWhatIsThereThoughThePipeStaysOpen) {
  startReader();
  feed(std::string(200000, 'x').append("\nlast words"));
  reader_->finish();
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
