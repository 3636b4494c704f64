#include <phial/master/react.h>

#include <cstdio>
#include <string>

namespace phial {

int react(Reactor& reactor, std::string_view program, Deferred<int> main) {
  int status = 1;
  main.addCallback([&](int result) { status = result; })
      .addErrback([&](const Failure& failure) {
        std::fprintf(stderr, "%s: %s\n", std::string(program).c_str(), failure.message().c_str());
      })
      .addBoth([&](auto&&) { reactor.stop(); });
  reactor.run();
  return status;
}

}  // namespace phial
