// What jobs of each function have been like, as a guide to how many travel together: how long they
// ran, and how large their results were.
#pragma once

#include <phial/master/clock.h>
#include <phial/master/detail/job.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>

namespace phial::inline v1::detail {

/// Moving averages for each function.
///
/// The average time rises quickly and falls slowly: to take a long job for a short one costs more
/// than the reverse. But a job that takes many times as long as the jobs before it counts only when
/// the next does so too: the scheduler may have held it up.
///
/// The average size of a result moves slowly in both directions, so that one large result among a
/// hundred small ones counts for a hundredth. A result counts for little more than the room of a
/// batch: a larger one ends its batch just the same.
class FunctionHistory {
 public:
  /// The average time; nothing while no job of the function has ended.
  std::optional<Duration> time(FunctionName function) const;
  /// The average size of a result, in words of 8 bytes; 0 while no job of the function has ended.
  std::uint64_t resultWords(FunctionName function) const;
  /// A job of the function has run for so long, and its result needed so many words.
  void note(FunctionName function, Duration run, std::uint64_t resultWords);

 private:
  using Key = std::pair<std::string, std::string>;  // name and signature
  struct Less {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
      return view(a) < view(b);
    }
    static std::pair<std::string_view, std::string_view> view(const Key& key) { return key; }
    static std::pair<std::string_view, std::string_view> view(FunctionName function) {
      return {function.name, function.signature};
    }
  };
  struct Averages {
    Duration time;
    std::int64_t scaledWords;  // kWordScale times the average
    bool surprised = false;    // by the latest job
  };
  using Functions = std::map<Key, Averages, Less>;

  Functions::const_iterator find(FunctionName function) const;

  Functions functions_;
  mutable Functions::const_iterator latest_ = functions_.end();  // jobs of a function come in rows
};

}  // namespace phial::inline v1::detail
