// How to start the program of this process once more.
#pragma once

#include <string>
#include <vector>

namespace phial::inline v1::detail {

struct ThisProgram {
  std::string executable;
  std::vector<std::string> args;  ///< in front of all others
  std::string name;               ///< for argv[0] and process lists
};

/// /proc/self/exe as a rule: the file that runs, whatever lies at its path by now.
///
/// A program may have been started through its loader (`ld.so [options] program`), as AppImages,
/// Nix and Bazel do; then that link leads to the loader, which is told once more what it was told
/// at first. Without /proc it is the path by which the kernel was asked for the program. Throws
/// Error, which says what to set, when there is no file there.
ThisProgram thisProgram();

/// The command, program first, that starts what lies at this program's path by now, also if its
/// file was replaced. Throws as thisProgram() does.
std::vector<std::string> commandByPath();

/// The same as thisProgram() from its parts, for tests: what /proc/self/exe leads to, or nothing
/// without /proc; the path by which the kernel was asked, AT_EXECFN; the words of the command line.
ThisProgram thisProgram(const std::string& link, const std::string& askedFor,
                        const std::vector<std::string>& commandLine);

}  // namespace phial::inline v1::detail
