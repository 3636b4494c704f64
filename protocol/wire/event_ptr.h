// Ownership of one libevent event.
#pragma once

#include <event2/event.h>

#include <memory>
#include <new>

namespace phial::inline v1::detail {

struct EventFree {
  void operator()(event* e) const { event_free(e); }  // deletes it from its base first
};
using EventPtr = std::unique_ptr<event, EventFree>;

/// A new event, not yet added. Throws std::bad_alloc.
inline EventPtr newEvent(event_base& base, evutil_socket_t fd, short what,
                         event_callback_fn callback, void* argument) {
  EventPtr made(event_new(&base, fd, what, callback, argument));
  if (!made) throw std::bad_alloc();
  return made;
}

}  // namespace phial::inline v1::detail
