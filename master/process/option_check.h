// Whether the fields of options make sense: one place, one wording.
#pragma once

#include <phial/master/clock.h>

#include <chrono>
#include <concepts>
#include <cstdint>
#include <limits>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace phial::inline v1::detail {

/// Throws std::invalid_argument, which names the field, such as "JobOptions::timeout".
class OptionCheck {
 public:
  /// `options` is the name of the struct; its text outlives this.
  explicit OptionCheck(const char* options) : options_(options) {}

  void aboveZero(const char* field, Duration value) const {
    if (value <= Duration::zero()) reject(field, "is " + shown(value) + ", not above zero");
  }
  void aboveZero(const char* field, const std::optional<Duration>& value) const {
    if (value) aboveZero(field, *value);
  }
  void notNegative(const char* field, Duration value) const {
    if (value < Duration::zero()) reject(field, "is " + shown(value) + ": it cannot be negative");
  }
  /// Counts above 2^31 are negative numbers that were converted on their way here.
  void count(const char* field, std::unsigned_integral auto value) const {
    if (value > kMostCounted) {
      reject(field, "is " + std::to_string(value) + ", more than " + std::to_string(kMostCounted));
    }
  }

  /// As count(), for sizes: above 2^47 bytes no process can address them.
  void bytes(const char* field, std::uint64_t value) const {
    if (value > kMostBytes) {
      reject(field, "is " + std::to_string(value) + " bytes, more than " +
                        std::to_string(kMostBytes) + ", which no process can address");
    }
  }
  /// What becomes a part of a command or an environment.
  void text(const char* field, std::string_view value) const {
    if (value.find('\0') != std::string_view::npos) {
      reject(field, "is \"" + std::string(value.substr(0, value.find('\0'))) +
                        "\", a NUL and more: the system takes no text that holds a NUL");
    }
  }
  /// For texts: in milliseconds, or nanoseconds if it is no whole number of them.
  static std::string shown(Duration value) {
    if (value % std::chrono::milliseconds(1) != Duration::zero()) {
      return std::to_string(value / std::chrono::nanoseconds(1)) + " ns";
    }
    return std::to_string(value / std::chrono::milliseconds(1)) + " ms";
  }

  /// `why` goes on after the field's name, and names the value.
  [[noreturn]] void reject(const char* field, const std::string& why) const {
    throw std::invalid_argument(std::string(options_) + "::" + field + " " + why);
  }

 private:
  static constexpr std::uint64_t kMostCounted = std::uint64_t{1} << 31;
  static constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 47;

  const char* options_;
};

}  // namespace phial::inline v1::detail
