// Certificates and rules of TLS connections, by OpenSSL.
//
// A context is made once and used by any number of ports and connectors; copies share it. TLS 1.2
// is the oldest version. A client verifies its server: the chain up to a trusted certificate, the
// dates, and that the certificate is for the host that was asked for.
//
// Thread rule: immutable after construction; may be used on any thread.
#pragma once

#include <memory>
#include <string>

struct ssl_ctx_st;

#pragma GCC visibility push(default)

namespace phial::inline v1 {

struct TlsServerOptions {
  /// PEM file with the server's certificate, followed by those of its issuers, if any.
  std::string certificateFile;
  /// PEM file with the private key. Read once.
  std::string privateKeyFile;
  /// PEM file with the certificates that clients' must descend from. If it is set, a client without
  /// such a certificate is refused. Default: clients are not asked for one.
  std::string clientCaFile = {};
};

struct TlsClientOptions {
  /// PEM file with the certificates to trust. Default: the system's.
  std::string caFile = {};
  enum class Peer {
    isVerified,
    /// Anybody can pose as the server. For tests.
    isNotVerified,
  };
  Peer peer = Peer::isVerified;
  /// The client's own certificate and key, for a server that asks for one.
  std::string certificateFile = {};
  std::string privateKeyFile = {};
};

class TlsContext {
 public:
  /// Throws TlsError with OpenSSL's reason when a file cannot be read, holds no PEM, or key and
  /// certificate do not belong together; std::invalid_argument when a server has no certificate or
  /// no key, or a client one without the other.
  explicit TlsContext(const TlsServerOptions& options);
  explicit TlsContext(const TlsClientOptions& options);

  enum class Side { server, client };
  Side side() const { return side_; }
  /// OpenSSL's object, to set what is not offered here before the first use: ciphers, ALPN, session
  /// tickets. Owned by the context.
  ssl_ctx_st* native() const { return context_.get(); }

 private:
  Side side_;
  std::shared_ptr<ssl_ctx_st> context_;
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
