// Finding a function by its name and, where that is not enough, its signature.
//
// Used on both ends: the worker's FunctionTable stands on it, and a master fills one from what a
// worker says it offers.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace phial {

/// Begins the name of the job that calls a function for the elements of a chunk.
inline constexpr std::string_view kChunkPrefix = "map of ";

class FunctionIndex {
 public:
  enum class Status { found, notFound, wrongSignature, ambiguous };

  struct Lookup {
    Status status;
    std::size_t index;  ///< of the function, in order of addition, when found; else 0
  };

  /// Takes one more function; its index is the number of those before it. Functions may share a
  /// name and even a signature; then they cannot be found by these.
  void add(std::string name, std::string signature);

  /// The function of this name and signature; with an empty signature, the only one of this name.
  Lookup find(std::string_view name, std::string_view signature = {}) const;

  /// Why find(name, signature) does not find, for a person: what there is instead, without the
  /// jobs of Phial's own.
  std::string explain(std::string_view name, std::string_view signature = {}) const;

  std::size_t size() const { return functions_.size(); }
  /// REQUIRES: index < size().
  const std::string& name(std::size_t index) const { return functions_[index].name; }

 private:
  std::string offer() const;

  struct Function {
    std::string name;
    std::string signature;
  };

  std::vector<Function> functions_;
  std::map<std::string, std::vector<std::size_t>, std::less<>> byName_;
};

}  // namespace phial
