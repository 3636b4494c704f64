// Why a connection ended, could not be made, or a port could not listen.
//
// After twisted.internet.error. what() names no path and no address; describe() does. A connection
// that is not there in time fails with TimeoutError (phial/protocol/error.h), one that the program
// has given up with CancelledError.
#pragma once

#include <phial/protocol/error.h>

#include <memory>
#include <string>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// Base of the errors below.
class NetworkError : public Error {
 public:
  /// `story` is what describe() returns. `code` is an errno, or 0.
  NetworkError(const std::string& what, const std::string& story, int code)
      : Error(what), story_(std::make_shared<const std::string>(story)), code_(code) {}
  std::string describe() const override { return *story_; }
  /// The errno of the system's refusal; 0 if there was none.
  int code() const noexcept { return code_; }

 private:
  std::shared_ptr<const std::string> story_;  // shared: copying an exception must not throw
  int code_;
};

/// The connection was closed in order, by either end. With TLS: the peer has said so
/// (close_notify).
class ConnectionDone : public NetworkError {
 public:
  ConnectionDone();
};

/// The connection ended in another way: it was reset, or timed out in the kernel.
class ConnectionLost : public NetworkError {
 public:
  /// `code` is the errno of the call that failed.
  explicit ConnectionLost(int code);
  using NetworkError::NetworkError;
};

/// abortConnection() ended the connection.
class ConnectionAborted : public ConnectionLost {
 public:
  ConnectionAborted();
};

/// TLS failed: in the handshake, or later. what() has OpenSSL's reason, such as "certificate verify
/// failed: self-signed certificate".
class TlsError : public ConnectionLost {
 public:
  explicit TlsError(const std::string& reason);
  TlsError(const std::string& reason, const std::string& story);
};

/// The peer's end of a TLS connection closed without TLS's own end mark (close_notify): the peer
/// died, or somebody has cut the data short. What was received may be incomplete.
class TlsTruncated : public TlsError {
 public:
  TlsTruncated();
};

/// A connection could not be made.
class ConnectError : public NetworkError {
 public:
  /// `target` is for describe() alone.
  ConnectError(int code, const std::string& target);
  using NetworkError::NetworkError;
};

/// Nobody listens at the address.
class ConnectionRefused : public ConnectError {
 public:
  using ConnectError::ConnectError;
};

/// The host's name has no address.
class DNSLookupError : public ConnectError {
 public:
  using ConnectError::ConnectError;
};

/// A port could not listen: the address is in use, or the system refuses it.
class CannotListen : public NetworkError {
 public:
  /// `target` is for describe() alone.
  CannotListen(int code, const std::string& target);
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
