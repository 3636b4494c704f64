// A program that uses the component fiber of an installed copy.
#include <phial/master/fiber.h>

int main() {
  phial::Reactor reactor;
  auto fiber = phial::spawnFiber(reactor, [] { return phial::waitForDeferred(phial::succeed(0)); });
  return phial::waitForFiber(reactor, std::move(fiber));
}
