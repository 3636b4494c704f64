// Which build of a program or shared library a piece of code belongs to.
#pragma once

#include <string>

namespace phial::inline v1::detail {

/// A text that differs between any two builds of the program or library that `address` lies in: the
/// linker's build id (-Wl,--build-id, the default of Debian's compilers); without one the size and
/// the time of the file.
std::string buildOf(const void* address);

}  // namespace phial::inline v1::detail
