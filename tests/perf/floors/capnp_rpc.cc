// What Cap'n Proto costs alone: calls that do nothing, to forked children over socket pairs, each
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
#include <string>
#include <vector>

#include "tests/perf/common/allocations.h"
#include "tests/perf/common/command_line.h"
#include "tests/perf/common/sample.h"
#include "tests/perf/common/samples.h"
#include "tests/perf/common/stopwatch.h"
#include "tests/perf/floors/no_op.capnp.h"

namespace {

constexpr int kWarmUp = 200;
constexpr auto kTakeOwnership = kj::LowLevelAsyncIoProvider::TAKE_OWNERSHIP;

struct Options {
  std::string workload = "latency";
  int calls = 5000;
  int inFlight = 1000;
  int processes = 1;
};

Options parseOptions(int argc, char** argv) {
  Options options;
  CLI::App app("Measures Cap'n Proto calls that do nothing on KJ's own loop.",
               "phial_perf_capnp_rpc");
  app.add_option("--workload", options.workload,
                 "One at a time, many in flight, or as `interface` names them")
      ->check(CLI::IsMember({"latency", "burst", "interface"}))
      ->capture_default_str();
  perf::addCount(app, "calls", options.calls, "Calls");
  perf::addCount(app, "in-flight", options.inFlight, "Calls that are under way at a time");
  perf::addCount(app, "processes", options.processes, "Children that the calls are spread over");
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

// Returns how long all of it took, in seconds.
double inFlight(kj::ArrayPtr<perf::NoOp::Client> clients, kj::WaitScope& scope,
                const Options& options) {
  const perf::Stopwatch stopwatch;
  int left = options.calls;
  auto all = kj::heapArrayBuilder<kj::Promise<void>>(static_cast<std::size_t>(options.inFlight));
  for (std::size_t i = 0; i < all.capacity(); ++i) {
    all.add(callOn(clients[i % clients.size()], left));
  }
  kj::joinPromises(all.finish()).wait(scope);
  return stopwatch.seconds();
}

void measure(const std::vector<int>& sockets, const Options& options) {
  auto io = kj::setupAsyncIo();
  kj::Vector<kj::Own<kj::AsyncIoStream>> streams;
  kj::Vector<kj::Own<capnp::TwoPartyClient>> networks;
  kj::Vector<perf::NoOp::Client> clients;
  for (const int socket : sockets) {
    streams.add(io.lowLevelProvider->wrapSocketFd(socket, kTakeOwnership));
    networks.add(kj::heap<capnp::TwoPartyClient>(*streams.back()));
    clients.add(networks.back()->bootstrap().castAs<perf::NoOp>());
  }
  for (auto& client : clients) {
    for (int i = 0; i < kWarmUp; ++i) client.callRequest().send().wait(io.waitScope);
  }
  if (options.workload == "latency") return oneAtATime(clients[0], io.waitScope, options.calls);
  const double seconds = inFlight(clients.asPtr(), io.waitScope, options);
  const bool burst = options.workload == "burst";
  const std::string setup = options.inFlight == 1
                                ? ", one at a time"
                                : ", " + std::to_string(options.inFlight) + " in flight";
  perf::print({.workload = options.workload,
               .subject = "raw Cap'n Proto" + (burst ? std::string() : setup),
               .value = burst ? options.calls / seconds : seconds * 1e6 / options.calls,
               .unit = burst ? "jobs/s" : "us/call",
               .also = {{"jobs", options.calls}, {"inFlight", options.inFlight}}});
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parseOptions(argc, argv);
  std::vector<int> sockets;
  for (int i = 0; i < options.processes; ++i) {
    int pair[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
      std::perror("socketpair");
      return 1;
    }
    const pid_t child = ::fork();
    if (child < 0) {
      std::perror("fork");
      return 1;
    }
    if (child == 0) {
      for (const int socket : sockets) ::close(socket);
      ::close(pair[0]);
      serve(pair[1]);
    }
    ::close(pair[1]);
    sockets.push_back(pair[0]);
  }
  measure(sockets, options);
  while (::wait(nullptr) > 0) {
  }
}
