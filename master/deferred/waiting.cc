// What a Deferred waits for, as text. A loop over a list of what is still to be told, since chains
// may be as deep as memory allows. Chains alone form no ring, but with the holders of locks they
// may.
#include <phial/master/deferred.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include "master/deferred/places.h"

namespace phial::inline v1::detail {
namespace {

constexpr std::size_t kMostLines = 100;
constexpr std::size_t kMostIndent = 20;

std::string indent(std::size_t depth) { return std::string(2 * std::min(depth, kMostIndent), ' '); }

std::string placesLine(const void* object, bool traced) {
  const auto places = traced ? placesOf(object) : nullptr;
  return places ? places->line() : std::string();
}

}  // namespace

std::size_t Chain::linksToRun(std::size_t most) const noexcept {
  std::size_t count = 0;
  const Link* link = last_;
  while (link && count < most) {
    link = link->next;
    if (!link->spent) ++count;
    if (link == last_) break;
  }
  return count;
}

std::string Chain::summary() const {
  constexpr std::size_t kMost = 1000;
  const std::size_t links = linksToRun(kMost);
  std::string text = "a Deferred with " + std::string(links == kMost ? "at least " : "") +
                     std::to_string(links) + (links == 1 ? " callback" : " callbacks") + " to run";
  return text + placesLine(this, traced_);
}

std::string Chain::describeWaiting(Ref<Chain> chain) {
  struct Step {
    const Chain* chain;
    std::size_t depth;
    const char* before;
  };
  std::string text;
  std::unordered_set<const Chain*> told;
  std::vector<const Chain*> path;  // from the first chain to the step, both included
  std::vector<Step> left{{chain.get(), 0, ""}};
  std::size_t lines = 0;
  while (!left.empty()) {
    const Step step = left.back();
    left.pop_back();
    if (++lines > kMostLines) return text + "... and more\n";
    const Chain* current = step.chain;
    while (const Chain* outer = current->outer()) current = outer;
    text += indent(step.depth) + step.before;
    path.resize(step.depth / 2);
    if (!told.insert(current).second) {
      const bool ring = std::ranges::find(path, current) != path.end();
      text += "a Deferred that is told above";
      text += ring ? ": they wait for each other in a ring\n" : "\n";
      continue;
    }
    path.push_back(current);
    text += current->summary() + "\n";
    text += indent(step.depth + 1);
    if (current->running_) {
      text += "its callbacks run now\n";
    } else if (!current->pending_) {
      text += current->idle() ? "has its result\n" : "has a result to hand on\n";
    } else {
      const Source& source = *current->source();
      const WaitingFor waiting = source.waitingFor();
      text += "waits for " + waiting.what + placesLine(&source, source.traced_) + "\n";
      for (auto next = waiting.chains.rbegin(); next != waiting.chains.rend(); ++next) {
        left.push_back({*next, step.depth + 2, waiting.before});
      }
    }
  }
  return text;
}

}  // namespace phial::inline v1::detail
