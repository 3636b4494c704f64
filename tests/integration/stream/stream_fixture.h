// What the stream tests share: a pool, and the ways to read a stream.
#pragma once

#include <fstream>
#include <string>
#include <vector>

#include "stream_jobs.h"
#include "tests/integration/pool/pool_fixture.h"

namespace phial {

class StreamTest : public PoolTest {
 protected:
  /// Reads the stream to its end. A failure is thrown.
  template <class T>
  std::vector<T> all(Stream<T>& stream) {
    std::vector<T> items;
    while (auto item = valueOf(stream.next())) items.push_back(*std::move(item));
    return items;
  }

  /// Reads items until the stream ends or fails, by a coroutine.
  template <class T>
  struct Read {
    std::vector<T> items;
    std::optional<Failure> failure;
  };
  template <class T>
  Read<T> readAll(Stream<T>& stream) {
    Read<T> read;
    valueOf(readInto(stream, read));
    return read;
  }

  /// The state of a process, as /proc names it: 'S' sleeps.
  static char stateOf(pid_t process) {
    std::ifstream stat("/proc/" + std::to_string(process) + "/stat");
    std::string field;
    for (int i = 0; i < 3; ++i) stat >> field;
    return field.empty() ? '?' : field[0];
  }
  /// Runs the loop until the only worker sleeps. It must have begun to emit.
  void awaitSleep() {
    const pid_t worker = pool_->workers().front().pid;
    runUntil([&] { return stateOf(worker) == 'S'; });
  }
  std::string contentOf(const std::string& path) {
    std::string content;
    runUntil([&] {
      std::ifstream file(path);
      content.assign(std::istreambuf_iterator<char>(file), {});
      return content.ends_with('\n');
    });
    return content;
  }

 private:
  template <class T>
  static Deferred<void> readInto(Stream<T>& stream, Read<T>& read) {
    for (;;) {
      auto item = co_await stream.next().outcome();
      if (!item.ok()) {
        read.failure = item.failure();
        co_return;
      }
      if (!item.value()) co_return;
      read.items.push_back(*std::move(item).value());
    }
  }
};

}  // namespace phial
