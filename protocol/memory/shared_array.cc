#include "phial/protocol/shared_array.h"

#include <phial/protocol/enclosed_files.h>
#include <phial/protocol/value_capnp.h>

#include <string>

namespace phial::inline v1::detail {
namespace {

std::string described(SharedElement element) {
  return "a SharedArray of " + std::string(element.name);
}

}  // namespace

std::uint64_t sharedWords(SharedElement element) {
  using Struct = schema::Shared::_capnpPrivate;
  return kValueWords + Struct::dataWordSize + Struct::pointerCount +
         wordsForBytes(element.name.size() + 1);
}

void encodeShared(const SharedElements& elements, SharedElement element, ValueWriter to) {
  auto shared = builderOf(to).initShared();
  shared.setElement(std::string(element.name).c_str());
  shared.setElementBytes(static_cast<std::uint32_t>(element.bytes));
  shared.setCount(elements.count);
  if (elements.memory) shared.setFile(OutgoingFiles::enclose(elements.memory));
}

SharedElements decodeShared(ValueReader value, SharedElement element) {
  if (value.kind() != ValueKind::shared) throwMismatch(described(element), value);
  const auto shared = capnpOf(value).getShared();
  const auto name = shared.getElement();
  if (std::string_view(name.begin(), name.size()) != element.name) {
    throwMismatch(described(element), value);
  }
  if (shared.getElementBytes() != element.bytes) {
    throwEncoding("expected elements of " + std::to_string(element.bytes) + " bytes, found " +
                  std::to_string(shared.getElementBytes()));
  }
  const std::uint64_t count = shared.getCount();
  if (count == 0) return {nullptr, 0};
  if (count > std::numeric_limits<std::ptrdiff_t>::max() / element.bytes) {
    throwEncoding("a SharedArray claims " + std::to_string(count) + " elements");
  }
  return {IncomingFiles::take(shared.getFile(), count * element.bytes), count};
}

}  // namespace phial::inline v1::detail
