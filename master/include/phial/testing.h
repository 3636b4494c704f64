// For the tests of programs that use a pool: a pool without processes, worked by the test.
//
//   phial::ManualClock clock;
//   phial::testing::TestPool pool(clock);
//   Importer importer(pool);                       // takes a phial::Pool& or a phial::Submitter
//   importer.begin();                              // submits jobs
//   EXPECT_EQ(pool.pending(), 2u);
//   pool.runNext();                                // runs the function here, in this process
//   pool.killNext();                               // as if the worker had crashed with the job
//   EXPECT_TRUE(importer.reportedCrash());
//
// Nothing happens by itself: a job waits until the test runs, answers, fails or kills it. The order
// is that of a ProcessPool: by priority, then first come, first served. Arguments and results are
// encoded and decoded as on their way to a worker and back, so a value that does not travel, or has
// changed on the way, shows in the test.
//
// The Deferreds of jobs fire inside runNext() and its kin, and inside Clock calls: the test is the
// loop. What a pool reports from its loop, such as QueueFull, arrives in the next of these calls.
//
// A stream's function runs to its end in runNext(), and the consumer gets its items afterwards: in
// one process nobody could take them meanwhile, so emit() never waits. emitNext() gives a stream
// one item without its function.
//
// What is left out: `timeout`, `softTimeout` and `freshWorker` have no effect, since a job takes no
// time here; say failNext(JobTimedOut(...)). A function that calls abort() ends the test program.
// There are no leases: lease() and onEveryWorker() are calls of ProcessPool alone, and
// currentJob().session() throws std::logic_error as it does outside of a lease.
//
// successResultOf, failureResultOf and assertNoResult look into a Deferred: see
// <phial/testing/deferred.h>, which this header includes.
//
// Link phial::master; nothing else is needed. Thread rule: one thread.
#pragma once

#include <phial/master/clock.h>
#include <phial/master/death_certificate.h>
#include <phial/master/pool.h>
#include <phial/protocol/chunk.h>
#include <phial/protocol/failure.h>
#include <phial/protocol/function_table.h>
#include <phial/testing/deferred.h>  // IWYU pragma: export

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1::testing {

struct TestPoolOptions {
  /// How many workers the pool pretends to have; a map keeps twice as many chunks pending. At
  /// least 1.
  std::size_t workers = 1;
  /// As PoolOptions::maxQueue: when so many jobs are pending, a further one fails with QueueFull.
  /// 0: no limit.
  std::size_t maxQueue = 0;
};

/// A job that waits for the test.
struct PendingJob {
  std::uint64_t id = 0;  ///< the pool's number for the job, from 1
  std::string function;
  std::string label;
  int priority = 0;
};

class TestPool final : public Pool {
 public:
  /// `clock` is borrowed and must outlive the pool. Deadlines run on it.
  explicit TestPool(Clock& clock, TestPoolOptions options = {});
  /// Fails the pending jobs with PoolStopped, as the destructor of a ProcessPool does.
  ~TestPool();

  // --- The functions of the pretended workers ---
  // Those that the program passes to deferToProcess and map are there already.

  /// As Worker::add.
  template <auto function>
  TestPool& add() {
    functions().add<function>();
    if constexpr (detail::Mappable<function>) detail::addChunk<function>(functions());
    return *this;
  }
  template <class Callable>
  TestPool& add(std::string name, Callable callable) {
    functions().add(std::move(name), std::move(callable));
    return *this;
  }
  template <auto function, class Callable>
    requires detail::kNamedFunction<decltype(function)>
  TestPool& add(Callable callable) {
    if constexpr (detail::checkNamed<function, Callable>()) {
      detail::addNamed<function>(functions(), std::move(callable));
    }
    return *this;
  }

  // --- The jobs ---

  /// The number of jobs that have been submitted and have not ended. A chunk of a map is one job.
  std::size_t pending() const;
  /// The pending jobs, in the order in which they would run.
  std::vector<PendingJob> jobs() const;

  /// Runs the function of the next job in this process and gives its result, or what it throws, to
  /// the caller. currentJob() works inside it; its reports of progress arrive at once. Returns
  /// false when no job is pending. May be called from a callback.
  bool runNext();
  /// Runs jobs until none is pending, those included that callbacks submit. Returns how many it has
  /// run. A program that submits a job for each that ends never lets it return.
  std::size_t runAll();

  // Each of these ends the next job without running its function. They throw std::logic_error when
  // no job is pending.

  /// The job returns `value`. If the caller expects another type, the job fails with EncodingError,
  /// as it would with a worker of another build.
  template <class T>
  void succeedNext(const T& value) {
    answerNext([&value](ValueWriter to) { encode(value, to); });
  }
  /// The job returns nothing. The end of a stream.
  void succeedNext();
  /// The job, which must be one of a stream, emits `item`, and stays the next one: end it by
  /// succeedNext(), failNext() or killNext(). Throws std::logic_error for any other job.
  template <class T>
  void emitNext(const T& item) {
    emitItem([&item](ValueWriter to) { encode(item, to); });
  }
  /// The job fails. An exception that is none of Phial's own errors arrives as if the function had
  /// thrown it: see Failure::fromJob. An error of Phial's, such as JobTimedOut, arrives as the
  /// pool's report.
  void failNext(Failure failure);
  template <class E>
    requires(!std::same_as<E, Failure>)
  void failNext(E exception) {
    failNext(Failure(std::move(exception)));
  }
  /// The job's worker dies while it runs the job. What becomes of the job is decided as in a
  /// ProcessPool: with Rerun::always it is pending again until maxAttempts workers have died;
  /// otherwise it fails with what the certificate calls for. Fields of the certificate that name
  /// the job are filled in, `begun` included. Without one: SIGKILL by somebody else.
  void killNext(DeathCertificate certificate = {.status = Signalled{9}});

 private:
  class Core;

  explicit TestPool(std::shared_ptr<Core> core);
  FunctionTable& functions();
  void answerNext(const std::function<void(ValueWriter)>& write);
  void emitItem(const std::function<void(ValueWriter)>& write);

  const std::shared_ptr<Core> core_;
};

}  // namespace phial::inline v1::testing

#pragma GCC visibility pop
