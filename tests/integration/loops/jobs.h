// What the workers of these tests do. The test program is its own worker.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace loop_jobs {

int add(int a, int b);
std::string repeat(std::string_view text, int times);
void doNothing();
void throwRange(const std::string& message);
void die();
/// Blocks until somebody opens the FIFO at `path` for writing, then reads it to its end.
std::string waitFor(const std::string& path);

}  // namespace loop_jobs
