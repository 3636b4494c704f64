// A program on Boost.Asio that asks a pool, from coroutines, which of its arguments are prime. Its
// io_context runs on two threads, so the pool has a loop of its own: a BlockingPool.
#include <phial/asio.h>
#include <phial/worker.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <thread>
#include <tuple>

#include "common/prime.h"

namespace {

using boost::asio::use_awaitable;

boost::asio::awaitable<void> answer(phial::BlockingPool& pool, std::uint64_t n) {
  const bool prime =
      co_await phial::asio::run<isPrime>(pool, std::tuple(n), phial::asio::throwing(use_awaitable));
  std::printf("%llu is %s\n", static_cast<unsigned long long>(n), prime ? "prime" : "composite");
}

void rethrow(std::exception_ptr error) {
  if (error) std::rethrow_exception(error);
}

}  // namespace

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  phial::BlockingPool pool;
  boost::asio::io_context context(2);
  for (int i = 1; i < argc; ++i) {
    const std::uint64_t n = std::strtoull(argv[i], nullptr, 10);
    boost::asio::co_spawn(context, answer(pool, n), rethrow);
  }
  std::jthread second([&] { context.run(); });
  context.run();
}
