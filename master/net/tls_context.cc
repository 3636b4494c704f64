#include <openssl/ssl.h>
#include <phial/net/tls_context.h>

#include <stdexcept>

#include "master/net/tls_failure.h"

namespace phial::inline v1 {
namespace {

using Context = std::shared_ptr<SSL_CTX>;

Context makeContext(const SSL_METHOD* method) {
  Context context(SSL_CTX_new(method), [](SSL_CTX* c) { SSL_CTX_free(c); });
  if (!context) detail::throwTlsError("cannot make a context", "SSL_CTX_new");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  // A renegotiation would make writing wait for reading. TLS 1.3 has none.
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  // A write that is tried again finds the same bytes, but libevent may have moved them.
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  return context;
}

void useCertificate(SSL_CTX* context, const std::string& certificate, const std::string& key) {
  if (SSL_CTX_use_certificate_chain_file(context, certificate.c_str()) != 1) {
    detail::throwTlsError("cannot use the certificate", certificate);
  }
  if (SSL_CTX_use_PrivateKey_file(context, key.c_str(), SSL_FILETYPE_PEM) != 1) {
    detail::throwTlsError("cannot use the private key", key);
  }
  if (SSL_CTX_check_private_key(context) != 1) {
    detail::throwTlsError("the private key is not the certificate's", key);
  }
}

void trust(SSL_CTX* context, const std::string& caFile) {
  if (SSL_CTX_load_verify_locations(context, caFile.c_str(), nullptr) != 1) {
    detail::throwTlsError("cannot use the trusted certificates", caFile);
  }
}

// The server shows the names of the issuers, by which a client chooses its certificate.
void requireClientCertificates(SSL_CTX* context, const std::string& caFile) {
  trust(context, caFile);
  auto* const names = SSL_load_client_CA_file(caFile.c_str());
  if (names == nullptr) detail::throwTlsError("cannot use the trusted certificates", caFile);
  SSL_CTX_set_client_CA_list(context, names);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  // Sessions are tied to what they were verified for; without it OpenSSL refuses to resume them.
  constexpr unsigned char kId[] = "phial";
  SSL_CTX_set_session_id_context(context, kId, sizeof kId - 1);
}

}  // namespace

TlsContext::TlsContext(const TlsServerOptions& options)
    : side_(Side::server), context_(makeContext(TLS_server_method())) {
  if (options.certificateFile.empty() || options.privateKeyFile.empty()) {
    throw std::invalid_argument("TlsServerOptions: certificateFile and privateKeyFile are needed");
  }
  useCertificate(native(), options.certificateFile, options.privateKeyFile);
  if (!options.clientCaFile.empty()) requireClientCertificates(native(), options.clientCaFile);
}

TlsContext::TlsContext(const TlsClientOptions& options)
    : side_(Side::client), context_(makeContext(TLS_client_method())) {
  if (options.certificateFile.empty() != options.privateKeyFile.empty()) {
    throw std::invalid_argument("TlsClientOptions: certificateFile and privateKeyFile go together");
  }
  if (!options.certificateFile.empty()) {
    useCertificate(native(), options.certificateFile, options.privateKeyFile);
  }
  if (options.peer == TlsClientOptions::Peer::isNotVerified) return;
  if (!options.caFile.empty()) {
    trust(native(), options.caFile);
  } else if (SSL_CTX_set_default_verify_paths(native()) != 1) {
    detail::throwTlsError("cannot use the system's certificates",
                          "SSL_CTX_set_default_verify_paths");
  }
  SSL_CTX_set_verify(native(), SSL_VERIFY_PEER, nullptr);
}

}  // namespace phial::inline v1
