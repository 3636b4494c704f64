// How long jobs of each function have run, as a guide to how they travel.
#pragma once

#include <phial/master/clock.h>
#include <phial/master/detail/job.h>

#include <map>
#include <optional>
#include <string>
#include <utility>

namespace phial::inline v1::detail {

/// A moving average for each function. It rises quickly and falls slowly: to take a long job for a
/// short one costs more than the reverse. But one that takes many times as long as those before it
/// counts only when the next does so too: the scheduler may have held it up.
class FunctionTimes {
 public:
  /// The average; nothing while no job of the function has ended.
  std::optional<Duration> of(FunctionName function) const;
  /// A job of the function has run for so long.
  void note(FunctionName function, Duration run);

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
  struct Average {
    Duration time;
    bool surprised = false;  // by the latest job
  };
  using Times = std::map<Key, Average, Less>;

  Times::const_iterator find(FunctionName function) const;

  Times times_;
  mutable Times::const_iterator latest_ = times_.end();  // jobs of one function come in rows
};

}  // namespace phial::inline v1::detail
