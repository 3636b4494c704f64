// OpenSSL's reasons as errors.
#pragma once

#include <phial/net/errors.h>

#include <string>

namespace phial::inline v1::detail {

/// The oldest reason of this thread's error queue, which is emptied. `otherwise` if there is none.
std::string takeTlsReason(const std::string& otherwise);

/// Throws TlsError. `subject`, such as a file, is for describe() alone.
[[noreturn]] void throwTlsError(const std::string& step, const std::string& subject);

}  // namespace phial::inline v1::detail
