#include "master/pool/restart_policy.h"

#include <phial/protocol/saturating_time.h>

#include <algorithm>

#include "master/process/option_check.h"

namespace phial::inline v1::detail {
namespace {

constexpr Duration kPauseAfterGivingUp = std::chrono::seconds(1);
// With fewer answers than this between two crashes a pool does more starting than work.
constexpr unsigned kAnswersPerCrash = 4;
constexpr unsigned kKilledPerFailedStart = 4;
constexpr Duration kLongestShortagePause = std::chrono::milliseconds(100);

RestartOptions checked(const RestartOptions& options) {
  const OptionCheck check("RestartOptions");
  check.aboveZero("firstPause", options.firstPause);
  check.aboveZero("longestPause", options.longestPause);
  if (options.longestPause < options.firstPause) {
    check.reject("longestPause", "is " + OptionCheck::shown(options.longestPause) +
                                     ", shorter than firstPause, " +
                                     OptionCheck::shown(options.firstPause));
  }
  check.notNegative("longestCrashPause", options.longestCrashPause);
  check.aboveZero("healthySpell", options.healthySpell);
  check.count("failedStarts", options.failedStarts);
  if (options.failedStarts == 0) {
    check.reject("failedStarts", "is 0: nothing would ever be started");
  }
  return options;
}

}  // namespace

RestartPolicy::RestartPolicy(const RestartOptions& options, std::uint64_t seed)
    : options_(checked(options)), random_(seed) {}

void RestartPolicy::Row::add(std::uint64_t worker, std::uint64_t newestWorker) {
  if (worker <= newest) return;  // of a round that was counted already
  ++rounds;
  newest = newestWorker;
}

void RestartPolicy::failed(Failure how, std::uint64_t worker, TimePoint now) {
  newest_ = std::max(newest_, worker);
  switch (how) {
    case Failure::notReady:
    case Failure::notExecuted:
      ++unready_;
      if (how == Failure::notExecuted) unready_ = std::max(unready_, options_.failedStarts);
      lastUnready_ = std::max(lastUnready_, worker);
      break;
    case Failure::killedAtStart:
      ++killedAtStart_;
      lastUnready_ = std::max(lastUnready_, worker);
      break;
    case Failure::beforeAnyJob:
      endAfterHealthySpell(unproven_, now);
      break;
    case Failure::atWork:
      endAfterHealthySpell(crashes_, now);
      break;
  }
  const bool atWork = how == Failure::atWork || how == Failure::killedAtStart;
  if (how == Failure::atWork) answersSinceCrash_ = 0;
  if (!atWork) lastUnproven_ = std::max(lastUnproven_, worker);
  Row& row = atWork ? crashes_ : unproven_;
  row.add(worker, newest_);
  pause(row, atWork ? options_.longestCrashPause : options_.longestPause, now);
}

// From the end of the last pause, not from the last death: a pause is no sign of health.
void RestartPolicy::endAfterHealthySpell(Row& row, TimePoint now) const {
  if (saturatingSubtract(now, row.end) >= options_.healthySpell) row.rounds = 0;
}

void RestartPolicy::pause(Row& row, Duration longest, TimePoint now) {
  row.end = std::max(row.end, now);
  // One round may be bad luck: what replaces it starts at once.
  Duration pause = row.rounds < 2 ? Duration::zero() : options_.firstPause;
  for (unsigned round = 2; round < row.rounds && pause < longest; ++round) {
    pause = saturatingMultiply(pause, 2);
  }
  pause = std::min(pause, longest);
  if (givenUp()) pause = std::max(pause, std::min(kPauseAfterGivingUp, options_.longestPause));
  if (pause <= Duration::zero()) return;
  // Full jitter would allow no pause at all; half of it is kept.
  std::uniform_int_distribution<std::int64_t> jitter(pause.count() / 2, pause.count());
  // Those that died in one round share its pause.
  row.end = std::max(row.end, saturatingAdd(now, Duration(jitter(random_))));
  nextStart_ = std::max(nextStart_, row.end);
}

void RestartPolicy::ready(std::uint64_t worker) {
  if (worker <= lastUnready_) return;  // says nothing of those that were started later
  unready_ = 0;
  killedAtStart_ = 0;
}

void RestartPolicy::answered(std::uint64_t worker) {
  if (worker > lastUnproven_) unproven_.rounds = 0;
  if (++answersSinceCrash_ >= kAnswersPerCrash) crashes_.rounds = 0;
}

void RestartPolicy::shortage(TimePoint now) {
  Duration pause = std::min(options_.firstPause, kLongestShortagePause);
  for (unsigned i = 0; i < shortages_ && pause < kLongestShortagePause; ++i) pause *= 2;
  ++shortages_;
  nextStart_ = std::max(nextStart_, now + std::min(pause, kLongestShortagePause));
}

bool RestartPolicy::givenUp() const {
  return unready_ + killedAtStart_ / kKilledPerFailedStart >= options_.failedStarts;
}

}  // namespace phial::inline v1::detail
