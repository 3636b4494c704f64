// One client: its lines, and the request that is being worked on.
#pragma once

#include <phial/master.h>
#include <phial/net.h>

#include <deque>
#include <memory>
#include <string>
#include <string_view>

class Server;

/// Answers one request after the other, each with one line. Goes on reading meanwhile, so that a
/// client that leaves is noticed and its job cancelled.
class Session final : public phial::LineReceiver, public std::enable_shared_from_this<Session> {
 public:
  explicit Session(Server& server) : LineReceiver("\n", kMaxLineBytes), server_(server) {}

  void connectionMade() override;
  void lineReceived(std::string_view line) override;
  void connectionLost(const phial::Failure& reason) override;

  /// Sends what is to be sent and closes the connection.
  void end() { transport().loseConnection(); }

 private:
  static constexpr std::size_t kMaxLineBytes = 1024;
  static constexpr std::size_t kMaxWaiting = 16;

  void serve(const std::string& line);
  void finish(const std::string& answer);

  Server& server_;
  std::deque<std::string> waiting_;  // lines behind the one that is being served
  bool serving_ = false;
  phial::Deferred<void> job_;
};
