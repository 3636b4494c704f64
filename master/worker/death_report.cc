#include "master/worker/death_report.h"

#include "master/log/log.h"

namespace phial::inline v1::detail {

std::string report(const DeathCertificate& death) { return oneLine(account(death)); }

}  // namespace phial::inline v1::detail
