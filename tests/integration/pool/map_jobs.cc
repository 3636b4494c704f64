#include "map_jobs.h"

#include <fcntl.h>
#include <phial/protocol/job_scope.h>
#include <phial/worker.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <numeric>

#include "jobs.h"

namespace map_jobs {
namespace {

void append(const std::string& path, int number) {
  const std::string line = std::to_string(number) + "\n";
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0 || ::write(fd, line.data(), line.size()) < 0) std::abort();
  ::close(fd);
}

}  // namespace

int twice(int n) { return 2 * n; }
bool isEven(int n) { return n % 2 == 0; }
bool negate(bool value) { return !value; }

std::string shout(std::string_view text) { return std::string(text) + "!"; }
std::size_t lengthOf(const std::string& text) { return text.size(); }
int total(std::span<const int> numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), 0);
}
int multiply(int a, int b) { return a * b; }
pid_t whoRuns(int) { return ::getpid(); }
std::string label(int) { return std::string(phial::currentJob().label()); }
std::string makeText(std::size_t bytes) { return std::string(bytes, 'x'); }

void note(const Visit& visit) { append(visit.path, visit.number); }

int walk(const Step& step) {
  if (!step.path.empty() && step.what != Step::What::block) append(step.path, step.number);
  switch (step.what) {
    case Step::What::pass:
      break;
    case Step::What::fail:
      throw jobs::WoolError("element " + std::to_string(step.number));
    case Step::What::abortQuietly:
      phial::detail::JobScope::ofThisThread()->atElement(std::nullopt);
      std::abort();
    case Step::What::abort:
      std::abort();
    case Step::What::hang:
      for (;;) ::pause();
    case Step::What::block:
      jobs::waitFor(step.path);
      break;
  }
  return step.number;
}

int burn(int ms) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(ms);
  while (std::chrono::steady_clock::now() < end) {
  }
  return ms;
}

}  // namespace map_jobs
