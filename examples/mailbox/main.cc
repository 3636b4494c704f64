// The mailbox: Deferreds, a LoopingCall and a pool in the smallest program that needs them all.
#include <phial/master.h>
#include <phial/worker.h>

#include <chrono>
#include <utility>

#include "options.h"
#include "post_office.h"

int main(int argc, char** argv) {
  using namespace std::chrono_literals;
  phial::serveIfWorker(argc, argv);
  const Options options = parseOptions(argc, argv);
  phial::Reactor reactor;
  phial::ProcessPool pool(
      reactor,
      {.name = "mailbox", .max = 1, .onLog = [](const phial::LogRecord&) {}});  // of the bomb
  PostOffice office(reactor, pool);
  // Closed a little after the last letter. A failure of any step ends the program with 1.
  auto day =
      office.open(options.interval)
          .addCallback([&] { return phial::deferLater(reactor, 10ms, [&] { office.close(); }); })
          .addCallback([&] { return pool.stop(); })
          .addCallback([] { return 0; });
  return phial::react(reactor, "mailbox", std::move(day));
}
