// A worker that speaks the protocol and means harm: its first argument says how. It knows nothing
// of the RPC layer but its messages, which it reads and writes one at a time.
#include <capnp/capability.h>
#include <capnp/message.h>
#include <capnp/rpc.capnp.h>
#include <capnp/serialize.h>
#include <kj/debug.h>
#include <phial/protocol/arena.h>
#include <phial/protocol/control_page.h>
#include <phial/protocol/emit.h>
#include <phial/protocol/file_lane.h>
#include <phial/protocol/frame_reader.h>
#include <phial/protocol/type_name.h>
#include <phial/protocol/worker_contract.h>
#include <phial/schema/worker.capnp.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace {

using capnp::rpc::Message;
namespace schema = phial::schema;

// Method ordinals of schema::Worker.
constexpr unsigned kDescribe = 0;
constexpr unsigned kRun = 1;

constexpr unsigned kMany = 100'000;

class Hostile {
 public:
  explicit Hostile(std::string manner)
      : manner_(std::move(manner)),
        mapping_(phial::ControlPageMapping::adopt(phial::kControlPageFd)) {}

  void serve() {
    for (;;) {
      capnp::StreamFdMessageReader reader(phial::kRequestFd, {.traversalLimitInWords = 1u << 30});
      const auto message = reader.getRoot<Message>();
      if (message.isBootstrap()) answerBootstrap(message.getBootstrap().getQuestionId());
      if (message.isCall()) answer(message.getCall());
    }
  }

 private:
  void write(const std::function<void(Message::Builder)>& fill) {
    capnp::MallocMessageBuilder builder;
    fill(builder.initRoot<Message>());
    capnp::writeMessageToFd(phial::kReplyFd, builder);
  }

  void writeRaw(const void* bytes, std::size_t size) {
    const auto* at = static_cast<const char*>(bytes);
    while (size > 0) {
      const auto wrote = ::write(phial::kReplyFd, at, size);
      if (wrote <= 0) return;
      at += wrote;
      size -= static_cast<std::size_t>(wrote);
    }
  }

  void answerBootstrap(std::uint32_t question) {
    write([&](auto message) {
      auto answer = message.initReturn();
      answer.setAnswerId(question);
      auto payload = answer.initResults();
      payload.initCapTable(1)[0].setSenderHosted(0);
      // Becomes a pointer to the first capability of the table.
      capnp::BuilderCapabilityTable table;
      table.imbue(payload.getContent())
          .template setAs<capnp::Capability>(KJ_EXCEPTION(FAILED, "stands for this worker"));
    });
  }

  void answer(capnp::rpc::Call::Reader call) {
    if (call.getMethodId() == kDescribe) return greet(call.getQuestionId());
    if (call.getMethodId() == kRun) {
      return run(call.getQuestionId(),
                 call.getParams().getContent().getAs<schema::Worker::RunParams>());
    }
  }

  void greet(std::uint32_t question) {
    write([&](auto message) {
      auto answer = message.initReturn();
      answer.setAnswerId(question);
      auto info = answer.initResults()
                      .getContent()
                      .template initAs<schema::Worker::DescribeResults>()
                      .initWorker();
      info.setProtocolVersion(schema::PROTOCOL_VERSION);
      info.setBuildId(manner_ == "large build id" ? std::string(3'000'000, 'b').c_str()
                                                  : std::string(phial::buildId()).c_str());
      if (manner_ == "large start failure") {
        auto failure = info.initStartFailure();
        failure.initTypes(1).set(0, "std::runtime_error");
        failure.setMessage(std::string(3'000'000, 'f').c_str());
      }
      unsigned functions = 1;
      if (manner_ == "many functions") functions = 50'000;
      if (manner_ == "large greeting") functions = 1'000'000;
      auto list = info.initFunctions(functions);
      for (auto function : list) function.setName("harm");
      if (manner_.starts_with("stream")) {
        list[0].setSignature(std::string(phial::typeName<void(phial::Emit<int>)>()).c_str());
      }
    });
  }

  // The first job is taken up, so that its end is put down to it. The others of its batch are not.
  void run(std::uint32_t question, schema::Worker::RunParams::Reader params) {
    const auto jobs = params.getJobs();
    phial::ControlPage& page = mapping_.page();
    page.phase.store(phial::Phase::decoding);
    page.job.store(jobs[0].getId());
    page.slots[jobs[0].getSlot()].claim(jobs[0].getId());
    page.phase.store(phial::Phase::running);
    misbehave(question);
    if (manner_.starts_with("stream")) emitBadly(jobs[0].getSlot());
    write([&](auto message) { writeAnswer(message, question, jobs); });
    if (manner_ == "two answers") {
      write([&](auto message) { writeAnswer(message, question, jobs); });
    }
  }

  // "empty answers" has begun the job, and says nothing of it.
  void writeAnswer(Message::Builder message, std::uint32_t question,
                   capnp::List<schema::Job>::Reader jobs) {
    auto answer = message.initReturn();
    answer.setAnswerId(question);
    auto results = answer.initResults().getContent().template initAs<schema::Worker::RunResults>();
    if (manner_ == "empty answers") return;
    auto result = results.initResult();
    result.setId(jobs[0].getId());
    if (!manner_.starts_with("stream")) result.initValue().setInt(42);
    result.setRunNanoseconds(100);
    result.setStartedNanoseconds(phial::controlPageNanos() - 1000);
  }

