// A password server. scrypt is made to be slow, and OpenSSL's call blocks until it is done: in the
// loop it would stop everybody. Here it runs in a pool, so that the server answers others, refuses
// what it cannot do in time, and cancels what nobody waits for.
#include <phial/master.h>
#include <phial/net.h>
#include <phial/worker.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>

#include "options.h"
#include "server.h"

namespace {

using namespace std::chrono_literals;

// For the requests that are under way at SIGTERM, and for a job that nobody waits for any more.
constexpr auto kDrain = 10s;
constexpr auto kPatience = 200ms;

void serve(const Options& options) {
  phial::Reactor reactor;
  const phial::PoolOptions poolOptions{.name = "scrypt",
                                       .max = options.workers,
                                       .grace = kPatience,
                                       .maxQueue = options.queue,
                                       .limits = {.coreDumps = phial::CoreDumps::off}};
  phial::ProcessPool pool(reactor, poolOptions);
  const auto server = std::make_shared<Server>(reactor, pool, options);
  phial::Port port = options.socket.empty() ? phial::listenTCP(reactor, options.port, server,
                                                               {.interface = "127.0.0.1"})
                                            : phial::listenUNIX(reactor, options.socket, server);
  std::printf("listening on %s\n", port.getHost().toString().c_str());

  // The requests that were accepted are answered, queued ones included; then the answers are sent.
  const auto ending = phial::stopOnSignals(reactor, pool, {.drainQueue = true, .within = kDrain});
  reactor.addSystemEventTrigger(phial::SystemEventPhase::before, [&] {
    port.stopListening();
    return server->closeSessions();
  });
  reactor.run();
  std::printf("ended\n");
}

}  // namespace

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  const Options options = parseOptions(argc, argv);
  std::setvbuf(stdout, nullptr, _IOLBF, BUFSIZ);  // a log that can be followed
  try {
    serve(options);
    return 0;
  } catch (const phial::Error& error) {
    std::fprintf(stderr, "scrypt: %s\n", error.describe().c_str());
    return 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "scrypt: %s\n", error.what());
    return 1;
  }
}
