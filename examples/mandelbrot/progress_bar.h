// Progress for a person: a bar that redraws itself on a terminal, a line now and then elsewhere.
#pragma once

#include <cstddef>
#include <string>

class ProgressBar {
 public:
  ProgressBar(std::string title, std::size_t total);

  void advance();
  /// Ends the bar's line.
  void finish();
  /// Prints a line without spoiling the bar.
  void say(const std::string& line);

 private:
  void draw() const;

  const std::string title_;
  const std::size_t total_;
  const bool terminal_;
  std::size_t done_ = 0;
};
