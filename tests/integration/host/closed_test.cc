// Hosts that have closed their standard descriptors. Others get those numbers then.
#include <fcntl.h>
#include <phial/master/process.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>

#include "host_jobs.h"
#include "in_child.h"
#include "tests/integration/pool/pool_fixture.h"

namespace phial {
namespace {

void closeStandard() {
  for (const int fd : {0, 1, 2}) ::close(fd);
}

// "0 1" when those are open.
std::string openStandard() {
  std::string text;
  struct stat status{};
  for (const int fd : {0, 1, 2}) {
    if (::fstat(fd, &status) == 0) text += std::to_string(fd) + " ";
  }
  return text;
}

TEST(HostClosedTest, ReactorPoolAndWorkersLeaveTheStandardNumbersFree) {
  EXPECT_EQ(host::inChild([]() -> std::string {
              closeStandard();
              Reactor reactor;
              ProcessPool pool(reactor, {.min = 2, .max = 2});
              host::finish(reactor, pool.start());
              const SharedArray<int> array(3);
              auto seen = host::show(host::await(reactor, pool.deferToProcess<host::addOne>(1)));
              seen += host::show(host::await(reactor, pool.deferToProcess<host::sizeOf>(array)));
              seen += " " + openStandard();
              host::finish(reactor, pool.stop());
              return seen;
            }),
            "okok ");
}

// As libevent's pipe for signals may be.
TEST(HostClosedTest, AChildsOutputDoesNotReachWhatHasTheNumberOfStderr) {
  EXPECT_EQ(host::inChild([]() -> std::string {
              Reactor reactor;
              std::array<int, 2> wakeUps{};
              if (::pipe2(wakeUps.data(), O_CLOEXEC | O_NONBLOCK) != 0) return "no pipe";
              ::dup3(wakeUps[1], 2, O_CLOEXEC);
              SpawnOptions options;
              options.executable = "/bin/sh";
              options.args = {"-c", "echo harm >&2"};
              Process process = reactor.spawnProcess(options);
              process.onExit([&](const ExitStatus&) { reactor.stop(); });
              reactor.run();
              std::array<char, 16> read{};
              const auto got = ::read(wakeUps[0], read.data(), read.size());
              return got < 0 ? "nothing" : std::string(read.data(), static_cast<std::size_t>(got));
            }),
            "nothing");
}

}  // namespace
}  // namespace phial
