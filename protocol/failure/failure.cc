#include <cxxabi.h>
#include <kj/exception.h>
#include <phial/protocol/failure.h>

#include <algorithm>
#include <future>
#include <new>
#include <stdexcept>
#include <system_error>

#include "protocol/failure/thread_sanitizer.h"

namespace phial::inline v1 {
namespace {

constexpr int kMostCauses = 16;  // a ring of them would never end

// What an exception says of itself.
struct Description : RemoteInfo {
  std::string causes;            // what it was thrown with, one a line
  bool remote = false;           // another process threw it
  bool described = false;        // and here it is only a RemoteError
  const Error* error = nullptr;  // the exception itself, where it is an Error
};

// What stands for an exception of another language, which has neither type nor text.
class ForeignException final : public std::exception {
 public:
  const char* what() const noexcept override { return "an exception that is not one of C++"; }
};

// Wrappers of the standard library's and of ours: a reader wants what is inside.
bool isWrapper(const std::string& name) {
  return name.starts_with("std::_Nested_exception<") || name == "std::__ios_failure" ||
         name.starts_with("phial::detail::Revived<");
}

// REQUIRES: a catch block.
std::vector<std::string> currentTypes() {
  const std::type_info* type = abi::__cxa_current_exception_type();
  // Foreign exceptions, of other languages, have no type.
  if (type == nullptr) return {"unknown"};
  auto names = detail::typeNames(*type);
  while (names.size() > 1 && isWrapper(names.front())) names.erase(names.begin());
  return names;
}

std::string kjTraceback(const kj::Exception& e) {
  auto trace = e.getStackTrace();
  if (trace.size() == 0 && e.getRemoteTrace().size() == 0) return {};
  auto text = kj::str("  ", e.getFile(), ":", e.getLine(), kj::stringifyStackTrace(trace), "\n",
                      e.getRemoteTrace());
  return text.cStr();
}

std::optional<ErrorCode> codeOf(const std::exception& exception) {
  const auto known = [](const std::error_code& code) {
    return ErrorCode{code.value(), code.category().name()};
  };
  if (const auto* e = dynamic_cast<const std::system_error*>(&exception)) return known(e->code());
  if (const auto* e = dynamic_cast<const std::future_error*>(&exception)) return known(e->code());
  return std::nullopt;
}

Description descriptionOf(const std::exception_ptr& exception, int depth = 0);

// What `exception` was thrown with, by std::throw_with_nested.
std::string causesOf(const std::exception& exception, int depth) {
  const auto* nested = dynamic_cast<const std::nested_exception*>(&exception);
  if (nested == nullptr || nested->nested_ptr() == nullptr || depth == kMostCauses) return {};
  const Description cause = descriptionOf(nested->nested_ptr(), depth + 1);
  return "  caused by " + cause.types.front() + ": " + cause.message + "\n" + cause.causes;
}

// REQUIRES: a catch block.
Description describeCurrent(const char* message) {
  Description d;
  d.types = currentTypes();
  d.message = message != nullptr ? message : "exception of type " + d.types.front();
  return d;
}

Description descriptionOf(const std::exception_ptr& exception, int depth) {
  try {
    std::rethrow_exception(exception);
  } catch (const RemoteError& e) {
    Description d{e.info(), {}, true, true, &e};
    return d;
  } catch (const kj::Exception& e) {  // before std::exception, whose what() is the whole story
    auto d = describeCurrent(e.getDescription().cStr());
    d.traceback = kjTraceback(e);
    return d;
  } catch (const std::exception& e) {
    auto d = describeCurrent(e.what());
    d.code = codeOf(e);
    d.causes = causesOf(e, depth);
    d.error = dynamic_cast<const Error*>(&e);
    return d;
  } catch (const std::string& text) {
    auto d = describeCurrent("");
    d.message = text;
    return d;
  } catch (const char* text) {
    return describeCurrent(text != nullptr ? text : "null");
  } catch (int number) {
    return describeCurrent(std::to_string(number).c_str());
  } catch (...) {
    return describeCurrent(nullptr);
  }
}

// What a thread has of exceptions: the Itanium C++ ABI, section 2.2.2.
struct ThreadsExceptions {
  void* caught;
  unsigned int uncaught;
};
ThreadsExceptions& threadsExceptions() {
  return *reinterpret_cast<ThreadsExceptions*>(abi::__cxa_get_globals());
}

}  // namespace

struct Failure::State {
  explicit State(std::exception_ptr e)
      : exception(std::move(e)), description(descriptionOf(exception)) {}
  explicit State(RemoteInfo info)
      : exception(detail::revive(info)),
        description{std::move(info), {}, true, exception == nullptr, nullptr} {
    if (description.types.empty()) description.types.emplace_back("unknown");
    if (exception == nullptr) exception = std::make_exception_ptr(RemoteError(description));
  }
  State(const State&) = default;
  ~State() { detail::exceptionLetGo(exception); }

