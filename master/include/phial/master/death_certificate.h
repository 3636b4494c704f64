// How a worker process ended: see <phial/protocol/death_certificate.h>.
#pragma once

#include <phial/protocol/death_certificate.h>  // IWYU pragma: export
