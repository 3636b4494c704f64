// A worker side made of arbitrary bytes, over real pipes, against a master's live end. The input is
// a list of small commands: frames of any content, messages of the RPC protocol with any fields,
// bells, references into the arena, files, and pauses in which the master's loop runs. Nothing may
// crash, throw or hang, and the master may not keep more than it was sent.
#include <capnp/message.h>
#include <capnp/rpc.capnp.h>
#include <capnp/serialize.h>
#include <event2/event.h>
#include <fcntl.h>
#include <fuzzer/FuzzedDataProvider.h>
#include <phial/protocol/failure_codec.h>
#include <phial/protocol/loop_bridge.h>
#include <phial/protocol/worker_contract.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "master/worker/worker_link.h"

namespace {

using capnp::rpc::Message;
using phial::detail::WorkerLink;

constexpr std::size_t kArenaBytes = std::size_t{4} << 20;
constexpr std::size_t kMostCommands = 256;

struct Pipe {
  kj::AutoCloseFd readEnd;
  kj::AutoCloseFd writeEnd;
};

Pipe newPipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) != 0) std::abort();
  return {kj::AutoCloseFd(ends[0]), kj::AutoCloseFd(ends[1])};
}

event_base& base() {
  static event_base* const made = event_base_new();
  return *made;
}

// Takes what it is told as WorkerProcess does: later, outside KJ's callbacks.
class Master final : private WorkerLink::Listener {
 public:
  Master(WorkerLink::Channels channels) : link_(base(), kj::mv(channels), 1 << 20, *this) {
    link_.describe("fuzz", 1, phial::Duration::zero(), {});
  }
  void turn() {
    event_base_loop(&base(), EVLOOP_NONBLOCK);
    if (nonsense_ > 1) std::abort();
  }
  WorkerLink& link() { return link_; }

 private:
  void onGreeting(WorkerLink::Greeting greeting) override {
    static_cast<void>(
        kj::runCatchingExceptions([&] { greeting.getWorker().getFunctions().size(); }));
  }
  void onLeaseEnded(std::uint64_t) override {}
  void onStarted(WorkerLink::Started answer) override {
    static_cast<void>(kj::runCatchingExceptions(
        [&] { static_cast<void>(phial::decodeFailure(answer.getFailure())); }));
  }
  void onAnswer(std::uint64_t, WorkerLink::Answer) override {}
  void onParentNews() override {}  // what is never taken is bounded too
  void onBell() override {}
  void onNonsense(std::string what) override {
    if (what.empty() || what.size() > 4096) std::abort();
    ++nonsense_;
  }
  void onDisconnect() override {}

  int nonsense_ = 0;
  WorkerLink link_;
};

// The worker's ends.
class Worker {
 public:
  Worker(kj::AutoCloseFd requests, kj::AutoCloseFd replies, phial::detail::FileLane files,
         kj::AutoCloseFd arena)
      : requests_(kj::mv(requests)),
        replies_(kj::mv(replies)),
        files_(kj::mv(files)),
        arena_(kj::mv(arena)) {}

  void act(FuzzedDataProvider& input) {
    switch (input.ConsumeIntegralInRange(0, 6)) {
      case 0:
        return write(input.ConsumeRandomLengthString(512));
      case 1:
      case 2:
        return say(input);
      case 3: {
        const std::uint32_t bell[] = {phial::FrameReader::kBell, 0};
        return write({reinterpret_cast<const char*>(bell), sizeof bell});
      }
      case 4:
        return refer(input);
      case 5: {
        std::array<char, 4096> heard;
        while (::read(requests_, heard.data(), heard.size()) > 0) {
        }
        return;
      }
      default:
        try {
          files_.send(input.ConsumeIntegral<std::uint8_t>(), std::array{1});
        } catch (const phial::EncodingError&) {  // full
        }
    }
  }

 private:
  void write(const std::string& bytes) {
    static_cast<void>(!::write(replies_, bytes.data(), bytes.size()));
  }

