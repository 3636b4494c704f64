#include "server.h"

#include <chrono>
#include <utility>
#include <vector>

#include "session.h"

namespace {

using namespace std::chrono_literals;

// For a client that does not read its last answer.
constexpr auto kFarewell = 1s;

}  // namespace

std::shared_ptr<phial::Protocol> Server::buildProtocol(const phial::Address&) {
  return std::make_shared<Session>(*this);
}

phial::Deferred<std::string> Server::hash(const std::string& user, const std::string& password) {
  return limited()
      .deferToProcess<hashPassword>(password, options_.cost)
      .addCallback([this, user](std::string hash) {
        hashes_[user] = std::move(hash);
        return std::string("ok");
      });
}

phial::Deferred<std::string> Server::verify(const std::string& user, const std::string& password) {
  const auto found = hashes_.find(user);
  if (found == hashes_.end()) return phial::succeed(std::string("unknown user"));
  return limited()
      .deferToProcess<verifyPassword>(password, found->second)
      .addCallback([](bool right) { return std::string(right ? "ok" : "wrong"); });
}

void Server::closed(Session& session) {
  sessions_.erase(&session);
  if (closing_ && sessions_.empty() && !allClosed_.called()) allClosed_.callback();
}

phial::Deferred<void> Server::closeSessions() {
  closing_ = true;
  if (sessions_.empty()) return phial::succeed();
  auto made = phial::newDeferred<void>([] {});
  allClosed_ = std::move(made.resolver);
  for (Session* const session : std::vector(sessions_.begin(), sessions_.end())) session->end();
  return std::move(made.deferred)
      .addTimeout(kFarewell, reactor_)
      .addErrback([](const phial::Failure&) {});
}
