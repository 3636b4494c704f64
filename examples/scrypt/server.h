// What the sessions share: the pool, the hashes, and who is connected.
#pragma once

#include <phial/master.h>
#include <phial/net.h>

#include <map>
#include <memory>
#include <string>
#include <unordered_set>

#include "options.h"

class Session;

class Server final : public phial::Factory {
 public:
  /// Borrows all three; they outlive the last session.
  Server(phial::Reactor& reactor, phial::ProcessPool& pool, const Options& options)
      : reactor_(reactor), pool_(pool), options_(options) {}

  std::shared_ptr<phial::Protocol> buildProtocol(const phial::Address& peer) override;
  void opened(Session& session) { sessions_.insert(&session); }
  void closed(Session& session);

  /// A hash, which is kept as the user's. Fails with QueueFull, DeadlineExceeded, PoolStopped.
  phial::Deferred<std::string> hash(const std::string& user, const std::string& password);
  /// "ok", "wrong" or "unknown user". Fails as hash().
  phial::Deferred<std::string> verify(const std::string& user, const std::string& password);

  /// Closes every session when its answers have been sent. Fires when all are gone.
  phial::Deferred<void> closeSessions();

 private:
  auto limited() { return pool_.with({.deadline = reactor_.now() + options_.limit}); }

  phial::Reactor& reactor_;
  phial::ProcessPool& pool_;
  const Options& options_;
  std::map<std::string, std::string> hashes_;
  std::unordered_set<Session*> sessions_;
  phial::Resolver<void> allClosed_;
  bool closing_ = false;
};
