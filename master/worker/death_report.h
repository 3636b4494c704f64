// A worker's death as a line of the log.
#pragma once

#include <phial/master/death_certificate.h>

#include <string>

namespace phial::inline v1::detail {

/// All of the certificate but the lines on stderr, which the log has had already, in one line.
std::string report(const DeathCertificate& death);

}  // namespace phial::inline v1::detail