  std::exception_ptr exception;
  Description description;
  detail::StackTrace trace;  // when the description has no traceback of its own
  std::optional<std::size_t> index;
  std::string lines;  // of annotated()
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

// A Failure is often made where nothing may be thrown any more. If there is no memory to describe
// the exception, this one takes its place; it was made when there was.
const std::shared_ptr<const Failure::State>& Failure::lastResort() {
  static const auto state = [] {
    auto made = std::make_shared<State>(std::make_exception_ptr(std::bad_alloc()));
    made->description.message = "out of memory: what was thrown could not be described";
    return std::shared_ptr<const State>(std::move(made));
  }();
  return state;
}

namespace {
[[maybe_unused]] const bool kLastResortMade = (Failure(std::bad_alloc()), true);
}

// `traceback` is the caller's, empty or not; without one the stack of our caller's caller is taken.
__attribute__((noinline)) std::shared_ptr<const Failure::State> Failure::makeState(
    std::exception_ptr exception, const std::string* traceback, bool fromJob) noexcept {
  static const auto reserve = lastResort();
  try {
    auto state = std::make_shared<State>(std::move(exception));
    Description& description = state->description;
    if (fromJob) description.fromJob = true;
    if (traceback != nullptr) {
      description.traceback = *traceback;
    } else if (!description.remote && description.traceback.empty()) {
      state->trace = detail::StackTrace::capture(2);
    }
    return state;
  } catch (...) {
    return reserve;
  }
}

namespace {

std::exception_ptr required(std::exception_ptr exception) {
  if (!exception) throw std::invalid_argument("a Failure needs an exception");
  return exception;
}

}  // namespace

Failure::Failure(std::exception_ptr exception)
    : state_(makeState(required(std::move(exception)), nullptr, false)) {}

Failure::Failure(std::exception_ptr exception, std::string traceback)
    : state_(makeState(required(std::move(exception)), &traceback, false)) {}

// REQUIRES: a catch block.
std::exception_ptr Failure::currentException() {
  if (auto exception = std::current_exception()) return exception;
  // What is no C++ exception is caught all the same, and std::current_exception() is null for it.
  auto& exceptions = threadsExceptions();
  if (exceptions.caught == nullptr) {
    throw std::logic_error("Failure::current() outside a catch block");
  }
  const auto uncaught = exceptions.uncaught;
  try {
    throw;
  } catch (abi::__forced_unwind&) {
    throw;  // the C library ends the program if it does not go on
  } catch (...) {
    // libstdc++ counts it as uncaught when it is thrown again, and not as caught here. Code that
    // does not throw beside an uncaught exception, as KJ's, would never again do so in this thread.
    exceptions.uncaught = uncaught;
    return std::make_exception_ptr(ForeignException());
  }
}

Failure Failure::current() {
  auto exception = currentException();
  if (auto state = Rethrown::find(exception)) return Failure(std::move(state));
  return Failure(std::move(exception));
}

Failure Failure::currentOfJob(std::string traceback) {
  return Failure(makeState(currentException(), traceback.empty() ? nullptr : &traceback, true));
}

Failure Failure::remote(RemoteInfo info) {
  return Failure(std::shared_ptr<const State>(std::make_shared<State>(std::move(info))));
}

bool Failure::check(std::string_view qualifiedTypeName) const {
  const auto& names = types();
  return std::find(names.begin(), names.end(), qualifiedTypeName) != names.end();
}

std::optional<bool> Failure::checkRemote(const std::type_info& type, bool belowError) const {
  const Description& description = state_->description;
  // These are what rethrow() throws.
  const bool thrown =
      type == typeid(RemoteError) || type == typeid(Error) || type == typeid(std::exception);
  if (description.described && thrown) return true;
  const std::string name = detail::plainTypeName(type);
  const bool ofPhial = belowError && name.starts_with("phial::");
  if (fromJob() && ofPhial) return false;
  if (check(name)) return true;
  if (description.described) return false;
  return std::nullopt;
}

bool Failure::isRemote() const { return state_->description.remote; }

FailureKind Failure::kind() const {
  const Description& description = state_->description;
  if (description.fromJob || description.error == nullptr) return FailureKind::raised;
  return description.error->kind();
}

bool Failure::fromJob() const { return state_->description.fromJob; }

bool Failure::mayHaveRun() const {
  const Description& description = state_->description;
  if (description.fromJob) return true;
  return description.mayHaveRun &&
         (description.error == nullptr || description.error->mayHaveRun());
}

const DeathCertificate* Failure::certificate() const {
  const Description& description = state_->description;
  return description.fromJob || description.error == nullptr ? nullptr : description.error->death();
}

const std::optional<ErrorCode>& Failure::code() const { return state_->description.code; }

const std::vector<std::string>& Failure::types() const { return state_->description.types; }

const std::string& Failure::message() const { return state_->description.message; }

std::string Failure::describe() const {
  const auto* const error = isRemote() ? nullptr : as<Error>();
  std::string text = type() + ": " + (error != nullptr ? error->describe() : message());
  // A death's account says where the worker was. That the pool heard of it here is no news.
  const bool told = error != nullptr && error->death() != nullptr;
  const std::string trace = told ? notes() : traceback();
  if (!trace.empty()) text += "\n" + trace;
  if (text.ends_with('\n')) text.pop_back();
  return text;
}

std::string Failure::traceback() const {
  const std::string& own = state_->description.traceback;
  std::string text = own.empty() ? state_->trace.text() : own;
  const std::string more = notes();
  if (!more.empty() && !text.empty() && !text.ends_with('\n')) text += '\n';
  return text + more;
}

// What it was thrown with, and the element that it is of.
std::string Failure::notes() const {
  std::string text = state_->description.causes;
  if (!text.empty() && !text.ends_with('\n')) text += '\n';
  if (state_->index) text += "  element " + std::to_string(*state_->index) + " of the range\n";
  return text + state_->lines;
}

Failure Failure::atIndex(std::size_t index) const {
  auto state = std::make_shared<State>(*state_);
  state->index = index;
  return Failure(std::shared_ptr<const State>(std::move(state)));
}

std::optional<std::size_t> Failure::index() const { return state_->index; }

Failure Failure::annotated(std::string lines) const {
  auto state = std::make_shared<State>(*state_);
  state->lines += lines;
  return Failure(std::shared_ptr<const State>(std::move(state)));
}

Failure Failure::neverRun() const {
  auto state = std::make_shared<State>(*state_);
  state->description.mayHaveRun = false;
  return Failure(std::shared_ptr<const State>(std::move(state)));
}

void Failure::rethrow() const {
  Rethrown::note(state_);
  std::rethrow_exception(state_->exception);
}

const std::exception_ptr& Failure::exception() const { return state_->exception; }

}  // namespace phial::inline v1
