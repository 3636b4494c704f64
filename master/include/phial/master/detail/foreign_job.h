// A job of a pool, asked for by a program on another loop than Phial's. Part of the templates of
// phial/asio.h, glib.h, uv.h and qt.h; nothing here is for users.
//
// Two kinds of submitters lead to a pool. A Submitter leads to a pool on this thread, where a
// holder runs the Reactor; a BlockingSubmitter leads to a BlockingPool, from any thread, and the
// job is submitted on that pool's loop. The outcome goes to a receiver, which is called exactly
// once: on the pool's thread, or, when there is no loop any more, on the thread that drops the job.
#pragma once

#include <phial/master/blocking_pool.h>
#include <phial/master/deferred.h>
#include <phial/master/detail/blocking_core.h>
#include <phial/master/detail/submit.h>
#include <phial/master/submitter.h>

#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

struct BlockingAccess {
  static const std::shared_ptr<BlockingCore>& core(const BlockingSubmitter& submitter) {
    return submitter.core_;
  }
  static const BlockingOptions& options(const BlockingSubmitter& submitter) {
    return submitter.options_;
  }
};

template <class S>
concept AnySubmitter = std::derived_from<S, Submitter> || std::derived_from<S, BlockingSubmitter>;

/// A call whose arguments are its own: nothing in it is borrowed. Called once.
template <auto function, class Own>
class PreparedCall {
 public:
  using Result = ResultOfCall<function>;

  explicit PreparedCall(std::variant<Own, Failure> given) : given_(std::move(given)) {}

  /// On the pool's thread.
  Deferred<Result> operator()(const Submitter& jobs) {
    if (const auto* unfit = std::get_if<Failure>(&given_)) return fail<Result>(*unfit);
    return std::apply(
        [&](auto&... each) { return jobs.deferToProcess<function>(std::move(each)...); },
        std::get<Own>(given_));
  }

 private:
  std::variant<Own, Failure> given_;
};

/// Takes the arguments over, on the caller's thread. Does not throw for a value that does not fit:
/// the call then fails.
template <auto function, class... A>
auto prepareCall(std::tuple<A...> arguments) {
  using Own = decltype(ownArguments<function>(std::declval<A>()...));
  const auto own = [&]() -> std::variant<Own, Failure> {
    try {
      return std::apply(
          [](auto&... each) { return ownArguments<function>(std::forward<A>(each)...); },
          arguments);
    } catch (...) {
      return Failure::current();
    }
  };
  return PreparedCall<function, Own>(own());
}

/// What can be done about a job that is on its way.
class ForeignJob {
 public:
  virtual ~ForeignJob() = default;
  /// From any thread: the outcome is no longer wanted. The receiver is called all the same, perhaps
  /// before this returns.
  virtual void cancel() = 0;
};

/// Calls its receiver with the outcome; with PoolStopped when it is destroyed without.
template <class R, class Receiver>
class Delivered {
 public:
  explicit Delivered(Receiver receiver) : receiver_(std::move(receiver)) {}
  ~Delivered() {
    if (receiver_) deliver(poolGone());
  }
  Delivered(const Delivered&) = delete;
  Delivered& operator=(const Delivered&) = delete;

  void deliver(Outcome<R> outcome) {
    Receiver receiver = std::move(*receiver_);
    receiver_.reset();
    receiver(std::move(outcome));
  }
  void follow(DeferredHandle handle) { handle_ = std::move(handle); }
  void cancel() const { handle_.cancel(); }

 private:
  std::optional<Receiver> receiver_;
  DeferredHandle handle_;
};

/// On the pool's thread: calls `submit`, and gives the outcome of its Deferred, which keeps
/// `delivered`.
template <class R, class Receiver, class Submit>
void submitFor(const std::shared_ptr<Delivered<R, Receiver>>& delivered, Submit submit) {
  auto deferred = maybeDeferred(std::move(submit));
  delivered->follow(deferred.handle());
  std::move(deferred).addBoth(
      [delivered](Outcome<R> outcome) { delivered->deliver(std::move(outcome)); });
}

/// A job of a pool on this thread. `hop(f)` calls f on this thread when another one cancels.
template <class R, class Receiver>
class JobHere final : public ForeignJob {
 public:
  JobHere(Receiver receiver, std::function<void(std::function<void()>)> hop)
      : hop_(std::move(hop)),
        starting_(std::make_shared<Delivered<R, Receiver>>(std::move(receiver))),
        delivered_(starting_) {}

  template <class Call>
  void start(const Submitter& jobs, Call call) {
    const auto delivered = std::exchange(starting_, nullptr);
    submitFor(delivered, [&] { return call(jobs); });
  }
  void cancel() override {
    const auto cancelIt = [delivered = delivered_] {
      if (const auto there = delivered.lock()) there->cancel();
    };
    if (!hop_ || std::this_thread::get_id() == thread_) return cancelIt();
    hop_(cancelIt);
  }

 private:
  const std::thread::id thread_ = std::this_thread::get_id();
  const std::function<void(std::function<void()>)> hop_;
  std::shared_ptr<Delivered<R, Receiver>> starting_;  // until start()
  const std::weak_ptr<Delivered<R, Receiver>> delivered_;
};

/// A job of a BlockingPool.
template <class R, class Receiver>
class JobThere final : public ForeignJob,
                       public std::enable_shared_from_this<JobThere<R, Receiver>> {
 public:
  JobThere(Receiver receiver, const BlockingSubmitter& submitter)
      : core_(BlockingAccess::core(submitter)),
        options_(BlockingAccess::options(submitter)),
        starting_(std::make_shared<Delivered<R, Receiver>>(std::move(receiver))),
        delivered_(starting_) {}

  template <class Call>
  void start(Call call) {
    auto shared = std::make_shared<Call>(std::move(call));
    core_->door()->post([core = core_, options = options_, shared = std::move(shared),
                         delivered = std::exchange(starting_, nullptr)] {
      submitFor(delivered, [&] { return (*shared)(core->jobs(options)); });
    });
  }
  void cancel() override {
    core_->door()->post([delivered = delivered_] {
      if (const auto there = delivered.lock()) there->cancel();
    });
  }

 private:
  const std::shared_ptr<BlockingCore> core_;
  const BlockingOptions options_;
  std::shared_ptr<Delivered<R, Receiver>> starting_;  // until start()
  const std::weak_ptr<Delivered<R, Receiver>> delivered_;
};

/// Makes the job for `pool`, shows it to `prepare`, and starts it.
template <class R, class Jobs, class Call, class Receiver, class Prepare>
void startJob(const Jobs& pool, Call call, Receiver receiver,
              std::function<void(std::function<void()>)> hop, Prepare prepare) {
  if constexpr (std::derived_from<Jobs, Submitter>) {
    const auto job = std::make_shared<JobHere<R, Receiver>>(std::move(receiver), std::move(hop));
    prepare(job);
    job->start(pool, std::move(call));
  } else {
    const auto job = std::make_shared<JobThere<R, Receiver>>(std::move(receiver), pool);
    prepare(job);
    job->start(std::move(call));
  }
}

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
