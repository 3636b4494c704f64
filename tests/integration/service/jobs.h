// What the workers of these tests do.
#pragma once

#include <cstdint>
#include <string>

namespace jobs {

int twice(int n);
void dieOf(int signal);
/// currentJob().trace().
std::string traceHere();

}  // namespace jobs
