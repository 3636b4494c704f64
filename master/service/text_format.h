// Prometheus's text format, version 0.0.4:
// https://prometheus.io/docs/instrumenting/exposition_formats/
#pragma once

#include <phial/master/histogram.h>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace phial::inline v1::detail {

/// `text` as a label's value, or as a string of JSON, may hold it: valid UTF-8, cut at 256 bytes.
/// Bytes that are no UTF-8 become U+FFFD.
std::string validText(std::string_view text);

/// `duration` in seconds, exactly.
std::string secondsOf(Duration duration);

class TextFormat {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  /// Begins a family. All its samples follow.
  void family(std::string_view name, std::string_view type, std::string_view help);
  /// A sample of the family. Values of labels are escaped here; they hold valid UTF-8.
  void sample(Labels labels, std::uint64_t value);
  void sample(Labels labels, Duration value);
  /// A histogram of 16 buckets, from 1 us to 275 s, each four times as wide as the one before. The
  /// bounds are one nanosecond below a power of two, where the counts are exact.
  void histogram(std::string_view pool, const Histogram& histogram);

  std::string take() { return std::move(text_); }

 private:
  void line(std::string_view suffix, Labels labels, std::string_view value);

  std::string text_;
  std::string family_;
};

}  // namespace phial::inline v1::detail
