// The bytes of a connected socket, plain or through TLS. Non-blocking; knows no protocol and no
// loop.
//
// Nothing here raises SIGPIPE: every byte is sent with MSG_NOSIGNAL.
#pragma once

#include <kj/io.h>
#include <phial/net/tls_context.h>
#include <phial/protocol/failure.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "master/net/output_buffer.h"

struct ssl_st;

namespace phial::inline v1::detail {

/// How a step went.
struct Io {
  enum class Status {
    done,        ///< `bytes` were read or written, or the step is complete
    wantsRead,   ///< call again when the socket is readable
    wantsWrite,  ///< call again when the socket has room
    ended,       ///< the peer has closed in order
    failed,      ///< `failure` says why; the stream is of no further use
  };
  Status status = Status::done;
  std::size_t bytes = 0;
  std::optional<Failure> failure = std::nullopt;
};

class Stream {
 public:
  explicit Stream(kj::AutoCloseFd fd) : fd_(kj::mv(fd)) {}
  virtual ~Stream() noexcept = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  int fd() const { return fd_.get(); }
  /// What must precede reading and writing.
  virtual Io handshake() { return {}; }
  /// REQUIRES: room for 16 KiB, the largest record of TLS, so that nothing stays behind in the
  /// stream where no watch on the socket shows it.
  virtual Io read(std::span<char> to) = 0;
  /// Sends from the front of `from`, and drops there what was sent.
  virtual Io write(OutputBuffer& from) = 0;
  /// Tells the peer that no more comes.
  virtual Io endWriting() = 0;
  virtual ssl_st* ssl() const { return nullptr; }
  /// Whether the two directions end one by one.
  virtual bool halfCloses() const { return true; }

  enum class Closing { inOrder, byReset };
  /// Closes the socket, for the copies in forked children too.
  void close(Closing how);
  /// Closes this process's descriptor alone.
  void drop() { fd_ = nullptr; }

 protected:
  kj::AutoCloseFd fd_;
};

std::unique_ptr<Stream> plainStream(kj::AutoCloseFd fd);
/// A stream through TLS, on the context's side. A client sends `serverName` and verifies the peer's
/// certificate against it. Throws TlsError.
std::unique_ptr<Stream> tlsStream(kj::AutoCloseFd fd, const TlsContext& context,
                                  const std::string& serverName);

}  // namespace phial::inline v1::detail
