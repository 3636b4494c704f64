// What a worker may say to its master, and how much of it.
//
// Cap'n Proto's RPC answers whatever it is asked and keeps what it is told to keep: each call of
// its peer costs memory until the peer has finished it, each answer until the peer has read it, and
// a message of a kind it does not know is sent back whole. A worker needs little of that: it
// answers calls, and its jobs call home a number of times at once. So every message is looked at
// before the RPC layer sees it, and a worker that goes beyond these bounds is ended with the reason
// instead of being served.
//
// The RPC layer of a worker gives each call the lowest number that is free. A bound on the numbers
// is therefore one on the unfinished calls, and a set of bits says which they are.
#pragma once

#include <capnp/message.h>
#include <capnp/rpc.capnp.h>

#include <bitset>
#include <cstddef>
#include <string>

namespace phial::inline v1::detail {

class ConversationRules {
 public:
  /// Messages to the worker that it has not read. Also bounds a recursion: the RPC layer keeps them
  /// as a chain of promises, of which each destroys the next.
  static constexpr std::size_t kMostUnread = 1024;
  /// Calls that it has not finished: numbers from 0.
  static constexpr std::size_t kMostCalls = 512;
  /// Capabilities in one message.
  static constexpr std::size_t kMostCapabilities = 16;
  /// Bytes of a text of the worker's that are quoted.
  static constexpr std::size_t kMostQuotedBytes = 1024;

  /// What is wrong with the worker's next message, or nothing. `unread` is how many messages wait
  /// for the worker to read them. A message that cannot be read is objected to. Allocates nothing
  /// when there is nothing wrong.
  std::string objectionTo(capnp::MessageReader& message, std::size_t unread);

 private:
  std::string objectionTo(capnp::rpc::Message::Reader message);
  std::string objectionTo(capnp::rpc::Call::Reader call);

  std::bitset<kMostCalls> unfinished_;
};

/// What a worker wrote, as much of it as an error may hold; says how long it was when it is cut.
std::string quoted(const char* text, std::size_t bytes, std::size_t most);

}  // namespace phial::inline v1::detail
