// The calls that one job makes: into its own pool, and to what the master exports.
//
// A call is a message to the master, whose answer arrives while the job waits: the loop runs then,
// and what else arrives meanwhile, such as further jobs, only queues. The job runs at the top level
// of the loop, so it may wait; code that the loop calls may not.
//
// While a job waits it has told its master so (Parent.await), which lends its place to another
// worker. The master answers when the wait is over, also when the job is to give up.
//
// At most kMostSent calls are under way at a time: a master ends a worker that has more. Further
// calls are sent as these end, while the job waits.
//
// Life: made at the first call of a job, and destroyed when the job's function has returned, which
// cancels what is under way. Callers may keep their NestedCalls for longer, and give them to other
// threads: a Record is only touched on the job's thread, and holds nothing of the loop's when the
// job is over.
#pragma once

#include <phial/protocol/current_job.h>
#include <phial/protocol/nested_call.h>
#include <phial/protocol/parent_access.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <thread>

#include "worker/parent_link.h"

namespace phial::inline v1::detail {

class CallsOfJob final : public JobCalls, public ParentAccess {
 public:
  /// Both are borrowed.
  CallsOfJob(const CurrentJob& job, ParentLink& link);
  /// Does nothing in a child that the job has forked: all of it is the worker's.
  ~CallsOfJob();
  CallsOfJob(const CallsOfJob&) = delete;
  CallsOfJob& operator=(const CallsOfJob&) = delete;

  std::unique_ptr<NestedCall> start(const CalledFunction& function,
                                    const NestedArguments& arguments) override;
  void await(std::span<NestedCall* const> calls) override;
  capnp::Capability::Client object(std::uint64_t interfaceId) override;
  void waitFor(kj::Promise<void> promise) override;

 private:
  static constexpr std::size_t kMostSent = 256;

  class Record;
  class Handle;
  class Object;

  void requireTopLevel() const;
  schema::Parent::Client& parent();
  void send(const std::shared_ptr<Record>& record);
  void sendNext();
  void ended();
  void drop(Record& record);
  void dropAbandoned();
  std::shared_ptr<Record> recordOf(const NestedCall& call) const;
  bool anyOpen(std::span<const std::shared_ptr<Record>> records) const;
  struct WaitOver;
  kj::Promise<kj::Maybe<WaitOver>> askToWait(std::span<const std::shared_ptr<Record>> records);
  void waitInLoop(kj::Promise<kj::Maybe<WaitOver>> promise);
  void push();

  const CurrentJob& job_;
  ParentLink& link_;
  const std::thread::id thread_ = std::this_thread::get_id();
  std::map<std::uint64_t, std::shared_ptr<Record>> records_;  // by number, until they are dropped
  std::deque<std::shared_ptr<Record>> unsent_;
  std::size_t sent_ = 0;  // and not ended
  // Whether handles were destroyed on other threads since the last look.
  const std::shared_ptr<std::atomic<bool>> abandoned_ = std::make_shared<std::atomic<bool>>(false);
  const std::shared_ptr<bool> over_ = std::make_shared<bool>(false);
};

}  // namespace phial::inline v1::detail
