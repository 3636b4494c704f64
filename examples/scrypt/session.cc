#include "session.h"

#include <cstdio>
#include <sstream>
#include <utility>

#include "server.h"

namespace {

// What a client may know. What it sent stays out of it, and out of the log.
std::string answerTo(const phial::Failure& failure) {
  switch (failure.kind()) {
    case phial::FailureKind::overloaded:
      return "busy";
    case phial::FailureKind::timedOut:
      return "timeout";
    case phial::FailureKind::unavailable:
      return "ending";
    default:
      break;
  }
  std::printf("a request failed: %s\n", failure.describe().c_str());
  return "error";
}

}  // namespace

void Session::connectionMade() {
  server_.opened(*this);
  transport().setTcpNoDelay(phial::TcpOption::on);
}

void Session::lineReceived(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (!serving_) return serve(std::string(line));
  waiting_.emplace_back(line);
  if (waiting_.size() > kMaxWaiting) transport().abortConnection();
}

void Session::serve(const std::string& line) {
  std::istringstream words(line);
  std::string verb;
  std::string user;
  std::string password;
  std::string more;
  words >> verb >> user >> password;
  const bool whole = !password.empty() && !(words >> more);
  if (!whole || (verb != "hash" && verb != "verify")) {
    return sendLine("usage: hash USER PASSWORD | verify USER PASSWORD");
  }
  serving_ = true;
  const auto self = shared_from_this();
  auto answer = verb == "hash" ? server_.hash(user, password) : server_.verify(user, password);
  auto job = std::move(answer)
                 .addErrback([](const phial::Failure& failure) {
                   if (failure.kind() == phial::FailureKind::cancelled) failure.rethrow();
                   return answerTo(failure);
                 })
                 .addCallbacks([self](const std::string& text) { self->finish(text); },
                               [](const phial::Failure&) {});  // the client has gone
  if (serving_) job_ = std::move(job);
}

void Session::finish(const std::string& answer) {
  serving_ = false;
  sendLine(answer);
  while (!serving_ && !waiting_.empty() && !transport().disconnecting()) {
    const std::string next = std::move(waiting_.front());
    waiting_.pop_front();
    serve(next);
  }
}

void Session::connectionLost(const phial::Failure&) {
  waiting_.clear();
  server_.closed(*this);
  if (!serving_) return;
  std::printf("the client has gone, its request is cancelled\n");
  if (auto job = std::exchange(job_, {})) job.cancel();
}
