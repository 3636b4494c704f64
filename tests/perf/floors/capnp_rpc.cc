// What Cap'n Proto costs alone: calls that do nothing, to a forked child over a socket pair, each
// side on KJ's own loop. One at a time, or a number of them in flight.
#include <capnp/rpc-twoparty.h>
#include <kj/async-io.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "tests/perf/common/allocations.h"
#include "tests/perf/common/command_line.h"
#include "tests/perf/common/sample.h"
#include "tests/perf/common/samples.h"
#include "tests/perf/common/stopwatch.h"
#include "tests/perf/floors/no_op.capnp.h"

namespace {

constexpr int kWarmUp = 200;
constexpr int kInFlight = 1000;
constexpr auto kTakeOwnership = kj::LowLevelAsyncIoProvider::TAKE_OWNERSHIP;

struct Options {
  std::string workload = "latency";
  int calls = 5000;
};

Options parseOptions(int argc, char** argv) {
  Options options;
  CLI::App app("Measures Cap'n Proto calls that do nothing on KJ's own loop.",
               "phial_perf_capnp_rpc");
  app.add_option("--workload", options.workload, "One at a time, or a thousand in flight")
      ->check(CLI::IsMember({"latency", "burst"}))
      ->capture_default_str();
  perf::addCount(app, "calls", options.calls, "Calls");
  perf::parseOrExit(app, argc, argv);
  return options;
}

class Server final : public perf::NoOp::Server {
  kj::Promise<void> call(CallContext) override { return kj::READY_NOW; }
};

[[noreturn]] void serve(int socket) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  auto io = kj::setupAsyncIo();
  auto stream = io.lowLevelProvider->wrapSocketFd(socket, kTakeOwnership);
  capnp::TwoPartyClient network(*stream, kj::heap<Server>(), capnp::rpc::twoparty::Side::SERVER);
  network.onDisconnect().wait(io.waitScope);
  ::_exit(0);
}

void oneAtATime(perf::NoOp::Client& client, kj::WaitScope& scope, int calls) {
  perf::Samples samples;
  const auto before = perf::allocations();
  for (int i = 0; i < calls; ++i) {
    const perf::Stopwatch stopwatch;
    client.callRequest().send().wait(scope);
    samples.add(stopwatch.microseconds());
  }
  const auto allocations = static_cast<double>(perf::allocations() - before);
  perf::print(
      {.workload = "latency",
       .subject = "raw Cap'n Proto",
       .value = samples.median(),
       .unit = "us",
       .also = {
           {"p99Us", samples.p99()}, {"jobs", calls}, {"allocationsPerJob", allocations / calls}}});
}

// Keeps one of the calls in flight going until all have been made.
kj::Promise<void> callOn(perf::NoOp::Client& client, int& left) {
  if (left-- <= 0) return kj::READY_NOW;
  return client.callRequest().send().then([&](auto&&) { return callOn(client, left); });
}

void inFlight(perf::NoOp::Client& client, kj::WaitScope& scope, int calls) {
  const perf::Stopwatch stopwatch;
  int left = calls;
  auto all = kj::heapArrayBuilder<kj::Promise<void>>(kInFlight);
  for (int i = 0; i < kInFlight; ++i) all.add(callOn(client, left));
  kj::joinPromises(all.finish()).wait(scope);
  perf::print({.workload = "burst",
               .subject = "raw Cap'n Proto",
               .value = calls / stopwatch.seconds(),
               .unit = "jobs/s",
               .also = {{"jobs", calls}, {"inFlight", kInFlight}}});
}

void measure(int socket, const Options& options) {
  auto io = kj::setupAsyncIo();
  auto stream = io.lowLevelProvider->wrapSocketFd(socket, kTakeOwnership);
  capnp::TwoPartyClient network(*stream);
  auto client = network.bootstrap().castAs<perf::NoOp>();
  for (int i = 0; i < kWarmUp; ++i) client.callRequest().send().wait(io.waitScope);
  if (options.workload == "burst") {
    inFlight(client, io.waitScope, options.calls);
  } else {
    oneAtATime(client, io.waitScope, options.calls);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parseOptions(argc, argv);
  int sockets[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) {
    std::perror("socketpair");
    return 1;
  }
  const pid_t child = ::fork();
  if (child < 0) {
    std::perror("fork");
    return 1;
  }
  if (child == 0) {
    ::close(sockets[0]);
    serve(sockets[1]);
  }
  ::close(sockets[1]);
  measure(sockets[0], options);
  ::waitpid(child, nullptr, 0);
}
