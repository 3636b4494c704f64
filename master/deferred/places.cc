#include "master/deferred/places.h"

#include <phial/master/deferred_debugging.h>

#include <mutex>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace phial::inline v1 {
namespace detail {
namespace {

struct Table {
  std::mutex mutex;
  std::unordered_map<const void*, std::shared_ptr<Places>> places;
};

// Never destroyed: Deferreds of static storage may still be looked up.
Table& table() {
  static Table& instance = *new Table;
  return instance;
}

/// The innermost frame that is not Phial's own; the innermost when no frame tells.
std::string nearest(const StackTrace& trace) {
  const std::string text = trace.text();
  std::string_view rest = text;
  std::string_view first;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    const auto line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (first.empty()) first = line;
    const bool named = line.find("(+0x") == std::string_view::npos;
    if (named && line.find("phial::v1::") == std::string_view::npos) return std::string(line);
  }
  return std::string(first);
}

void add(std::string& text, const char* what, const StackTrace& trace) {
  if (trace.empty()) return;
  text += std::string("  the Deferred was ") + what + " at\n" + trace.text();
}

}  // namespace

std::string Places::text() const {
  std::string text;
  add(text, "made", made);
  add(text, "first fired", fired);
  add(text, "last added to", added);
  return text;
}

std::string Places::line() const {
  std::string text;
  if (!made.empty()) text += ", made at" + nearest(made);
  if (!added.empty()) text += ", last added to at" + nearest(added);
  return text;
}

void notePlaces(const void* object, std::shared_ptr<Places> places) noexcept {
  try {
    const std::scoped_lock lock(table().mutex);
    table().places.insert_or_assign(object, std::move(places));
  } catch (const std::bad_alloc&) {  // a Deferred without its places is as good
  }
}

std::shared_ptr<Places> placesOf(const void* object) noexcept {
  const std::scoped_lock lock(table().mutex);
  const auto found = table().places.find(object);
  return found == table().places.end() ? nullptr : found->second;
}

void forgetPlaces(const void* object) noexcept {
  std::shared_ptr<Places> last;  // freed without the lock
  const std::scoped_lock lock(table().mutex);
  const auto found = table().places.find(object);
  if (found == table().places.end()) return;
  last = std::move(found->second);
  table().places.erase(found);
}

}  // namespace detail

void setDeferredDebugging(bool on) { detail::keepsPlaces.store(on); }

bool deferredDebugging() { return detail::keepsPlaces.load(); }

}  // namespace phial::inline v1