  void refer(FuzzedDataProvider& input) {
    phial::detail::ArenaReference reference;
    reference.slot = input.ConsumeIntegral<std::uint8_t>();
    reference.offset = input.ConsumeIntegral<std::uint16_t>() * 8u;
    reference.bytes = input.ConsumeIntegral<std::uint32_t>() % (2 * kArenaBytes);
    const auto body = input.ConsumeRandomLengthString(256);
    static_cast<void>(
        !::pwrite(arena_, body.data(), body.size(), static_cast<off_t>(reference.offset)));
    write({reinterpret_cast<const char*>(&reference), sizeof reference});
  }

  void say(FuzzedDataProvider& input) {
    capnp::MallocMessageBuilder builder;
    fill(builder.initRoot<Message>(), input);
    const auto words = capnp::messageToFlatArray(builder);
    const auto bytes = words.asChars();
    write({bytes.begin(), bytes.size()});
  }

  static void fill(Message::Builder message, FuzzedDataProvider& input) {
    const auto id = [&] { return input.ConsumeIntegralInRange<std::uint32_t>(0, 8); };
    switch (input.ConsumeIntegralInRange(0, 9)) {
      case 0: {
        auto call = message.initCall();
        call.setQuestionId(input.ConsumeIntegral<std::uint16_t>());
        call.initTarget().setImportedCap(id());
        call.setInterfaceId(capnp::typeId<phial::schema::Worker>());
        call.setMethodId(static_cast<std::uint16_t>(id()));
        call.initParams().initCapTable(id());
        return;
      }
      case 1: {
        auto answer = message.initReturn();
        answer.setAnswerId(id());
        if (input.ConsumeBool()) return answer.initException().setReason("because");
        auto payload = answer.initResults();
        auto table = payload.initCapTable(id());
        for (auto cap : table) cap.setSenderHosted(id());
        auto info =
            payload.getContent().initAs<phial::schema::Worker::DescribeResults>().initWorker();
        info.setProtocolVersion(phial::schema::PROTOCOL_VERSION);
        return;
      }
      case 2:
        message.initFinish().setQuestionId(input.ConsumeIntegral<std::uint16_t>());
        return;
      case 3:
        message.initRelease().setId(id());
        message.getRelease().setReferenceCount(id());
        return;
      case 4: {
        auto resolve = message.initResolve();
        resolve.setPromiseId(id());
        resolve.initCap().setSenderHosted(id());
        return;
      }
      case 5: {
        auto embargo = message.initDisembargo();
        embargo.initTarget().setImportedCap(id());
        embargo.initContext().setSenderLoopback(id());
        return;
      }
      case 6:
        message.initBootstrap().setQuestionId(id());
        return;
      case 7:
        message.initAbort().setReason(input.ConsumeRandomLengthString(64).c_str());
        return;
      case 8:
        message.initUnimplemented();
        return;
      default:
        message.initProvide().setQuestionId(id());
    }
  }

  kj::AutoCloseFd requests_;
  kj::AutoCloseFd replies_;
  phial::detail::FileLane files_;
  kj::AutoCloseFd arena_;
};

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  ::signal(SIGPIPE, SIG_IGN);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static phial::LoopBridge bridge(base());
  FuzzedDataProvider input(data, size);
  Pipe requests = newPipe();
  Pipe replies = newPipe();
  auto files = phial::detail::FileLane::create();
  auto arenas = phial::detail::makeArenas(kArenaBytes);
  Master master({kj::mv(replies.readEnd), kj::mv(requests.writeEnd), kj::mv(files.master),
                 std::move(arenas.arenas)});
  {
    Worker worker(kj::mv(requests.readEnd), kj::mv(replies.writeEnd),
                  phial::detail::FileLane(kj::mv(files.worker)), kj::mv(arenas.replies));
    for (std::size_t i = 0; i < kMostCommands && input.remaining_bytes() > 0; ++i) {
      if (input.ConsumeBool()) {
        worker.act(input);
      } else {
        master.turn();
      }
    }
  }
  while (master.link().readPending()) master.turn();
  for (int i = 0; i < 8; ++i) master.turn();
  return 0;
}
