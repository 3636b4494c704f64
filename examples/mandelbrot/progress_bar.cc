#include "progress_bar.h"

#include <unistd.h>

#include <cstdio>
#include <utility>

namespace {

constexpr std::size_t kBarWidth = 40;
constexpr const char* kEraseLine = "\r\x1b[K";

}  // namespace

ProgressBar::ProgressBar(std::string title, std::size_t total)
    : title_(std::move(title)), total_(total), terminal_(::isatty(STDOUT_FILENO) == 1) {}

void ProgressBar::advance() {
  const std::size_t quarter = done_ * 4 / total_;
  ++done_;
  if (terminal_ || done_ * 4 / total_ != quarter) draw();
}

void ProgressBar::draw() const {
  if (!terminal_) {
    std::printf("%s: %zu of %zu tiles\n", title_.c_str(), done_, total_);
  } else {
    std::string bar(kBarWidth * done_ / total_, '#');
    bar.resize(kBarWidth, '.');
    std::printf("%s%s [%s] %3zu%%  %zu of %zu tiles", kEraseLine, title_.c_str(), bar.c_str(),
                100 * done_ / total_, done_, total_);
  }
  std::fflush(stdout);
}

void ProgressBar::finish() {
  if (terminal_) std::printf("\n");
}

void ProgressBar::say(const std::string& line) {
  std::printf("%s%s\n", terminal_ ? kEraseLine : "", line.c_str());
  if (terminal_) draw();
}
