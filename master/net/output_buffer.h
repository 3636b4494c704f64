// What was written to a connection and is not sent yet, in an evbuffer of libevent's.
#pragma once

#include <event2/buffer.h>

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

struct iovec;

namespace phial::inline v1::detail {

class OutputBuffer {
 public:
  /// Throws std::bad_alloc.
  OutputBuffer();
  void append(std::string_view data);
  std::size_t size() const { return evbuffer_get_length(buffer_.get()); }
  /// Describes the first bytes in at most `pieces.size()` pieces and returns how many there are.
  std::size_t front(std::span<iovec> pieces) const;
  void drop(std::size_t bytes) { evbuffer_drain(buffer_.get(), bytes); }
  void clear() { drop(size()); }

 private:
  struct Free {
    void operator()(evbuffer* buffer) const { evbuffer_free(buffer); }
  };
  std::unique_ptr<evbuffer, Free> buffer_;
};

}  // namespace phial::inline v1::detail
