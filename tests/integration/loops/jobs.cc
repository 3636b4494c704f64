#include "jobs.h"

#include <csignal>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace loop_jobs {

int add(int a, int b) { return a + b; }

std::string repeat(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

void doNothing() {}

void throwRange(const std::string& message) { throw std::out_of_range(message); }

void die() { std::raise(SIGKILL); }

std::string waitFor(const std::string& path) {
  std::ifstream fifo(path);
  return {std::istreambuf_iterator<char>(fifo), {}};
}

}  // namespace loop_jobs
