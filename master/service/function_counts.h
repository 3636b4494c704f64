// How jobs of each function have ended, for functions whose names may come from strangers.
#pragma once

#include <phial/master/job_event.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace phial::inline v1::detail {

class FunctionCounts {
 public:
  static constexpr std::size_t kOutcomes = 10;
  /// By index: "succeeded", "cancelled", and each FailureKind as a word. The kind `cancelled` is
  /// "given_up": the job failed with a CancelledError, though its caller had not cancelled it.
  static const std::array<std::string_view, kOutcomes> kOutcomeNames;

  struct Row {
    std::string function;  // fit for a label
    std::array<std::uint64_t, kOutcomes> counts{};
  };

  /// After so many different names all further ones are counted as "other".
  explicit FunctionCounts(std::size_t most) : most_(most) {}

  /// REQUIRES: a settled event.
  void add(const JobEvent& event) { ++rows_[rowOf(event.function)].counts[outcomeOf(event)]; }
  const std::vector<Row>& rows() const { return rows_; }

 private:
  std::size_t rowOf(std::string_view name) {
    // The functions of a batch are often the same.
    return latest_ != nullptr && name == latest_->first ? latest_->second : findRow(name);
  }
  std::size_t findRow(std::string_view name);
  std::size_t otherRow();
  std::size_t rowShownAs(std::string text);
  static std::size_t outcomeOf(const JobEvent& event);

  const std::size_t most_;
  std::vector<Row> rows_;
  std::map<std::string, std::size_t, std::less<>> rowsByName_;  // at most most_
  std::optional<std::size_t> otherRow_;
  const std::pair<const std::string, std::size_t>* latest_ = nullptr;  // of rowsByName_
};

}  // namespace phial::inline v1::detail
