#include <phial/master/detail/argument_writing.h>

#include <string>

namespace phial::inline v1::detail {

std::shared_ptr<ArgumentMessage> newArgumentMessage() {
  return {new ArgumentMessage, [](ArgumentMessage* message) {
            destroyAside(std::unique_ptr<ArgumentMessage>(message));
          }};
}

void requireAtMost(ArgumentMessage& message, std::uint64_t mostBytes) {
  const auto bytes = message.sizeInWords() * sizeof(capnp::word);
  if (bytes <= mostBytes) return;
  throwEncoding("the arguments need more than " + std::to_string(bytes) +
                " bytes; the pool's limit for a message is " + std::to_string(mostBytes));
}

}  // namespace phial::inline v1::detail
