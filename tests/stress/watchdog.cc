#include "watchdog.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace matrix {
namespace {

std::array<char, 1024> text{};
volatile std::size_t length = 0;

void timeIsUp(int) {
  constexpr std::string_view kTitle = "\nHANGS: ";
  [[maybe_unused]] auto written = ::write(STDERR_FILENO, kTitle.data(), kTitle.size());
  written = ::write(STDERR_FILENO, text.data(), length);
  written = ::write(STDERR_FILENO, "\n", 1);
  ::_exit(1);
}

}  // namespace

Watchdog::Watchdog(unsigned seconds) {
  ::signal(SIGALRM, timeIsUp);
  ::alarm(seconds);
}

Watchdog::~Watchdog() { ::alarm(0); }

void Watchdog::note(std::string_view what) {
  length = 0;
  const std::size_t size = std::min(what.size(), text.size());
  std::copy_n(what.begin(), size, text.begin());
  length = size;
}

}  // namespace matrix
