// The running job, as its function sees it. Users include <phial/worker/job.h>, which says what a
// job may do.
//
// Declared here because a job also runs where there is no worker: in a TestPool.
#pragma once

#include <cstdint>
#include <string_view>
#include <type_traits>
#include <typeindex>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

namespace detail {

/// How an object of a session is made and destroyed. Both functions may throw.
struct SessionType {
  std::type_index type;
  void* (*make)();
  void (*destroy)(void*);
};

}  // namespace detail

/// The running job. Valid while the function runs. id(), label(), trace() and cancelled() may be
/// called from any thread, progress() and session() only from the thread that runs the function.
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
