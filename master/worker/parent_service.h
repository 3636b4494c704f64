// What the master does for the jobs of one worker: takes their calls into the pool, and notes when
// a job waits.
//
// The calls arrive inside KJ's callbacks, where nothing of the pool's may be called. They are kept
// here, and `onNews` says that there is something to take. How much a worker may have here is
// bounded by the rules of the conversation: 512 unfinished calls (ConversationRules::kMostCalls),
// and some 64 MiB in messages of a size (kMostHeldBytes), beyond which nothing more is read from
// it. A call that the worker takes back before it was taken from here leaves nothing.
//
// Life: that of a worker's conversation. Calls that were taken from here may outlive it; they are
// not wanted any more then.
//
// Thread rule: the loop's.
#pragma once

#include <phial/schema/worker.capnp.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "master/worker/child_call.h"

namespace phial::inline v1::detail {

class ParentService {
 public:
  /// `onNews` is called inside KJ: it is to note that, and return.
  explicit ParentService(std::function<void()> onNews);
  ~ParentService();
  ParentService(const ParentService&) = delete;
  ParentService& operator=(const ParentService&) = delete;

  /// For the worker.
  schema::Parent::Client client();

  // What is new, in this order.

  /// The next call that was not taken yet; null when there is none.
  std::shared_ptr<ChildCall> takeCall();
  /// A call that was taken from here, and that the worker has taken back.
  struct Gone {
    std::uint64_t job;
    std::uint64_t number;
  };
  std::vector<Gone> takeGone();
  /// How the worker's job waits now; null when it does not. True if that has changed since the last
  /// time.
  bool waitChanged();
  const JobWait* wait() const;

  /// The job is to wait no longer. Does nothing when none waits. `text` is for an error.
  void endWait(JobWaitEnd end, const std::string& text);

 private:
  struct State;
  class Call;
  class Server;
  class CallEnd;
  class WaitsEnd;

  const std::shared_ptr<State> state_;
};

}  // namespace phial::inline v1::detail
