// Events whose callback is a member function.
#pragma once

#include "protocol/wire/event_ptr.h"

namespace phial::inline v1::detail {

/// An event that calls `(object->*method)()`. Not yet added. Throws std::bad_alloc.
template <auto method, typename T>
EventPtr makeEvent(event_base& base, int fd, short what, T* object) {
  auto call = [](evutil_socket_t, short, void* self) { (static_cast<T*>(self)->*method)(); };
  return newEvent(base, fd, what, call, object);
}

/// Makes a timer event run in the next turn of the loop.
inline void addForNextTurn(event& e) {
  const timeval zero{0, 0};
  event_add(&e, &zero);
}

}  // namespace phial::inline v1::detail
