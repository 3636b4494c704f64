#include <phial/protocol/error.h>
#include <phial/protocol/function_index.h>

#include <algorithm>

namespace phial::inline v1 {

namespace {

constexpr std::size_t kMostListed = 20;

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

// "function 'isPrime'", also where a job of Phial's own calls it.
std::string described(std::string_view name) {
  if (!name.starts_with(kChunkPrefix)) return "function " + quoted(name);
  return "function " + quoted(name.substr(kChunkPrefix.size())) + " to map a range with";
}

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

std::size_t FunctionIndex::at(std::string_view name, std::string_view signature) const {
  const auto [status, index] = find(name, signature);
  if (status == Status::found) return index;
  const std::string reason = explain(name, signature);
  if (status == Status::wrongSignature) throw EncodingError(reason);
  throw UnknownFunction(reason);
}

// "; it has 'area', 'twin'".
std::string FunctionIndex::offer() const {
  std::string text;
  std::size_t count = 0;
  for (const auto& [name, indices] : byName_) {
    if (name.starts_with(kChunkPrefix)) continue;
    if (++count > kMostListed) continue;
    text += (count == 1 ? "; it has " : ", ") + quoted(name);
  }
  if (count == 0) return "; it has none at all";
  if (count > kMostListed) text += ", and " + std::to_string(count - kMostListed) + " more";
  return text;
}

std::string FunctionIndex::explain(std::string_view name, std::string_view signature) const {
  const Status status = find(name, signature).status;
  if (status == Status::notFound && name.find(kLambdaPrefix) != std::string_view::npos) {
    return "the worker is another build of the program, which does not know this lambda: give it a "
           "name, as a function of its own";
  }
  if (status == Status::notFound) return "the worker has no " + described(name) + offer();

  std::string offered;
  for (const std::size_t index : byName_.find(name)->second) {
    if (!offered.empty()) offered += ", ";
    offered += quoted(functions_[index].signature);
  }
  if (status == Status::wrongSignature && name.starts_with(kChunkPrefix)) {
    return "in the worker the " + described(name) +
           " has other parameters or another result than in this program";
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

}  // namespace phial::inline v1
