// The other roles of the test program: masters that the tests run as processes of their own.
#pragma once

namespace phial {

/// Names the file that the workers of a master that is to be killed write their numbers into.
inline constexpr const char* kDoomedMasterVariable = "PHIAL_TEST_DOOMED_MASTER";
inline constexpr int kDoomedWorkers = 4;

/// Makes a pool whose workers hang in every way and have a child each, and runs until it is killed.
void runDoomedMaster();

}  // namespace phial
