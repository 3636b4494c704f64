// A calculator whose workers export a Cap'n Proto interface, with objects that stay in the workers
// and a function that stays here.
#include <phial/master.h>
#include <phial/master/client.h>
#include <phial/worker.h>
#include <phial/worker/interface.h>

#include <cstdio>

#include "options.h"
#include "server.h"
#include "session.h"

namespace {

// A statement that fails does not end the others. Returns 1 if one has.
phial::Deferred<int> run(phial::Reactor& reactor, Options options) {
  phial::ProcessPool pool(reactor, {.name = "calculator", .max = options.workers});
  int status = 0;
  {
    Session session(phial::client<calculator::Calculator>(pool));
    for (const auto& statement : options.statements) {
      const auto line = co_await session.run(statement).outcome();
      if (line.ok()) {
        std::printf("%s\n", line.value().c_str());
      } else {
        std::printf("%s: %s\n", statement.c_str(), line.failure().message().c_str());
        status = 1;
      }
    }
  }
  co_await pool.stop();
  co_return status;
}

}  // namespace

int main(int argc, char** argv) {
  if (phial::isWorker()) {
    phial::Worker worker;
    phial::exportInterface(worker, newCalculator());
    return worker.serve(argc, argv);
  }
  const Options options = parseOptions(argc, argv);
  phial::Reactor reactor;
  return phial::react(reactor, "calculator", run(reactor, options));
}
