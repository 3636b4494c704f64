// The other roles of the test program: masters that the tests run as processes of their own.
#pragma once

namespace phial {

/// Names the file that the workers of a master that is to be killed write their numbers into.
inline constexpr const char* kDoomedMasterVariable = "PHIAL_TEST_DOOMED_MASTER";
inline constexpr int kDoomedWorkers = 4;

/// Makes a pool whose workers hang in every way and have a child each, and runs until it is killed.
void runDoomedMaster();

inline constexpr const char* kReloadingMasterVariable = "PHIAL_TEST_RELOADING_MASTER";

/// Makes a pool of this program, puts a longer file in this program's place, reloads the pool, and
/// prints the size of the workers' program before and after.
void runReloadingMaster();

}  // namespace phial
