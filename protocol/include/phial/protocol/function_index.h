// Finds a function by its name and, where the name is not enough, by its signature.
//
// Both ends use it: the worker's FunctionTable contains one, and a master fills one with the
// functions that a worker offers.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// The beginning of the name of a job that calls a function for the elements of a chunk.
inline constexpr std::string_view kChunkPrefix = "map of ";

/// The beginning of the name of a lambda: see functionName().
inline constexpr std::string_view kLambdaPrefix = "lambda ";

class FunctionIndex {
 public:
  enum class Status { found, notFound, wrongSignature, ambiguous };

  struct Lookup {
    Status status;
    std::size_t index;  ///< of the function, in order of addition, when found; otherwise 0
  };

  /// Adds a function; its index is the number of functions before it. Functions may share a name
  /// and even a signature; find() then reports them as ambiguous.
  void add(std::string name, std::string signature);

  /// Finds the function of this name and signature. With an empty signature, finds the only
  /// function of this name.
  Lookup find(std::string_view name, std::string_view signature = {}) const;

  /// The index of the function that find() finds. Throws EncodingError when only the signature
  /// differs, UnknownFunction otherwise; the text is that of explain().
  std::size_t at(std::string_view name, std::string_view signature = {}) const;

  /// Says for a person why find(name, signature) finds nothing, and which functions there are,
  /// without Phial's own jobs.
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

}  // namespace phial::inline v1

#pragma GCC visibility pop
