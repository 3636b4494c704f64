#include <cxxabi.h>
#include <kj/exception.h>
#include <phial/protocol/failure.h>

#include <algorithm>
#include <stdexcept>

namespace phial {
namespace {

// What an exception says of itself.
struct Description {
  std::vector<std::string> types;
  std::string message;
  std::string traceback;
  bool remote = false;
};

// REQUIRES: a catch block.
std::vector<std::string> currentTypes() {
  const std::type_info* type = abi::__cxa_current_exception_type();
  // Foreign exceptions, of other languages, have no type.
  return type ? detail::typeNames(*type) : std::vector<std::string>{"unknown"};
}

std::string kjTraceback(const kj::Exception& e) {
  auto trace = e.getStackTrace();
  if (trace.size() == 0 && e.getRemoteTrace().size() == 0) return {};
  auto text = kj::str("  ", e.getFile(), ":", e.getLine(), kj::stringifyStackTrace(trace), "\n",
                      e.getRemoteTrace());
  return text.cStr();
}

Description describe(const std::exception_ptr& exception) {
  Description d;
  try {
    std::rethrow_exception(exception);
  } catch (const RemoteError& e) {
    return {e.types(), e.what(), e.traceback(), true};
  } catch (const kj::Exception& e) {  // before std::exception, whose what() is the whole story
    d = {currentTypes(), e.getDescription().cStr(), kjTraceback(e)};
  } catch (const std::exception& e) {
    d = {currentTypes(), e.what(), {}};
  } catch (const std::string& text) {
    d = {currentTypes(), text, {}};
  } catch (const char* text) {
    d = {currentTypes(), text ? text : "null", {}};
  } catch (int number) {
    d = {currentTypes(), std::to_string(number), {}};
  } catch (...) {
    d = {currentTypes(), {}, {}};
    d.message = "exception of type " + d.types.front();
  }
  return d;
}

}  // namespace

RemoteError::RemoteError(RemoteInfo info) : Error(info.message) {
  if (info.types.empty()) info.types.emplace_back("unknown");
  info_ = std::make_shared<const RemoteInfo>(std::move(info));
}

struct Failure::State {
  explicit State(std::exception_ptr e)
      : exception(std::move(e)), description(describe(exception)) {}

  std::exception_ptr exception;
  Description description;
  detail::StackTrace trace;  // when the description has no traceback of its own
  std::optional<std::size_t> index;
};

// What this thread's latest rethrow() came from: when that exception is caught again, here or in a
// coroutine, its Failure is the old one, with the traceback it had.
struct Failure::Rethrown {
  static void note(const std::shared_ptr<const State>& state) {
    if (!gone) latest.state = state;
  }
  static std::shared_ptr<const State> find(const std::exception_ptr& exception) {
    auto state = gone ? nullptr : latest.state.lock();
    return state && state->exception == exception ? state : nullptr;
  }

  ~Rethrown() { gone = true; }

  std::weak_ptr<const State> state;
  static thread_local Rethrown latest;
  // Destructors of static objects run after `latest` has gone.
  static constinit thread_local bool gone;
};

thread_local Failure::Rethrown Failure::Rethrown::latest;
constinit thread_local bool Failure::Rethrown::gone = false;

Failure::Failure(std::exception_ptr exception) {
  if (!exception) throw std::invalid_argument("a Failure needs an exception");
  auto state = std::make_shared<State>(std::move(exception));
  if (!state->description.remote && state->description.traceback.empty()) {
    state->trace = detail::StackTrace::capture(1);
  }
  state_ = std::move(state);
}

Failure::Failure(std::exception_ptr exception, std::string traceback) {
  if (!exception) throw std::invalid_argument("a Failure needs an exception");
  auto state = std::make_shared<State>(std::move(exception));
  state->description.traceback = std::move(traceback);
  state_ = std::move(state);
}

Failure Failure::current() {
  auto exception = std::current_exception();
  if (!exception) throw std::logic_error("Failure::current() outside a catch block");
  if (auto state = Rethrown::find(exception)) return Failure(std::move(state));
  return Failure(std::move(exception));
}

Failure Failure::remote(RemoteInfo info) {
  return Failure(std::make_exception_ptr(RemoteError(std::move(info))));
}

bool Failure::check(std::string_view qualifiedTypeName) const {
  const auto& names = types();
  return std::find(names.begin(), names.end(), qualifiedTypeName) != names.end();
}

bool Failure::isRemote() const { return state_->description.remote; }

const std::vector<std::string>& Failure::types() const { return state_->description.types; }

const std::string& Failure::message() const { return state_->description.message; }

std::string Failure::traceback() const {
  const std::string& own = state_->description.traceback;
  std::string text = own.empty() ? state_->trace.text() : own;
  if (!state_->index) return text;
  if (!text.empty() && !text.ends_with('\n')) text += '\n';
  return text + "  element " + std::to_string(*state_->index) + " of the range\n";
}

Failure Failure::atIndex(std::size_t index) const {
  auto state = std::make_shared<State>(*state_);
  state->index = index;
  return Failure(std::shared_ptr<const State>(std::move(state)));
}

std::optional<std::size_t> Failure::index() const { return state_->index; }

void Failure::rethrow() const {
  Rethrown::note(state_);
  std::rethrow_exception(state_->exception);
}

const std::exception_ptr& Failure::exception() const { return state_->exception; }

}  // namespace phial
