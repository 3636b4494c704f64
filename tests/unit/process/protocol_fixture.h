// What the tests of ProcessProtocol share: a protocol that writes down what it hears.
#pragma once

#include <gmock/gmock.h>
#include <phial/master/process_protocol.h>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/process/process_fixture.h"

namespace phial {

/// Keeps the bytes of each descriptor and the order of the other calls; `on` is called at each.
class RecordingProtocol : public ProcessProtocol {
 public:
  using ProcessProtocol::transport;

  std::function<void(const std::string& event)> on = [](const std::string&) {};
  std::map<int, std::string> data;
  std::vector<std::string> events;
  std::optional<Failure> exitReason;
  std::optional<Failure> endReason;

 private:
  void connectionMade() override { note("made"); }
  void childDataReceived(int childFd, std::string_view bytes) override {
    data[childFd] += bytes;
    on("data");
  }
  void childConnectionLost(int childFd) override { note("lost " + std::to_string(childFd)); }
  void processExited(const Failure& reason) override {
    exitReason = reason;
    note("exited");
  }
  void processEnded(const Failure& reason) override {
    endReason = reason;
    note("ended");
  }
  void note(const std::string& event) {
    events.push_back(event);
    on(event);
  }
};

class ProtocolFixture : public ProcessFixture {
 protected:
  using Recording = std::shared_ptr<RecordingProtocol>;

  static std::vector<std::string> script(std::string text) { return {"-c", std::move(text)}; }

  Recording spawn(std::string text, ProcessSpawnOptions options = {}) {
    return spawn(std::make_shared<RecordingProtocol>(), std::move(text), std::move(options));
  }
  Recording spawn(Recording protocol, std::string text, ProcessSpawnOptions options = {}) {
    reactor_->spawnProcess(protocol, "/bin/sh", script(std::move(text)), std::move(options));
    return protocol;
  }

  /// Runs the loop until the protocol hears `event`.
  void runTo(const Recording& protocol, const std::string& event) {
    const auto before = protocol->on;
    bool seen = false;
    protocol->on = [&, before](const std::string& heard) {
      before(heard);
      if (heard != event || std::exchange(seen, true)) return;
      reactor_->stop();
    };
    reactor_->run();
    protocol->on = before;
  }
  void runToEnd(const Recording& protocol) {
    if (!protocol->endReason) runTo(protocol, "ended");
  }
  /// Runs the loop until `text` has come from the descriptor.
  void runToText(const Recording& protocol, int childFd, const std::string& text) {
    while (protocol->data[childFd].find(text) == std::string::npos) runTo(protocol, "data");
  }

  template <class T>
  Outcome<T> await(Deferred<T> deferred) {
    std::optional<Outcome<T>> result;
    bool waiting = false;
    std::move(deferred).addBoth([&](Outcome<T> outcome) {
      result.emplace(std::move(outcome));
      if (waiting) reactor_->stop();
    });
    waiting = !result;
    if (waiting) reactor_->run();
    return std::move(*result);
  }
};

}  // namespace phial
