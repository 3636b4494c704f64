// The running job, as its function sees it. Users include <phial/worker/job.h>, which says what a
// job may do.
//
// Declared here because a job also runs where there is no worker: in a TestPool.
#pragma once

#include <cstdint>
#include <ranges>
#include <string_view>
#include <type_traits>
#include <typeindex>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

template <class R>
class Call;

namespace detail {

class JobCalls;
class ParentAccess;
/// Defined in <phial/worker/parent.h>.
template <class Interface>
struct ParentOf;
template <class Promise>
struct WaitOf;

/// How an object of a session is made and destroyed. Both functions may throw.
struct SessionType {
  std::type_index type;
  void* (*make)();
  void (*destroy)(void*);
};

}  // namespace detail

/// The running job. Valid while the function runs. id(), label(), trace() and cancelled() may be
/// called from any thread, the others only from the thread that runs the function.
class CurrentJob {
 public:
  virtual ~CurrentJob() = default;

  /// The pool's number for this job, from 1.
  virtual std::uint64_t id() const = 0;
  /// The caller's name for the job, JobOptions::label; may be empty.
  virtual std::string_view label() const = 0;
  /// The caller's W3C traceparent, JobOptions::trace; may be empty. A job that calls other services
  /// passes it on as their parent.
  virtual std::string_view trace() const = 0;
  /// True once the job should give up: it was cancelled, or its deadline or soft timeout has
  /// passed. Costs one load. After a soft timeout, what the function returns or throws is still
  /// delivered; in the other cases it is dropped. A job that does not give up is ended by signals
  /// after `grace`, unless JobOptions::onCancel says otherwise.
  virtual bool cancelled() const = 0;
  /// Reports to the caller how far the job has come: a fraction from 0 to 1, and a note for a
  /// person. Only the first 256 bytes of the note are kept; a UTF-8 character is not cut in two.
  ///
  /// The report reaches JobOptions::onProgress, which is called at most 20 times a second. If
  /// reports come faster, the latest counts. The last report arrives before the job's Deferred
  /// fires. Costs about 0.1 us and no memory, so it may be called in an inner loop. At most 20
  /// times a second it also costs a system call.
  ///
  /// Throws std::logic_error on another thread than the one that runs the function, and in a forked
  /// child.
  virtual void progress(double fraction, std::string_view note = {}) = 0;

  /// The object of type S that the jobs of one lease share: see ProcessPool::lease. The first call
  /// makes it with the default constructor; each type has one. Objects are destroyed in the reverse
  /// order of their construction when the lease has been released, or when the worker ends in
  /// order; a crash or a kill destroys none of them.
  ///
  /// If the constructor throws, the exception leaves this call, and the next call tries again. If a
  /// destructor throws, which it must be declared to do, a line on stderr says so. Throws
  /// std::logic_error in a job that belongs to no lease, and on another thread than the one that
  /// runs the function.
  template <class S>
  S& session() {
    static_assert(std::is_default_constructible_v<S>,
                  "the type of a session is made without arguments: it needs a default "
                  "constructor");
    static const detail::SessionType kType{std::type_index(typeid(S)),
                                           []() -> void* { return new S(); },
                                           [](void* object) { delete static_cast<S*>(object); }};
    return *static_cast<S*>(sessionObject(kType));
  }

  // --- Calls into the job's own pool: defined in call.h ---

  /// Runs `function(args...)` as a job of this job's own pool, in another worker, and returns at
  /// once. The arguments convert as in deferToProcess, and are written before this returns.
  ///
  /// The new job is a child of this one. It has this job's deadline and priority, and is cancelled
  /// when this job ends, in whatever way. Children come before all jobs that are not children, the
  /// deepest first. Call<R>::get() waits.
  ///
  /// Throws EncodingError for an argument that does not fit or cannot be sent, such as a
  /// SharedArray, and std::logic_error on another thread than the job's, in a forked child, and
  /// inside a callback of the worker's loop. Price: the arguments and the result are copied on the
  /// master's loop, about 1 ms for 2 MiB.
  template <auto function, class... A>
  auto call(A&&... args);

  /// Runs `function` for each element of `range`, each as a child, and waits for all. Returns the
  /// results in the order of the range, as a std::vector; nothing when the function has no result.
  /// If the function has several parameters, each element is a tuple or pair of arguments. At the
  /// first failure the other children are cancelled, and the failure is thrown. Otherwise as call()
  /// and Call<R>::get().
  template <auto function, std::ranges::input_range Range>
  auto callAll(Range&& range);

  // --- Calls to the parent: defined in <phial/worker/parent.h>, which is to be included ---

  /// The Cap'n Proto interface that the master exports: PoolOptions::parent. Returns an
  /// Interface::Client, for as long as the job runs: later calls on it fail. Throws NoSuchInterface
  /// when the master exports nothing, or something else, and std::logic_error as call() does.
  template <class Interface>
  auto parent() {
    return detail::ParentOf<Interface>::of(*this);
  }
  /// Waits in line for a promise, such as request.send(), while the worker's loop runs: returns its
  /// value, or throws its failure. A kj::Exception is what the parent's method threw. Throws
  /// CancelledError when the job is to give up, ParentGone when the master has gone, and
  /// std::logic_error as call() does.
  template <class Promise>
  auto wait(Promise&& promise) {
    return detail::WaitOf<std::remove_cvref_t<Promise>>::wait(*this,
                                                              std::forward<Promise>(promise));
  }

  /// Private to the library: what call() and parent() stand on. Throws std::logic_error where no
  /// worker runs the job, and as call() does.
  virtual detail::JobCalls& calls();
  virtual detail::ParentAccess& parentAccess();

 protected:
  /// The object of this type. Throws std::logic_error, as every job outside of a lease does.
  virtual void* sessionObject(const detail::SessionType& type);
};

/// The running job. Throws std::logic_error when no job is running.
CurrentJob& currentJob();

namespace detail {

/// Makes `job` the one that currentJob() returns; null: none is running. Returns the one before.
CurrentJob* setCurrentJob(CurrentJob* job) noexcept;

}  // namespace detail
}  // namespace phial::inline v1

#pragma GCC visibility pop

#include <phial/protocol/call.h>  // IWYU pragma: export
