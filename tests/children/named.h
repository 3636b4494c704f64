// What the worker `named` offers: names and types that its callers share with it, but no code.
#pragma once

#include <phial/protocol/exception_type.h>
#include <phial/protocol/function.h>
#include <phial/protocol/value.h>

#include <cstdint>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace named {

/// Has no default constructor and no public members: it travels as its cents.
class Money {
 public:
  static Money ofCents(std::int64_t cents) {
    if (cents < 0) throw std::invalid_argument("there is no negative money");
    return Money(cents);
  }
  std::int64_t cents() const { return cents_; }

 private:
  explicit Money(std::int64_t cents) : cents_(cents) {}
  std::int64_t cents_;
};

class Overdrawn : public std::runtime_error {
 public:
  explicit Overdrawn(const std::string& text) : std::runtime_error("overdrawn: " + text) {}
};
class DeeplyOverdrawn : public Overdrawn {
 public:
  using Overdrawn::Overdrawn;
};

inline constexpr phial::Function<std::string(std::string, int)> kRepeat{"text.repeat"};
inline constexpr phial::Function<std::int64_t(std::int32_t)> kSquare{"math.square"};
inline constexpr phial::Function<Money(Money, double)> kInterest{"bank.interest"};
inline constexpr phial::Function<void(std::string)> kWithdraw{"bank.withdraw"};
/// The worker offers it with other parameters.
inline constexpr phial::Function<int(int, int)> kMistaken{"math.mistaken"};
inline constexpr phial::Function<void()> kMissing{"no.such.function"};

}  // namespace named

template <>
struct phial::Convert<named::Money> {
  using As = std::int64_t;
  static As to(const named::Money& money) { return money.cents(); }
  static named::Money from(As cents) { return named::Money::ofCents(cents); }
};
