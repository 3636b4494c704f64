#include "quote.h"

#include <array>
#include <cstdint>
#include <random>
#include <stdexcept>
#include <string_view>

namespace {

struct Currency {
  std::string_view name;
  double rate;
};
constexpr std::array<Currency, 3> kCurrencies{{{"CHF", 0.88}, {"EUR", 0.92}, {"GBP", 0.79}}};

const Currency* find(const std::string& name) {
  for (const Currency& each : kCurrencies) {
    if (each.name == name) return &each;
  }
  return nullptr;
}

const Currency& known(const std::string& name) {
  const Currency* const found = find(name);
  if (found == nullptr) throw std::invalid_argument("no currency '" + name + "'");
  return *found;
}

}  // namespace

bool isCurrency(const std::string& name) { return find(name) != nullptr; }

double quote(const std::string& currency, int round) {
  return known(currency).rate + 0.0001 * (round % 10);
}

double forecast(const std::string& currency) {
  constexpr int kCourses = 20'000;
  constexpr int kDays = 250;
  const double rate = known(currency).rate;
  std::minstd_rand random(1);
  double sum = 0;
  for (int course = 0; course < kCourses; ++course) {
    double price = rate;
    for (int day = 0; day < kDays; ++day) price *= random() % 2 == 0 ? 1.001 : 0.999;
    sum += price;
  }
  return sum / kCourses;
}
