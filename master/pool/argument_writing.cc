#include <phial/master/detail/argument_writing.h>
#include <phial/protocol/argument_message.h>
#include <phial/protocol/value_capnp.h>

#include <string>
#include <utility>

namespace phial::inline v1::detail {
namespace {

std::shared_ptr<ArgumentMessage> newMessage() {
  return {new ArgumentMessage, [](ArgumentMessage* message) {
            destroyAside(std::unique_ptr<ArgumentMessage>(message));
          }};
}

ListWriter placesIn(ArgumentMessage& message, std::size_t count) {
  return writerOf(message.getRoot<capnp::AnyPointer>().initAs<capnp::List<schema::Value>>(
      static_cast<capnp::uint>(count)));
}

std::uint64_t bytesOf(ArgumentMessage& message) {
  return message.sizeInWords() * sizeof(capnp::word);
}

}  // namespace

ArgumentWriting::ArgumentWriting(std::shared_ptr<const void> kept, std::size_t count,
                                 std::uint64_t mostBytes, By by)
    : kept_(std::move(kept)),
      mostBytes_(mostBytes),
      byProgram_(by == By::program),
      message_(newMessage()),
      places_(placesIn(*message_, count)) {}

ArgumentWriting::~ArgumentWriting() = default;

bool ArgumentWriting::goOn() {
  const bool over = writePiece();
  // This measures the memory that the message has taken, not what it claims, so it bounds the
  // memory too.
  tooLarge_ = bytesOf(*message_) > mostBytes_;
  return over || tooLarge_;
}

// Types of std types alone enclose no files, and the side thread opens no parcels.
bool ArgumentWriting::writePiece() {
  if (!byProgram_) return run_->goOn(kPieceBytes);
  const OutgoingFiles enclosed(files_);
  return run_->goOn(kPieceBytes);
}

std::shared_ptr<ArgumentMessage> ArgumentWriting::take() {
  if (tooLarge_) {
    throwEncoding("the arguments need more than " + std::to_string(bytesOf(*message_)) +
                  " bytes; the pool's limit for a message is " + std::to_string(mostBytes_));
  }
  try {
    run_->check();
  } catch (...) {
    throwMalformed();
  }
  return std::move(message_);
}

}  // namespace phial::inline v1::detail
