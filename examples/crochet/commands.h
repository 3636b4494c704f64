// The part of the program that blocks: it reads a command, waits for the answer, and prints it.
#pragma once

#include <phial/master.h>

#include <cstdint>
#include <set>
#include <string>

#include "rates.h"

class Commands {
 public:
  Commands(const phial::ReactorThread& loop, Rates& rates, phial::ProcessPool& pool)
      : loop_(loop), rates_(rates), pool_(pool) {}
  /// Cancels the forecasts that nobody has collected.
  ~Commands();
  Commands(const Commands&) = delete;
  Commands& operator=(const Commands&) = delete;

  /// Reads stdin to its end, or to `quit`.
  void run();

 private:
  void obey(const std::string& command, const std::string& argument);
  void rate(const std::string& currency);
  void forecast(const std::string& currency);
  void collect(const std::string& number);

  const phial::ReactorThread& loop_;
  Rates& rates_;              // of the loop
  phial::ProcessPool& pool_;  // of the loop
  std::set<std::uint64_t> forecasts_;
};
