#include "master/log/log_writer.h"

#include <phial/protocol/fork_mark.h>
#include <phial/protocol/scheduling.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <limits>
#include <memory>
#include <utility>

#include "master/log/standard_error.h"
#include "protocol/memory/quiet_thread.h"

namespace phial::inline v1::detail {
namespace {

// Whole lines of at most PIPE_BUF, so that they do not mix with those of other writers of a pipe. A
// longer line is written in parts.
std::size_t nextWrite(std::string_view text) {
  if (text.size() <= PIPE_BUF) return text.size();
  const auto end = text.rfind('\n', PIPE_BUF - 1);
  return end == std::string_view::npos ? PIPE_BUF : end + 1;
}

std::uint64_t linesIn(std::string_view text) {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

struct LogWriter::State {
  // Lines come in floods. To wake a sleeping thread takes longer than to make a line, so the thread
  // is woken by the first and then gathers what comes: for so long, or until there is so much.
  static constexpr std::chrono::milliseconds kGathers{1};
  static constexpr std::size_t kGatheredBytes = std::size_t{64} << 10;
  static constexpr std::size_t kAwake = std::numeric_limits<std::size_t>::max();

  explicit State(std::function<int()> where) : descriptor(std::move(where)) {}

  void run();
  void writeAll(std::string_view text);
  bool tryAgain(int fd, int error);

  const std::function<int()> descriptor;
  std::mutex mutex;
  std::condition_variable wake;     // for the thread
  std::condition_variable changed;  // for finish()
  std::string queue;
  std::size_t wakesAt = kAwake;  // how much in the queue wakes the thread
  std::uint64_t dropped = 0;
  std::uint64_t writes = 0;  // tells a slow reader from one that takes nothing
  bool stopping = false;
  bool ended = false;
  std::atomic<bool> givenUp{false};
};

// The thread.
void LogWriter::State::run() {
  askForLongTimeSlices();
  std::unique_lock lock(mutex);
  for (;;) {
    wakesAt = 1;
    wake.wait(lock, [this] { return stopping || !queue.empty() || dropped > 0; });
    wakesAt = kGatheredBytes;
    wake.wait_for(lock, kGathers, [this] { return stopping || queue.size() >= kGatheredBytes; });
    wakesAt = kAwake;
    if (queue.empty() && dropped == 0) break;
    const std::string text = std::exchange(queue, {});
    const std::uint64_t lost = std::exchange(dropped, 0);
    lock.unlock();
    writeAll(text);
    if (lost > 0) {
      writeAll("phial: " + std::to_string(lost) +
               " lines of the log were dropped: stderr is not read fast enough\n");
    }
    lock.lock();
    if (givenUp) break;
  }
  ended = true;
  changed.notify_all();
}

void LogWriter::State::writeAll(std::string_view text) {
  while (!text.empty() && !givenUp) {
    const int fd = descriptor();
    if (fd < 0) return;
    const std::size_t size = nextWrite(text);
    const ssize_t n = ::write(fd, text.data(), size);
    if (n < 0 && tryAgain(fd, errno)) continue;
    const std::size_t done = n < 0 ? size : static_cast<std::size_t>(n);
    std::lock_guard lock(mutex);
    if (n < 0) dropped += linesIn(text.substr(0, size));  // its reader is gone, or the disk is full
    text.remove_prefix(done);
    ++writes;
    changed.notify_all();
  }
}

bool LogWriter::State::tryAgain(int fd, int error) {
  if (error == EINTR) return true;
  if (error != EAGAIN) return false;
  // Somebody has made it non-blocking. It may be closed meanwhile: look again now and then.
  pollfd wait{fd, POLLOUT, 0};
  ::poll(&wait, 1, static_cast<int>(kPatience.count()));
  return true;
}

LogWriter::LogWriter(std::function<int()> descriptor)
    : state_(std::make_shared<State>(std::move(descriptor))) {}

// REQUIRES: the mutex is held.
bool LogWriter::startThread() {
  if (!thread_) thread_ = startQuietThread([state = state_] { state->run(); });
  return thread_.has_value();
}

void LogWriter::add(std::string_view line) noexcept {
  std::lock_guard lock(state_->mutex);
  try {
    if (state_->stopping || state_->queue.size() + line.size() > kMostQueuedBytes) {
      ++state_->dropped;
    } else {
      state_->queue += line;
    }
    // Where the system has no thread to give now, the queue waits for the next line.
    if (!state_->stopping) startThread();
  } catch (const std::bad_alloc&) {
    ++state_->dropped;
  }
  if (state_->queue.size() >= state_->wakesAt) state_->wake.notify_one();
}

void LogWriter::finish() noexcept {
  std::unique_lock lock(state_->mutex);
  if (state_->stopping) return;
  state_->stopping = true;
  if (!thread_ && (state_->queue.empty() || !startThread())) return;
  state_->wake.notify_one();
  for (std::uint64_t seen = state_->writes; !state_->ended; seen = state_->writes) {
    const auto moved = [&] { return state_->ended || state_->writes != seen; };
    if (!state_->changed.wait_for(lock, kPatience, moved)) break;
  }
  state_->givenUp = !state_->ended;
  lock.unlock();
  if (state_->givenUp) return thread_->detach();
  thread_->join();
  thread_.reset();
}

namespace {

struct StderrWriter {
  explicit StderrWriter(const StderrWriter* ofParent) : parents(ofParent) {}

  const ForkMark mark;
  LogWriter writer{standardError};
  const StderrWriter* const
      parents;  // keeps the memory of a forked child's parent in use, not leaked
};

std::atomic<StderrWriter*> current{nullptr};

}  // namespace

LogWriter& LogWriter::stderrWriter() {
  StderrWriter* found = current.load(std::memory_order_acquire);
  while (found == nullptr || found->mark.inherited()) {
    auto made = std::make_unique<StderrWriter>(found);
    if (current.compare_exchange_strong(found, made.get(), std::memory_order_acq_rel)) {
      return made.release()->writer;
    }
  }
  return found->writer;
}

void LogWriter::finishStderr() noexcept {
  StderrWriter* const found = current.load(std::memory_order_acquire);
  if (found != nullptr && !found->mark.inherited()) found->writer.finish();
}

}  // namespace phial::inline v1::detail
