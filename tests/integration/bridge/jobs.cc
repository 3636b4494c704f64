#include "jobs.h"

#include <phial/worker.h>

#include <csignal>
#include <fstream>
#include <iterator>
#include <numeric>
#include <stdexcept>

namespace bridge_jobs {

bool isPrime(std::uint64_t n) {
  if (n < 2) return false;
  for (std::uint64_t d = 2; d * d <= n; ++d) {
    if (n % d == 0) return false;
  }
  return true;
}

int add(int a, int b) { return a + b; }

std::string repeat(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

std::int64_t total(std::span<const std::int64_t> numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), std::int64_t{0});
}

std::size_t lengthOf(const std::vector<std::string>& lines) {
  std::size_t length = 0;
  for (const auto& line : lines) length += line.size();
  return length;
}

int half(int n) {
  if (n < 0) die();
  if (n % 2 != 0) throw std::domain_error("odd");
  return n / 2;
}

void ignore(int) {}
void doNothing() {}
void throwRange(const std::string& message) { throw std::range_error(message); }
void die() { ::raise(SIGKILL); }

std::string waitFor(const std::string& path) {
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string label() { return std::string(phial::currentJob().label()); }

}  // namespace bridge_jobs
