// The other role of the test program: a master that is to be killed.
#pragma once

namespace phial {

inline constexpr const char* kDoomedMasterVariable = "PHIAL_TEST_DOOMED_MASTER";

/// Makes a pool, prints the process ids of its workers and "end", and runs until it is killed.
void runDoomedMaster();

}  // namespace phial
