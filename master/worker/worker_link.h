// The conversation with one worker: Cap'n Proto RPC over its two pipes.
//
// Everything a Listener hears comes from inside a KJ callback. It must note it and return: no user
// code, and the link must not be destroyed there.
#pragma once

#include <capnp/rpc-twoparty.h>
#include <phial/master/detail/job.h>
#include <phial/master/detail/start_call.h>
#include <phial/protocol/failure.h>
#include <phial/protocol/file_lane.h>
#include <phial/protocol/loop_bridge.h>
#include <phial/protocol/message_pipe.h>
#include <phial/schema/worker.capnp.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "master/worker/conversation_rules.h"
#include "master/worker/parent_service.h"
#include "master/worker/pool_worker.h"

namespace phial::inline v1::detail {

class WorkerLink final : private MessagePipe::Watcher {
 public:
  using Greeting = capnp::Response<schema::Worker::DescribeResults>;
  using Started = capnp::Response<schema::Worker::StartResults>;
  using Answer = capnp::Response<schema::Worker::RunResults>;

  /// A job whose arguments have been written already.
  struct Written {
    std::uint64_t id;
    std::uint32_t function;
    const std::string& label;
    const std::string& trace;
    bool timed;
    unsigned slot;
    std::uint64_t lease;
    std::shared_ptr<ArgumentMessage> arguments;
    const FileParcel& files;
  };

  class Listener {
   public:
    virtual void onGreeting(Greeting greeting) = 0;
    /// The answer to start().
    virtual void onStarted(Started answer) = 0;
    /// The answer to the batch of this number.
    virtual void onAnswer(std::uint64_t batch, Answer answer) = 0;
    /// The answer to endLease().
    virtual void onLeaseEnded(std::uint64_t lease) = 0;
    /// parent() has something to take.
    virtual void onParentNews() = 0;
    /// A job has reported progress on the control page.
    virtual void onBell() = 0;
    /// The worker did what no worker of ours does; said once, and as soon as it is known. Nothing
    /// more will be heard, but perhaps onDisconnect().
    virtual void onNonsense(std::string what) = 0;
    /// The reply pipe ended, or broke; nothing more will be heard.
    virtual void onDisconnect() = 0;

   protected:
    ~Listener() = default;
  };

  /// The ways between master and worker.
  struct Channels {
    kj::AutoCloseFd replies;
    kj::AutoCloseFd requests;
    kj::AutoCloseFd files;
    Arenas arenas;
  };

  /// `base` and `listener` are borrowed.
  WorkerLink(event_base& base, Channels channels, std::uint64_t maxMessageBytes,
             Listener& listener);
  ~WorkerLink();
  WorkerLink(const WorkerLink&) = delete;
  WorkerLink& operator=(const WorkerLink&) = delete;

  /// The handshake. `pool` and `worker` name the pool and the worker's number in it; `spin` is how
  /// long the worker polls; `exported` is what the program exports to jobs.
  void describe(const std::string& pool, std::uint64_t worker, Duration spin,
                const ParentExport& exported);
  /// Sends the start call, for the function of this index. Throws when it cannot be written;
  /// nothing has been sent then.
  void start(const StartCall& call, std::uint32_t function);
  /// Sends `jobs` as the batch of this number, in the slots from `firstSlot` on. A job whose
  /// arguments cannot be written gets its failure, EncodingError or what a Codec of the user's
  /// throws; the worker skips a job that it is not offered in its slot. The message leaves when
  /// KJ's queue runs, never inside this call: the other jobs are to be offered before then. False:
  /// no job could be written, and nothing is sent.
  bool run(std::span<Outgoing> jobs, std::uint64_t batch, unsigned firstSlot);
  /// Sends a job, which has been offered to the worker, as the batch of this number. Throws
  /// when its files cannot be sent; nothing has been sent then.
  void run(const Written& job, std::uint64_t batch);
  /// For the files that belong to results.
  FileLane& files() { return files_; }
  /// What jobs have called, and how they wait.
  ParentService& parent() { return parent_; }
  /// Has the worker destroy the session of this lease.
  void endLease(std::uint64_t lease);
  /// Wakes a worker that sleeps in emit().
  void ring() { pipe_.ring(); }
  /// Asks the worker to exit when it has answered what was sent.
  void shutdown();

  /// True while the kernel or a buffer holds something that the worker has written and that will
  /// be read: after nonsense nothing is.
  bool readPending() const { return !objected_ && pipe_.readPending(); }
  /// True while a message that has arrived is being copied out of shared memory.
  bool fetching() const { return pipe_.fetching(); }
  /// True while the kernel has not taken all that was sent.
  bool writePending() const { return pipe_.writePending(); }
  /// Bytes that the kernel has taken towards the worker.
  std::uint64_t bytesSent() const { return pipe_.stats().bytesWritten; }
  /// What was wrong with what arrived, if anything.
  const std::optional<ProtocolError>& error() const { return pipe_.error(); }
  /// Whether that is an end in the middle of a message, which a death may explain.
  bool cutShort() const { return pipe_.cutShort(); }

 private:
  class Loan;

  std::string objectionTo(capnp::MessageReader& message) override;
  void onBell() override { listener_.onBell(); }
  void onFault() override;
  void fail(kj::Exception&& exception);
  void disconnected();
  void object(std::string what);
  void write(const Outgoing& outgoing, schema::Job::Builder wire, std::vector<Loan>& loans);

  Listener& listener_;
  const std::uint64_t maxMessageBytes_;
  bool objected_ = false;  // the listener has heard of nonsense
  ConversationRules rules_;
  ParentService parent_{[this] { listener_.onParentNews(); }};
  FileLane files_;
  // Arguments of jobs that are answered, until nothing that could refer to them is in the pipe.
  std::vector<std::shared_ptr<const void>> returned_;
  MessagePipe pipe_;
  capnp::TwoPartyVatNetwork network_;
  capnp::RpcSystem<capnp::rpc::twoparty::VatId> rpc_;
  schema::Worker::Client worker_;
  class Tasks;
  kj::Own<Tasks> tasks_;
};

}  // namespace phial::inline v1::detail
