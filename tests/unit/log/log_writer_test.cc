#include "master/log/log_writer.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <regex>
#include <string>
#include <thread>
#include <utility>

namespace phial::detail {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class LogWriterTest : public ::testing::Test {
 protected:
  LogWriterTest() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    read_ = ends[0];
    write_ = ends[1];
  }
  ~LogWriterTest() override {
    closeReader();
    ::close(write_);
  }

  void closeReader() {
    if (read_ >= 0) ::close(read_);
    read_ = -1;
  }
  /// Waits until the thread has filled the pipe: it stands in its write.
  // Not by its bytes: a write that does not fit behind the last begins a new page.
  void awaitFullPipe() const {
    pollfd room{write_, POLLOUT, 0};
    while (::poll(&room, 1, 0) > 0) std::this_thread::yield();
  }
  /// Lines of so many 'x' in `text`, and those that it says were dropped.
  static std::pair<long, long> writtenAndDropped(const std::string& text, long width) {
    static const std::regex notice("phial: ([0-9]+) lines");
    long dropped = 0;
    for (std::sregex_iterator it(text.begin(), text.end(), notice), end; it != end; ++it) {
      dropped += std::stol((*it)[1]);
    }
    return {std::count(text.begin(), text.end(), 'x') / width, dropped};
  }
  /// Reads until `end` has been read.
  std::string readTo(const std::string& end) const {
    std::string text;
    std::array<char, 4096> buffer;
    while (text.find(end) == std::string::npos) {
      const auto n = ::read(read_, buffer.data(), buffer.size());
      if (n <= 0) break;
      text.append(buffer.data(), static_cast<std::size_t>(n));
    }
    return text;
  }

  /// With its end; "" at the end of the pipe.
  std::string readLine() {
    while (unread_.find('\n') == std::string::npos) {
      std::array<char, 4096> buffer;
      const auto n = ::read(read_, buffer.data(), buffer.size());
      if (n <= 0) break;
      unread_.append(buffer.data(), static_cast<std::size_t>(n));
    }
    const auto size = unread_.find('\n') + 1;  // 0 where there is none
    std::string line = unread_.substr(0, size);
    unread_.erase(0, size);
    return line;
  }

  int read_ = -1;
  int write_ = -1;
  std::string unread_;
};

TEST_F(LogWriterTest, WritesLinesInTheirOrder) {
  LogWriter writer([this] { return write_; });
  writer.add("one\n");
  writer.add("two\n");
  EXPECT_EQ(readTo("two\n"), "one\ntwo\n");
}

TEST_F(LogWriterTest, NobodyWaitsForAReaderThatDoesNotRead) {
  LogWriter writer([this] { return write_; });
  const std::string line(999, 'x');
  // Each of these calls returns, though the pipe is full for all of the time: what does not fit
  // into pipe, writer and queue is dropped and counted.
  constexpr int kLines = 10'000;
  for (int i = 0; i < kLines; ++i) writer.add(line + "\n");
  awaitFullPipe();
  writer.add(line + "\n");
  // The thread may have made room in between, once or more: each gap has its own notice.
  long written = 0;
  long dropped = 0;
  while (written + dropped < kLines + 1) {
    const std::string text = readLine();
    if (text.empty()) break;
    const auto [xs, lost] = writtenAndDropped(text, 999);
    written += xs;
    dropped += lost;
  }
  EXPECT_EQ(written + dropped, kLines + 1);
  EXPECT_GT(written, 1000);
  EXPECT_GT(dropped, 0);
}

TEST_F(LogWriterTest, TheEndWritesWhatIsQueuedIfSomebodyReads) {
  LogWriter writer([this] { return write_; });
  std::string text;
  std::thread reader([&] { text = readTo("last\n"); });
  for (int i = 0; i < 1000; ++i) writer.add(std::string(500, 'y') + "\n");
  writer.add("last\n");
  writer.finish();
  reader.join();
  EXPECT_EQ(std::count(text.begin(), text.end(), 'y'), 500'000);
  EXPECT_THAT(text, EndsWith("last\n"));
}

TEST_F(LogWriterTest, TheEndDoesNotWaitForAReaderThatTakesNothing) {
  LogWriter writer([fd = write_] { return fd; });
  for (int i = 0; i < 1000; ++i) writer.add(std::string(500, 'y') + "\n");
  awaitFullPipe();
  writer.finish();  // returns
  closeReader();    // releases the thread that was left behind
  write_ = -1;      // which nobody can wait for, so that its descriptor stays open
}

TEST_F(LogWriterTest, AReaderThatHasGoneIsNoSignalAndNoEnd) {
  std::array<int, 2> later{};
  ASSERT_EQ(::pipe2(later.data(), O_CLOEXEC), 0);
  closeReader();
  std::atomic<int> target{write_};
  std::atomic<int> asked{0};
  LogWriter writer([&] {
    ++asked;
    return target.load();
  });
  writer.add("lost\n");  // SIGPIPE would end this program
  while (asked == 0) std::this_thread::yield();
  target = later[1];
  writer.add("found\n");
  read_ = later[0];
  // The thread may look for what was dropped before the second line is there, or after.
  const std::string lines = readLine() + readLine();
  EXPECT_THAT(lines, HasSubstr("found\n"));
  EXPECT_THAT(lines, HasSubstr("phial: 1 lines of the log were dropped"));
  writer.finish();
  ::close(later[1]);
}

TEST_F(LogWriterTest, WithoutADescriptorLinesAreDroppedInSilence) {
  std::atomic<int> target{-1};
  std::atomic<int> asked{0};
  LogWriter writer([&] {
    ++asked;
    return target.load();
  });
  writer.add("nowhere\n");
  while (asked == 0) std::this_thread::yield();
  target = write_;
  writer.add("somewhere\n");
  EXPECT_THAT(readTo("somewhere\n"), StartsWith("somewhere"));
}

TEST_F(LogWriterTest, ANonBlockingDescriptorLosesNothing) {
  ASSERT_EQ(::fcntl(write_, F_SETFL, O_NONBLOCK), 0);
  LogWriter writer([this] { return write_; });
  for (int i = 0; i < 1000; ++i) writer.add(std::string(500, 'y') + "\n");
  writer.add("last\n");
  const std::string text = readTo("last\n");
  EXPECT_EQ(std::count(text.begin(), text.end(), 'y'), 500'000);
}

TEST_F(LogWriterTest, AForkedChildWritesItsOwnLinesOnly) {
#ifdef PHIAL_THREAD_SANITIZER
  GTEST_SKIP() << "ThreadSanitizer knows no thread of a forked child";
#endif
  LogWriter::stderrWriter().add("");
  const LogWriter* const parents = &LogWriter::stderrWriter();
  const pid_t child = ::fork();
  if (child == 0) {
    // Neither the parent's lines, nor its lock, nor its thread are the child's.
    ::dup2(write_, STDERR_FILENO);
    LogWriter& own = LogWriter::stderrWriter();
    own.add("the child's\n");
    LogWriter::finishStderr();
    ::_exit(&own == parents ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_EQ(readTo("\n"), "the child's\n");
}

}  // namespace
}  // namespace phial::detail
