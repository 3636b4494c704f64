// Results of Deferreds for a test to look at. After twisted.trial's successResultOf,
// failureResultOf and assertNoResult.
//
//     auto made = phial::newDeferred<int>();
//     phial::testing::assertNoResult(made.deferred);
//     made.resolver.callback(7);
//     EXPECT_EQ(phial::testing::successResultOf(std::move(made.deferred)), 7);
//
// Bound to no test framework: a wrong state is thrown as a std::logic_error whose text says what
// was found, and each framework reports it. No function waits: drive the loop or the ManualClock
// first.
//
// Thread rule: the loop's thread.
#pragma once

#include <phial/master/deferred.h>

#include <stdexcept>
#include <string>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1::testing {

/// A Deferred has another result than the test expects.
class WrongResult : public std::logic_error {
 public:
  using std::logic_error::logic_error;
};

/// A Deferred has no result yet, though the test expects one.
class NoResult : public WrongResult {
 public:
  using WrongResult::WrongResult;
};

}  // namespace phial::inline v1::testing

namespace phial::inline v1::detail {

/// "a failure: " and the whole story (Failure::describe).
std::string foundFailure(const Failure& failure);

template <class T>
Outcome<T> settledResult(Deferred<T>&& deferred, const char* expected) {
  if (!Access::idle(deferred)) {
    throw testing::NoResult(
        std::string("expected ") + expected + ", found no result: the Deferred " +
        (deferred.called() ? "has been fired, and waits for a Deferred that a callback "
                             "has returned"
                           : "has not been fired"));
  }
  return take<T>(*Access::unwrap(deferred)->takeResult());
}

}  // namespace phial::inline v1::detail

namespace phial::inline v1::testing {

/// Returns the value of `deferred`, and consumes it. Throws NoResult when it has no result yet; the
/// Deferred is then untouched. Throws WrongResult, with the failure's description, when it has
/// failed; the failure then counts as handled.
template <class T>
T successResultOf(Deferred<T>&& deferred) {
  Outcome<T> outcome = detail::settledResult(std::move(deferred), "a value");
  if (!outcome.ok()) {
    throw WrongResult("expected a value, found " + detail::foundFailure(outcome.failure()));
  }
  return std::move(outcome).value();
}

/// Returns the failure of `deferred`, which must be one of `E...` (Failure::check) unless `E...` is
/// empty, and consumes the Deferred. Throws NoResult when it has no result yet; the Deferred is
/// then untouched. Throws WrongResult when it has a value, or another failure, which then counts as
/// handled.
template <class... E, class T>
Failure failureResultOf(Deferred<T>&& deferred) {
  const Outcome<T> outcome = detail::settledResult(std::move(deferred), "a failure");
  if (outcome.ok()) throw WrongResult("expected a failure, found a value");
  const Failure& failure = outcome.failure();
  if constexpr (sizeof...(E) > 0) {
    if (!failure.check<E...>()) {
      throw WrongResult("expected a failure of another type, found " +
                        detail::foundFailure(failure));
    }
  }
  return failure;
}

/// Throws WrongResult, which says what was found, when `deferred` has a result. The Deferred is
/// untouched in either case.
template <class T>
void assertNoResult(const Deferred<T>& deferred) {
  if (!detail::Access::idle(deferred)) return;
  const Failure* failure = detail::Access::failure(deferred);
  throw WrongResult("expected no result, found " +
                    (failure ? detail::foundFailure(*failure) : std::string("a value")));
}

// A named Deferred is refused by these overloads; each error says what to write instead.
template <class T>
T successResultOf(const Deferred<T>&) {
  static_assert(detail::kNever<T>,
                "successResultOf consumes the Deferred: write successResultOf(std::move(d))");
  return successResultOf(Deferred<T>());
}
template <class... E, class T>
Failure failureResultOf(const Deferred<T>&) {
  static_assert(detail::kNever<T>,
                "failureResultOf consumes the Deferred: write failureResultOf(std::move(d))");
  return failureResultOf<E...>(Deferred<T>());
}

}  // namespace phial::inline v1::testing

#pragma GCC visibility pop