  void misbehave(std::uint32_t question) {
    if (manner_ == "abort") write([](auto m) { m.initAbort().setReason("I have had enough"); });
    if (manner_ == "unknown answer") {
      write([](auto m) { m.initReturn().setAnswerId(4711); });
    }
    if (manner_ == "bad release") {
      write([](auto m) { m.initRelease().setId(99); });
    }
    if (manner_ == "unimplemented") write([](auto m) { m.initUnimplemented(); });
    if (manner_ == "exception") {
      write([&](auto m) {
        auto answer = m.initReturn();
        answer.setAnswerId(question);
        answer.initException().setReason("not today");
      });
    }
    if (manner_ == "bootstrap flood") {
      for (unsigned i = 0; i < kMany; ++i)
        write([i](auto m) { m.initBootstrap().setQuestionId(i); });
    }
    if (manner_ == "large unknown messages") {
      for (unsigned i = 0; i < 1000; ++i) {
        write([](auto m) { m.initObsoleteSave().template initAs<capnp::Data>(60'000); });
      }
    }
    if (manner_ == "many capabilities") {
      write([question](auto m) {
        auto answer = m.initReturn();
        answer.setAnswerId(question);
        auto table = answer.initResults().initCapTable(kMany);
        for (unsigned i = 0; i < kMany; ++i) table[i].setSenderHosted(i);
      });
    }
    if (manner_ == "finish flood") {
      for (unsigned i = 0; i < kMany; ++i)
        write([](auto m) { m.initFinish().setQuestionId(1u << 30); });
    }
    if (manner_ == "resolve flood") {
      for (unsigned i = 0; i < kMany; ++i) {
        write([i](auto m) {
          auto resolve = m.initResolve();
          resolve.setPromiseId(1u << 20);
          resolve.initCap().setSenderHosted(i + 1);
        });
      }
    }
    if (manner_ == "bell flood") ring(1'000'000);
    if (manner_ == "garbage on the page") {
      std::memset(static_cast<void*>(&mapping_.page().progress), 0xff,
                  sizeof(phial::ProgressBoard));
      ring(10);
    }
    if (manner_ == "garbage") {
      const std::vector<char> garbage(100'000, 'g');
      writeRaw(garbage.data(), garbage.size());
    }
    if (manner_ == "arena claim") {
      phial::detail::ArenaReference reference;
      reference.offset = 4096;
      reference.bytes = std::uint64_t{256} << 20;
      writeRaw(&reference, sizeof reference);
    }
    if (manner_ == "arena hole") writeHole();
    if (manner_ == "parcels") sendParcels();
    if (manner_ == "call") write([](auto m) { m.initCall().initTarget().setImportedCap(0); });
  }

  void ring(int times) {
    const std::uint32_t bell[] = {phial::FrameReader::kBell, 0};
    std::vector<std::uint32_t> bells;
    for (int i = 0; i < times; ++i) bells.insert(bells.end(), std::begin(bell), std::end(bell));
    writeRaw(bells.data(), bells.size() * sizeof bells[0]);
  }

  // In the place of items. The master sleeps until the bell.
  void emitBadly(unsigned slot) {
    auto& room = mapping_.results().words[slot / phial::kBatchSlots % phial::kBatches];
    auto& ring = mapping_.page().items;
    room.fill(~std::uint64_t{0});
    std::uint64_t written = 100;
    if (manner_ == "stream without credit") written = room.size() + 1;
    if (manner_ == "stream that counts wrong") written = ~std::uint64_t{0};
    if (manner_ == "stream of an empty item") room[0] = 0;
    if (manner_ == "stream of garbage") room[0] = 50;
    ring.written.store(written);
    this->ring(1);
  }

  // A true table in front of a body that was never written.
  void writeHole() {
    constexpr std::uint32_t kWords = (200u << 20) / 8;
    const std::uint32_t table[] = {0, kWords};
    phial::detail::ArenaReference reference;
    reference.offset = 4096;
    reference.bytes = sizeof table + std::uint64_t{kWords} * 8;
    if (::pwrite(phial::kReplyArenaFd, table, sizeof table, 4096) < 0) return;
    writeRaw(&reference, sizeof reference);
  }

  static void sendParcels() {
    phial::detail::FileLane lane{kj::AutoCloseFd(::dup(phial::kFileLaneFd))};
    const std::vector<int> files(250, 1);
    try {
      for (std::uint64_t parcel = 1u << 20;; ++parcel) lane.send(parcel, files);
    } catch (const phial::EncodingError&) {  // the socket is full
    }
  }

  const std::string manner_;
  phial::ControlPageMapping mapping_;
};

}  // namespace

int main(int argc, char** argv) {
  try {
    Hostile(argc > 1 ? argv[1] : "").serve();
  } catch (const kj::Exception&) {
    return 1;  // the master has gone
  }
}
