// What a pool may leave behind in this process: descriptors, mapped files, children.
#pragma once

#include <map>
#include <string>

namespace matrix {

class Traces {
 public:
  /// What there is now.
  static Traces now();

  /// What `later` has more, one thing a line; empty when nothing.
  std::string addedIn(const Traces& later) const;

 private:
  std::map<std::string, int> counts_;
};

/// Bytes of memory that no file stands behind: for a person to look at, since allocators keep some.
std::size_t anonymousBytes();

}  // namespace matrix
