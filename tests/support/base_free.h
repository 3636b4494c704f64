#pragma once

#include <event2/event.h>

namespace phial {

/// For a std::unique_ptr<event_base, BaseFree>.
struct BaseFree {
  void operator()(event_base* base) const { event_base_free(base); }
};

}  // namespace phial
