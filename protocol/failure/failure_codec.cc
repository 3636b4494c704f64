#include <kj/exception.h>
#include <phial/protocol/error.h>
#include <phial/protocol/failure_codec.h>
#include <phial/protocol/value_capnp.h>

#include <string>
#include <vector>

namespace phial::inline v1 {
namespace {

using Kind = schema::Failure::Kind;

Kind kindOf(const Failure& failure) {
  if (failure.fromJob()) return Kind::USER;
  if (failure.check<EncodingError>()) return Kind::ENCODING;
  if (failure.check<UnknownFunction>()) return Kind::UNKNOWN_FUNCTION;
  if (failure.check<CancelledError>()) return Kind::CANCELLED;
  return Kind::SERVING;
}

std::string text(capnp::Text::Reader reader) { return {reader.begin(), reader.size()}; }

// A text field of unbounded origin: what() may hold anything of any length.
constexpr std::size_t kMaxTextBytes = 1 << 20;

capnp::Text::Reader clipped(const std::string& text, std::string& scratch) {
  if (text.size() <= kMaxTextBytes) return {text.c_str(), text.size()};
  scratch = text.substr(0, kMaxTextBytes) + " ... (clipped)";
  return {scratch.c_str(), scratch.size()};
}

Failure decodeRemote(schema::Failure::Reader from) {
  RemoteInfo info;
  for (auto type : from.getTypes()) info.types.push_back(text(type));
  info.message = text(from.getMessage());
  info.traceback = text(from.getTraceback());
  if (from.hasCategory()) info.code = ErrorCode{from.getCode(), text(from.getCategory())};
  info.fromJob = from.getKind() != Kind::SERVING;
  info.mayHaveRun = !from.getNeverRun();
  return Failure::remote(std::move(info));
}

template <class E>
Failure own(schema::Failure::Reader from) {
  const Failure failure{E(text(from.getMessage()))};
  return from.getNeverRun() ? failure.neverRun() : failure;
}

Failure decode(schema::Failure::Reader from) {
  switch (from.getKind()) {
    case Kind::ENCODING:
      return own<EncodingError>(from);
    case Kind::UNKNOWN_FUNCTION:
      return own<UnknownFunction>(from);
    case Kind::CANCELLED:
      return own<CancelledError>(from);
    case Kind::USER:
    case Kind::STARTUP:
    case Kind::SERVING:
      break;
  }
  return decodeRemote(from);
}

}  // namespace

void encodeFailure(const Failure& failure, schema::Failure::Builder to) {
  std::string scratch;
  to.setKind(kindOf(failure));
  const auto& types = failure.types();
  auto list = to.initTypes(static_cast<unsigned>(types.size()));
  for (unsigned i = 0; i < types.size(); ++i) list.set(i, types[i].c_str());
  to.setMessage(clipped(failure.message(), scratch));
  to.setTraceback(clipped(failure.traceback(), scratch));
  to.setNeverRun(!failure.mayHaveRun());
  if (const auto& code = failure.code()) {
    to.setCode(code->value);
    to.setCategory(code->category.c_str());
  }
}

std::uint64_t failureWords(const Failure& failure) {
  constexpr std::uint64_t kSlack = 20;
  std::uint64_t bytes = std::min(failure.message().size(), kMaxTextBytes) +
                        std::min(failure.traceback().size(), kMaxTextBytes);
  for (const auto& type : failure.types()) bytes += type.size() + 24;
  if (const auto& code = failure.code()) bytes += code->category.size();
  return bytes / 8 + kSlack;
}

Failure decodeFailure(schema::Failure::Reader from) {
  try {
    return decode(from);
  } catch (const kj::Exception& e) {
    return Failure(EncodingError(std::string("a failure arrived that cannot be read: ") +
                                 e.getDescription().cStr()));
  }
}

std::uint64_t Codec<Failure>::words(const Failure& failure) {
  return detail::messageWords(failureWords(failure));
}

void Codec<Failure>::write(const Failure& failure, ValueWriter to) {
  const auto typeId = capnp::typeId<schema::Failure>();
  encodeFailure(failure, detail::initMessage(to, typeId).initAs<schema::Failure>());
}

Failure Codec<Failure>::read(ValueReader value) {
  return decodeFailure(
      detail::messageContent(value, capnp::typeId<schema::Failure>()).getAs<schema::Failure>());
}

}  // namespace phial::inline v1
