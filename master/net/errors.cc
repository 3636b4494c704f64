#include <phial/net/errors.h>

#include <system_error>

namespace phial::inline v1 {
namespace {

// Unlike strerror, safe on every thread.
std::string textOf(int code) { return std::generic_category().message(code); }

}  // namespace

ConnectionDone::ConnectionDone()
    : NetworkError("the connection was closed", "the connection was closed", 0) {}

ConnectionLost::ConnectionLost(int code)
    : NetworkError("the connection was lost: " + textOf(code),
                   "the connection was lost: " + textOf(code), code) {}

ConnectionAborted::ConnectionAborted()
    : ConnectionLost("the connection was aborted", "the connection was aborted", 0) {}

TlsError::TlsError(const std::string& reason) : TlsError(reason, reason) {}
TlsError::TlsError(const std::string& reason, const std::string& story)
    : ConnectionLost("TLS: " + reason, "TLS: " + story, 0) {}

TlsTruncated::TlsTruncated() : TlsError("the peer closed the connection without saying so") {}

ConnectError::ConnectError(int code, const std::string& target)
    : NetworkError("cannot connect: " + textOf(code),
                   "cannot connect to " + target + ": " + textOf(code), code) {}

CannotListen::CannotListen(int code, const std::string& target)
    : NetworkError("cannot listen: " + textOf(code),
                   "cannot listen at " + target + ": " + textOf(code), code) {}

}  // namespace phial::inline v1
