// Where Deferreds were made, fired and last added to, while setDeferredDebugging is on.
//
// Kept beside the chains, not in them: without debugging a chain pays one bit of padding.
//
// Thread rule: any thread.
#pragma once

#include <phial/protocol/stack_trace.h>

#include <atomic>
#include <memory>
#include <string>

namespace phial::inline v1::detail {

struct Places {
  StackTrace made;
  StackTrace fired;
  StackTrace added;

  /// Each place that is known, with its stack, in indented lines.
  std::string text() const;
  /// "made at ..., last added to at ...": a line each; empty if nothing is known.
  std::string line() const;
};

/// Whether the Deferreds that are made now keep their places.
inline constinit std::atomic<bool> keepsPlaces{false};

/// Keeps `places` for `object`, a Chain or a Source, until forgetPlaces().
void notePlaces(const void* object, std::shared_ptr<Places> places) noexcept;
/// Null when none are kept.
std::shared_ptr<Places> placesOf(const void* object) noexcept;

}  // namespace phial::inline v1::detail
