#include <phial/protocol/function_index.h>

#include <algorithm>

namespace phial {

namespace {

constexpr std::size_t kMostListed = 20;

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

}  // namespace

void FunctionIndex::add(std::string name, std::string signature) {
  byName_[name].push_back(functions_.size());
  functions_.push_back({std::move(name), std::move(signature)});
}

FunctionIndex::Lookup FunctionIndex::find(std::string_view name, std::string_view signature) const {
  const auto named = byName_.find(name);
  if (named == byName_.end()) return {Status::notFound, 0};
  Lookup result{Status::wrongSignature, 0};
  for (const std::size_t index : named->second) {
    if (!signature.empty() && functions_[index].signature != signature) continue;
    if (result.status == Status::found) return {Status::ambiguous, 0};
    result = {Status::found, index};
  }
  return result;
}

std::string FunctionIndex::explain(std::string_view name, std::string_view signature) const {
  const Status status = find(name, signature).status;
  if (status == Status::notFound) {
    std::string text = "there is no function " + quoted(name) + "; there ";
    if (byName_.empty()) return text + "are none at all";
    text += byName_.size() == 1 ? "is " : "are ";
    std::size_t listed = 0;
    for (const auto& [other, indices] : byName_) {
      if (listed > 0) text += ", ";
      if (listed++ == kMostListed) {
        return text + "and " + std::to_string(byName_.size() - kMostListed) + " more";
      }
      text += quoted(other);
    }
    return text;
  }

  std::string offered;
  for (const std::size_t index : byName_.find(name)->second) {
    if (!offered.empty()) offered += ", ";
    offered += quoted(functions_[index].signature);
  }
  if (status == Status::wrongSignature) {
    return "the function " + quoted(name) + " is " + offered + ", not " + quoted(signature);
  }
  if (status == Status::ambiguous) {
    return "several functions are called " + quoted(name) + ": " + offered +
           "; give them names of their own";
  }
  return {};
}

}  // namespace phial
