#include <phial/master/detail/co_await_safety.h>
#include <phial/master/process_output.h>
#include <phial/master/process_protocol.h>

#include <csignal>
#include <memory>
#include <utility>

namespace phial::inline v1 {

static_assert(detail::kSafeInCoAwait<RunOptions>);

namespace {

// Where the program's stderr goes.
enum class ErrorTo { ownText, outText };

// Collects what a program writes, up to a limit, and gives it away at the end.
template <class T>
class Collector : public ProcessProtocol {
 public:
  Collector(Resolver<T> resolver, const RunOptions& options, ErrorTo errorTo)
      : resolver_(std::move(resolver)),
        input_(options.input ? *options.input : std::string()),
        room_(options.mostOutputBytes),
        errorTo_(errorTo) {}

  /// Ends the program; the Deferred is somebody else's to fire.
  void abandon() {
    abandoned_ = true;
    kill();
  }

 protected:
  /// Makes the result of a program that has exited by itself. Throws the failure.
  virtual T result(ProcessOutput output) = 0;

 private:
  void connectionMade() override {
    if (input_.empty()) return;
    transport().write(std::move(input_));
    transport().closeStdin();
  }

  void outReceived(std::string_view bytes) override { keep(output_.out, bytes); }
  void errReceived(std::string_view bytes) override {
    keep(errorTo_ == ErrorTo::outText ? output_.out : output_.err, bytes);
  }

  void keep(std::string& text, std::string_view bytes) {
    if (abandoned_ || tooLarge_) return;
    if (bytes.size() > room_) {
      tooLarge_ = true;
      return kill();
    }
    room_ -= bytes.size();
    text += bytes;
  }

  void kill() {
    if (!transport().status()) transport().signalProcess(SIGKILL);
    transport().loseConnection();
  }

  void processEnded(const Failure& reason) override {
    if (abandoned_) return;
    if (tooLarge_) {
      return resolver_.errback(OutputTooLarge("the program has written more than it may"));
    }
    const auto* const exit = reason.as<ProcessExit>();
    if (exit == nullptr || !exit->exitCode()) return resolver_.errback(reason);
    output_.exitCode = *exit->exitCode();
    try {
      resolver_.callback(result(std::move(output_)));
    } catch (const UnexpectedErrorOutput&) {
      resolver_.errback(Failure::current());
    }
  }

  const Resolver<T> resolver_;
  std::string input_;
  std::size_t room_;
  const ErrorTo errorTo_;
  ProcessOutput output_;
  bool abandoned_ = false;
  bool tooLarge_ = false;
};

class OutputCollector final : public Collector<std::string> {
 public:
  using Collector::Collector;

 private:
  std::string result(ProcessOutput output) override {
    if (!output.err.empty()) throw UnexpectedErrorOutput(std::move(output.err));
    return std::move(output.out);
  }
};

class ValueCollector final : public Collector<int> {
 public:
  using Collector::Collector;

 private:
  int result(ProcessOutput output) override { return output.exitCode; }
};

class WholeCollector final : public Collector<ProcessOutput> {
 public:
  using Collector::Collector;

 private:
  ProcessOutput result(ProcessOutput output) override { return output; }
};

ProcessSpawnOptions spawnOptions(const RunOptions& options, const ChildDescriptor& output) {
  ProcessSpawnOptions spawn;
  if (options.environment) spawn.environment = *options.environment;
  if (options.directory) spawn.directory = *options.directory;
  spawn.uid = options.uid;
  spawn.gid = options.gid;
  spawn.childFds = {{1, output}, {2, output}};
  if (options.input && !options.input->empty()) spawn.childFds[0] = PipeToChild{};
  spawn.processGroup = options.processGroup;
  return spawn;
}

template <class T, class C>
Deferred<T> run(Reactor& reactor, std::string program, std::vector<std::string> args,
                const RunOptions& options, ErrorTo errorTo, const ChildDescriptor& output) {
  const auto running = std::make_shared<std::weak_ptr<C>>();
  auto made = newDeferred<T>([running] {
    if (const auto collector = running->lock()) collector->abandon();
  });
  const auto collector = std::make_shared<C>(std::move(made.resolver), options, errorTo);
  *running = collector;
  try {
    reactor.spawnProcess(collector, std::move(program), std::move(args),
                         spawnOptions(options, output));
  } catch (const Error&) {
    return fail<T>(Failure::current());
  }
  return std::move(made.deferred);
}

}  // namespace

UnexpectedErrorOutput::UnexpectedErrorOutput(std::string text)
    : Error("the program has written to its standard error"),
      text_(std::make_shared<const std::string>(std::move(text))) {}

std::string UnexpectedErrorOutput::describe() const { return std::string(what()) + ": " + *text_; }

Deferred<std::string> getProcessOutput(Reactor& reactor, std::string program,
                                       std::vector<std::string> args, const RunOptions& options) {
  const bool included = options.errorOutput == ErrorOutput::isIncluded;
  return run<std::string, OutputCollector>(reactor, std::move(program), std::move(args), options,
                                           included ? ErrorTo::outText : ErrorTo::ownText,
                                           PipeFromChild{});
}

Deferred<int> getProcessValue(Reactor& reactor, std::string program, std::vector<std::string> args,
                              const RunOptions& options) {
  return run<int, ValueCollector>(reactor, std::move(program), std::move(args), options,
                                  ErrorTo::ownText, DevNull{});
}

Deferred<ProcessOutput> getProcessOutputAndValue(Reactor& reactor, std::string program,
                                                 std::vector<std::string> args,
                                                 const RunOptions& options) {
  return run<ProcessOutput, WholeCollector>(reactor, std::move(program), std::move(args), options,
                                            ErrorTo::ownText, PipeFromChild{});
}

}  // namespace phial::inline v1
