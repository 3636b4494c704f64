// A program on GLib's main loop that asks a pool which of its arguments are prime.
#include <phial/glib.h>
#include <phial/master.h>
#include <phial/worker.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <tuple>

#include "common/prime.h"

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  GMainLoop* const mainLoop = g_main_loop_new(nullptr, FALSE);
  phial::Reactor reactor;
  phial::glib::Loop loop(nullptr, reactor);
  phial::ProcessPool pool(reactor);

  int left = argc - 1;
  const auto end = [&] { pool.stop().addBoth([&](auto&&) { g_main_loop_quit(mainLoop); }); };
  for (int i = 1; i < argc; ++i) {
    const std::uint64_t n = std::strtoull(argv[i], nullptr, 10);
    phial::glib::run<isPrime>(pool, std::tuple(n), nullptr, [&, n](phial::Outcome<bool> prime) {
      std::printf("%llu is %s\n", static_cast<unsigned long long>(n),
                  !prime.ok()     ? prime.failure().message().c_str()
                  : prime.value() ? "prime"
                                  : "composite");
      if (--left == 0) end();
    });
  }
  if (left > 0) g_main_loop_run(mainLoop);
  g_main_loop_unref(mainLoop);
}
