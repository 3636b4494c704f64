// What the workers of these tests do. The test program is its own worker.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bridge_jobs {

bool isPrime(std::uint64_t n);
int add(int a, int b);
std::string repeat(std::string_view text, int times);
std::int64_t total(std::span<const std::int64_t> numbers);
std::size_t lengthOf(const std::vector<std::string>& lines);
/// Throws std::domain_error for an odd number, and dies of a negative one.
int half(int n);
void ignore(int n);
void doNothing();
void throwRange(const std::string& message);
void die();
/// Blocks until somebody opens the FIFO at `path` for writing, then reads it to its end.
std::string waitFor(const std::string& path);
std::string label();

}  // namespace bridge_jobs
