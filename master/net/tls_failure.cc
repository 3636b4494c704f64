#include "master/net/tls_failure.h"

#include <openssl/err.h>

#include <system_error>

namespace phial::inline v1::detail {

std::string takeTlsReason(const std::string& otherwise) {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* const reason = code != 0 ? ERR_reason_error_string(code) : nullptr;
  if (reason != nullptr) return reason;
  if (code != 0 && ERR_SYSTEM_ERROR(code)) {
    return std::generic_category().message(ERR_GET_REASON(code));
  }
  return otherwise;
}

void throwTlsError(const std::string& step, const std::string& subject) {
  const std::string reason = takeTlsReason("refused");
  throw TlsError(step + ": " + reason, step + " (" + subject + "): " + reason);
}

}  // namespace phial::inline v1::detail
