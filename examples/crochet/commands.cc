#include "commands.h"

#include <chrono>
#include <cstdio>
#include <iostream>
#include <sstream>
#include <stdexcept>

#include "quote.h"

using namespace std::chrono_literals;

void Commands::run() {
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string command;
    std::string argument;
    words >> command >> argument;
    if (command == "quit") return;
    if (command.empty()) continue;
    try {
      obey(command, argument);
    } catch (const std::exception& error) {
      std::printf("%s: %s\n", command.c_str(), error.what());
    }
    std::fflush(stdout);
  }
}

void Commands::obey(const std::string& command, const std::string& argument) {
  if (command == "rate") return rate(argument);
  if (command == "forecast") return forecast(argument);
  if (command == "collect") return collect(argument);
  throw std::invalid_argument("no such command");
}

// Crochet's wait_for: the function runs in the loop, this thread waits for its Deferred. What the
// Deferred fails with is thrown here.
void Commands::rate(const std::string& currency) {
  const Rate rate = loop_.waitFor(60s, [&] { return rates_.rate(currency); });
  std::printf("a dollar costs %.4f %s (round %d)\n", rate.value, currency.c_str(), rate.round);
}

// Crochet's run_in_reactor: gives an EventualResult at once. Here it is put away under a number.
void Commands::forecast(const std::string& currency) {
  if (!isCurrency(currency)) throw std::invalid_argument("no currency '" + currency + "'");
  const auto result = loop_.runInReactor(
      [pool = &pool_, currency] { return pool->deferToProcess<::forecast>(currency); });
  const std::uint64_t number = result.stash();
  forecasts_.insert(number);
  std::printf("forecast %lu\n", number);
}

void Commands::collect(const std::string& number) {
  std::istringstream digits(number);
  std::uint64_t asked = 0;
  digits >> asked;
  if (forecasts_.erase(asked) == 0) throw std::invalid_argument("no forecast '" + number + "'");
  std::printf("a dollar will cost %.4f\n", loop_.retrieve<double>(asked).wait(60s));
}

// The failure of a result that nobody has asked for would be reported; that of a cancelled one not.
Commands::~Commands() {
  for (const std::uint64_t number : forecasts_) loop_.retrieve<double>(number).cancel();
}
