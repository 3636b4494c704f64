#include <capnp/message.h>
#include <capnp/serialize.h>
#include <kj/encoding.h>
#include <phial/master/kj_bridge.h>

#include <cstring>
#include <optional>
#include <string_view>

#include <phial/protocol/failure_report.h>

namespace phial::inline v1::detail {
namespace {

// A kj::Exception has room for texts alone, and copies of it keep nothing else. So what a Failure
// says besides its message travels in a context of the exception's, which this name marks.
constexpr const char* kMark = "phial::Failure";

// How far behind other contexts, which promises add as they pass the exception on.
constexpr int kMostContexts = 64;

kj::Exception::Type typeOf(const Failure& failure) {
  using Type = kj::Exception::Type;
  if (const auto& code = failure.code(); code && code->category == kKjCategory) {
    return static_cast<Type>(code->value);
  }
  if (failure.fromJob()) return Type::FAILED;
  if (failure.check<UnknownFunction, NoSuchInterface>()) return Type::UNIMPLEMENTED;
  switch (failure.kind()) {
    case FailureKind::overloaded:
      return Type::OVERLOADED;
    case FailureKind::crashed:
    case FailureKind::unavailable:
      return Type::DISCONNECTED;
    default:
      return Type::FAILED;
  }
}

kj::String wordsOf(const Failure& failure) {
  capnp::MallocMessageBuilder message(static_cast<capnp::uint>(reportWords(failure)));
  writeReport(failure, message.initRoot<schema::Report>());
  return kj::encodeBase64(capnp::messageToFlatArray(message).asBytes());
}

std::optional<Failure> reportIn(const kj::Exception& exception) {
  auto context = exception.getContext();
  for (int i = 0; i < kMostContexts; ++i) {
    KJ_IF_MAYBE (here, context) {
      if (std::string_view(here->file) != kMark) {
        context =
            here->next.map([](const auto& next) -> const kj::Exception::Context& { return *next; });
        continue;
      }
      const auto bytes = kj::decodeBase64(here->description);
      auto words = kj::heapArray<capnp::word>(bytes.size() / sizeof(capnp::word));
      std::memcpy(words.asBytes().begin(), bytes.begin(), words.asBytes().size());
      capnp::FlatArrayMessageReader message(words);
      return readReport(message.getRoot<schema::Report>());
    }
    break;
  }
  return std::nullopt;
}

}  // namespace

kj::Exception toKjException(const Failure& failure) {
  if (const auto* own = failure.as<kj::Exception>()) return *own;
  kj::Exception exception(typeOf(failure), __FILE__, __LINE__,
                          kj::str(failure.type().c_str(), ": ", failure.message().c_str()));
  exception.wrapContext(kMark, 0, wordsOf(failure));
  return exception;
}

Failure fromKjException(kj::Exception&& exception) {
  try {
    if (auto report = reportIn(exception)) return std::move(*report);
  } catch (const kj::Exception&) {  // a text of somebody else's, by our name
  }
  return Failure(std::make_exception_ptr(kj::mv(exception)));
}

void PromiseRun::cancel(const std::weak_ptr<PromiseRun>& run) {
  if (run.expired()) return;
  kj::evalLater([run] {
    if (auto running = run.lock()) running->canceler_.cancel("the Deferred was cancelled");
  }).detach([](kj::Exception&& e) { kj::throwFatalException(kj::mv(e)); });
}

}  // namespace phial::inline v1::detail
