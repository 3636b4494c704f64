// A program on libuv that asks a pool which of its arguments are prime.
#include <phial/master.h>
#include <phial/uv.h>
#include <phial/worker.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <tuple>

#include "common/prime.h"

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  phial::Reactor reactor;
  phial::uv::Loop loop(uv_default_loop(), reactor);
  phial::ProcessPool pool(reactor);

  int left = argc - 1;
  // reactor.stop() lets go of the loop, and uv_run returns.
  const auto end = [&] { pool.stop().addBoth([&](auto&&) { reactor.stop(); }); };
  for (int i = 1; i < argc; ++i) {
    const std::uint64_t n = std::strtoull(argv[i], nullptr, 10);
    phial::uv::run<isPrime>(pool, std::tuple(n), [&, n](phial::Outcome<bool> prime) {
      std::printf("%llu is %s\n", static_cast<unsigned long long>(n),
                  !prime.ok()     ? prime.failure().message().c_str()
                  : prime.value() ? "prime"
                                  : "composite");
      if (--left == 0) end();
    });
  }
  if (left == 0) end();
  uv_run(uv_default_loop(), UV_RUN_DEFAULT);
  uv_loop_close(uv_default_loop());
}
