// The thread that writes a trace, and the line of texts that wait for it.
//
// The loop hands over texts and never waits: when too much waits already, it is told so. The
// thread shares what it works on, so that a disk that has stopped answering holds up neither the
// loop nor the end of the program.
//
// Thread rule: that of the reactor, except for what is private to the thread.
#pragma once

#include <phial/master/reactor.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace phial::inline v1::detail {

class TraceWriter {
 public:
  struct Text {
    std::string header;  // not empty: begins a new file
    std::string events;
    std::uint64_t jobs = 0;  // that the events are about
  };

  /// Called on the loop. `lost` gives the number of jobs that could not be written; `failed` what
  /// was wrong, the first time of each row of failures.
  struct Reports {
    std::function<void(std::uint64_t jobs)> lost;
    std::function<void(const std::string& text)> failed;
    std::function<void(std::uint64_t mark)> reached;
  };

  /// `reactor` is borrowed. Starts the thread.
  TraceWriter(Reactor& reactor, std::string path, std::size_t maxFiles, Reports reports);
  /// Waits at most a second for what is left. A failure is reported still, and nothing after.
  ~TraceWriter();
  TraceWriter(const TraceWriter&) = delete;
  TraceWriter& operator=(const TraceWriter&) = delete;

  /// False: too much waits, and the text is dropped.
  bool write(Text text);
  /// Reports this mark when all texts before have been written or given up.
  void mark(std::uint64_t number);

 private:
  struct Shared;
  static void run(const std::shared_ptr<Shared>& shared);

  const std::shared_ptr<Shared> shared_;
  std::thread thread_;
};

}  // namespace phial::inline v1::detail
