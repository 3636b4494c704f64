#include "master/worker/conversation_rules.h"

#include <kj/exception.h>
#include <phial/protocol/progress_board.h>

namespace phial::inline v1::detail {
namespace {

using capnp::rpc::Message;
using capnp::rpc::Payload;
using capnp::rpc::Return;

std::string quoted(capnp::Text::Reader text) {
  return phial::detail::quoted(text.begin(), text.size(), ConversationRules::kMostQuotedBytes);
}

std::string checkedPayload(Payload::Reader payload) {
  const auto count = payload.getCapTable().size();
  if (count <= ConversationRules::kMostCapabilities) return {};
  return "it sent " + std::to_string(count) + " capabilities in one message; the limit is " +
         std::to_string(ConversationRules::kMostCapabilities);
}

}  // namespace

std::string ConversationRules::objectionTo(capnp::rpc::Call::Reader call) {
  const std::uint32_t number = call.getQuestionId();
  if (number >= kMostCalls) {
    return "it has made more than " + std::to_string(kMostCalls) + " calls without finishing them";
  }
  if (unfinished_[number]) return "it made a call of a number that another one has";
  unfinished_.set(number);
  return checkedPayload(call.getParams());
}

std::string ConversationRules::objectionTo(Message::Reader message) {
  switch (message.which()) {
    case Message::CALL:
      return objectionTo(message.getCall());
    case Message::RETURN: {
      const auto answer = message.getReturn();
      return answer.isResults() ? checkedPayload(answer.getResults()) : std::string();
    }
    case Message::FINISH:
      if (const auto number = message.getFinish().getQuestionId(); number < kMostCalls) {
        unfinished_.reset(number);
      }
      return {};
    case Message::RESOLVE:
    case Message::RELEASE:
    case Message::DISEMBARGO:
      return {};
    case Message::ABORT:
      return "it broke off the conversation: " + quoted(message.getAbort().getReason());
    case Message::UNIMPLEMENTED:
      return "it says that it does not implement what it was asked";
    case Message::BOOTSTRAP:
      return "it asked for its master's own interface, which a master does not have";
    default:
      return "it sent a message of kind " + std::to_string(static_cast<unsigned>(message.which())) +
             " of the RPC protocol, which no worker sends";
  }
}

std::string quoted(const char* text, std::size_t bytes, std::size_t most) {
  const std::string_view whole(text, bytes);
  const std::string_view kept = cutText(whole, most);
  std::string result(kept);
  if (kept.size() < whole.size()) {
    result += "... (the first " + std::to_string(kept.size()) + " of " + std::to_string(bytes) +
              " bytes)";
  }
  return result;
}

std::string ConversationRules::objectionTo(capnp::MessageReader& message, std::size_t unread) {
  if (unread > kMostUnread) {
    return "it does not read what it is sent: more than " + std::to_string(kMostUnread) +
           " messages wait for it";
  }
  std::string objection;
  // Called inside a callback of the pipe's, which must not throw.
  KJ_IF_MAYBE (exception, kj::runCatchingExceptions(
                              [&] { objection = objectionTo(message.getRoot<Message>()); })) {
    return std::string("it sent a message that cannot be read: ") +
           exception->getDescription().cStr();
  }
  return objection;
}

}  // namespace phial::inline v1::detail
