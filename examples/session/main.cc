// Sessions: a leased worker for each user, with a notebook that lasts from call to call.
#include <phial/master.h>
#include <phial/worker.h>

#include <cstdio>
#include <map>
#include <string>
#include <utility>

#include "notebook.h"
#include "options.h"

namespace {

// As many users as there are leases write at a time; a further one would wait.
constexpr std::size_t kMostUsers = 8;

using Users = std::map<std::string, phial::Lease>;

void say(const std::string& user, const std::string& text) {
  std::printf("%s: %s\n", user.c_str(), text.c_str());
}

phial::Deferred<void> write(phial::ProcessPool& pool, Users& users, std::string user,
                            std::string line) {
  auto found = users.find(user);
  if (found == users.end()) {
    phial::Lease lease = co_await pool.lease();
    found = users.emplace(user, std::move(lease)).first;
  }
  auto answer = found->second.deferToProcess<evaluate>(line);
  auto outcome = co_await std::move(answer).outcome();
  if (outcome.ok()) co_return say(user, outcome.value());
  if (!found->second.over()) co_return say(user, "sorry, " + outcome.failure().message());
  users.erase(found);  // the next line of this user begins a new notebook
  say(user, "the notebook is lost");
}

phial::Deferred<void> serve(phial::ProcessPool& pool, const Options& options) {
  Users users;
  for (const std::string& text : options.lines) {
    const auto colon = text.find(": ");
    co_await write(pool, users, text.substr(0, colon), text.substr(colon + 2));
  }
}

}  // namespace

int main(int argc, char** argv) {
  phial::serveIfWorker(argc, argv);
  const Options options = parseOptions(argc, argv);
  phial::Reactor reactor;
  phial::ProcessPool pool(reactor, {.name = "session",
                                    .min = 0,
                                    .max = kMostUsers,
                                    .maxLeases = kMostUsers,
                                    .onLog = [](const phial::LogRecord&) {}});  // of the crash
  auto served =
      serve(pool, options).addCallback([&] { return pool.stop(); }).addCallback([] { return 0; });
  return phial::react(reactor, "session", std::move(served));
}
