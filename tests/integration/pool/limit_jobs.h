// What workers do to meet their limits, or to tell of them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace jobs {

/// Asks operator new for so much, and gives it back.
void allocate(std::uint64_t bytes);
/// Asks malloc for so much; like many a program in C, aborts when it is refused.
void allocateOrAbort(std::uint64_t bytes);
/// The same; like the others, uses what it was not given.
void allocateAndWrite(std::uint64_t bytes);
/// As allocate, but in a thread of its own, in which nobody catches.
void allocateInAThread(std::uint64_t bytes);
/// The address space that this process uses.
std::uint64_t addressSpaceInUse();

/// Never returns, and does not die of SIGXCPU.
void computeIgnoringTheLimit();

/// Opens files until one is refused, closes them, and says what errno was.
int openUntilRefused();
/// Makes a file of so many bytes.
void writeFile(const std::string& path, std::uint64_t bytes);

int myNiceness();
std::vector<int> myCores();
/// A line of /proc/self/status, without its name.
std::string myStatus(const std::string& name);

}  // namespace jobs
