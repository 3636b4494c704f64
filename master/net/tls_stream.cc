#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <phial/net/errors.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>

#include "master/net/socket.h"
#include "master/net/stream.h"
#include "master/net/tls_failure.h"

namespace phial::inline v1::detail {
namespace {

// OpenSSL's own socket BIO sends with write(2), which raises SIGPIPE. This one belongs to a
// TlsStream, whose socket it borrows.
struct Wire {
  int fd;
  bool ended = false;  // the peer's end has closed
  int error = 0;       // the errno of the call that failed
};

Wire& wireOf(BIO* bio) { return *static_cast<Wire*>(BIO_get_data(bio)); }

int note(BIO* bio, ssize_t count, void (*retry)(BIO*)) {
  BIO_clear_retry_flags(bio);
  if (count >= 0) return static_cast<int>(count);
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
    retry(bio);
  } else {
    wireOf(bio).error = errno;
  }
  return -1;
}

int sendBytes(BIO* bio, const char* data, int size) {
  const auto bytes = static_cast<std::size_t>(size);
  return note(bio, ::send(wireOf(bio).fd, data, bytes, MSG_NOSIGNAL),
              [](BIO* b) { BIO_set_retry_write(b); });
}

int receiveBytes(BIO* bio, char* data, int size) {
  const auto bytes = static_cast<std::size_t>(size);
  const ssize_t got = ::recv(wireOf(bio).fd, data, bytes, 0);
  if (got == 0) wireOf(bio).ended = true;
  return note(bio, got, [](BIO* b) { BIO_set_retry_read(b); });
}

long control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return wireOf(bio).ended ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

// One for the process, as OpenSSL wants it; never freed.
BIO_METHOD* wireMethod() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* const made =
        BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket without SIGPIPE");
    if (made == nullptr) throwTlsError("cannot make a BIO", "BIO_meth_new");
    BIO_meth_set_write(made, sendBytes);
    BIO_meth_set_read(made, receiveBytes);
    BIO_meth_set_ctrl(made, control);
    BIO_meth_set_create(made, [](BIO* bio) {
      BIO_set_init(bio, 1);
      return 1;
    });
    return made;
  }();
  return method;
}

// Sends the name, and has the certificate checked against it.
void expectServer(SSL* ssl, const std::string& name) {
  const bool digits = numericAddress(name, 0).has_value();
  const bool set = digits ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name.c_str()) == 1
                          : SSL_set_tlsext_host_name(ssl, name.c_str()) == 1 &&
                                SSL_set1_host(ssl, name.c_str()) == 1;
  if (!set) throwTlsError("the server's name is not usable", name);
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
}

class TlsStream final : public Stream {
 public:
  TlsStream(kj::AutoCloseFd fd, const TlsContext& context, const std::string& serverName)
      : Stream(kj::mv(fd)), wire_{.fd = fd_.get()}, ssl_(SSL_new(context.native())) {
    BIO* const bio = ssl_ ? BIO_new(wireMethod()) : nullptr;
    if (bio == nullptr) throwTlsError("cannot make a connection", "SSL_new");
    BIO_set_data(bio, &wire_);
    SSL_set_bio(ssl_.get(), bio, bio);  // takes it over
    if (context.side() == TlsContext::Side::server) {
      SSL_set_accept_state(ssl_.get());
    } else {
      expectServer(ssl_.get(), serverName);
      SSL_set_connect_state(ssl_.get());
    }
  }

  Io handshake() override {
    ERR_clear_error();
    return outcome(SSL_do_handshake(ssl_.get()));
  }

  Io read(std::span<char> to) override {
    ERR_clear_error();
    std::size_t bytes = 0;
    Io io = outcome(SSL_read_ex(ssl_.get(), to.data(), to.size(), &bytes));
    io.bytes = bytes;
    return io;
  }

  Io write(OutputBuffer& from) override {
    std::array<iovec, 1> first{};
    if (from.front(first) == 0) return {};
    ERR_clear_error();
    std::size_t bytes = 0;
    Io io = outcome(SSL_write_ex(ssl_.get(), first[0].iov_base, first[0].iov_len, &bytes));
    io.bytes = bytes;
    from.drop(bytes);
    return io;
  }

  // Does not wait for the peer's own end mark. Whatever fails is of no consequence any more.
  Io endWriting() override {
    if (broken_) return {};
    ERR_clear_error();
    const int result = SSL_shutdown(ssl_.get());
    if (result < 0 && SSL_get_error(ssl_.get(), result) == SSL_ERROR_WANT_WRITE) {
      return {.status = Io::Status::wantsWrite};
    }
    ERR_clear_error();
    return {};
  }

  SSL* ssl() const override { return ssl_.get(); }
  bool halfCloses() const override { return false; }

 private:
  struct Free {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  Io outcome(int result) {
    switch (result > 0 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), result)) {
      case SSL_ERROR_NONE:
        return {};
      case SSL_ERROR_WANT_READ:
        return {.status = Io::Status::wantsRead};
      case SSL_ERROR_WANT_WRITE:
        return {.status = Io::Status::wantsWrite};
      case SSL_ERROR_ZERO_RETURN:
        return {.status = Io::Status::ended};
      default:
        break;
    }
    broken_ = true;  // SSL_shutdown must not be called any more
    return {.status = Io::Status::failed, .failure = failure()};
  }

  Failure failure() const {
    if (wire_.error != 0) {
      ERR_clear_error();
      return Failure(ConnectionLost(wire_.error));
    }
    if (wire_.ended) {
      ERR_clear_error();
      return Failure(TlsTruncated());
    }
    std::string reason = takeTlsReason("failed");
    const long verified = SSL_get_verify_result(ssl_.get());
    if (verified != X509_V_OK && !SSL_is_init_finished(ssl_.get())) {
      reason += std::string(": ") + X509_verify_cert_error_string(verified);
    }
    return Failure(TlsError(reason));
  }

  Wire wire_;
  std::unique_ptr<SSL, Free> ssl_;
  bool broken_ = false;
};

}  // namespace

std::unique_ptr<Stream> tlsStream(kj::AutoCloseFd fd, const TlsContext& context,
                                  const std::string& serverName) {
  return std::make_unique<TlsStream>(kj::mv(fd), context, serverName);
}

}  // namespace phial::inline v1::detail
