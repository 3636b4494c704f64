// What the workers of the map tests do with one element.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace map_jobs {

int twice(int n);
bool isEven(int n);
bool negate(bool value);
std::string shout(std::string_view text);
std::size_t lengthOf(const std::string& text);
int total(std::span<const int> numbers);
int multiply(int a, int b);
pid_t whoRuns(int n);
std::string label(int n);
/// A text of so many bytes.
std::string makeText(std::size_t bytes);

/// Appends the number and a newline to the file at `path`, in one write.
struct Visit {
  std::string path;
  int number;
};
void note(const Visit& visit);

/// A number that is passed on, unless something is to happen at it.
struct Step {
  int number;
  enum class What { pass, fail, abort, abortQuietly, hang, block } what = What::pass;
  std::string path = {};  // for block: as jobs::waitFor; for the others: noted first, as by note()
};
/// fail: throws jobs::WoolError("element <number>"); abort: ends the worker by SIGABRT;
/// abortQuietly: the same, having wiped from the control page which element it is at; hang: never
/// returns.
int walk(const Step& step);

/// Takes `ms` of processor time.
int burn(int ms);

}  // namespace map_jobs
