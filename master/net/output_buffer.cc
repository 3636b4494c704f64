#include "master/net/output_buffer.h"

#include <sys/uio.h>

#include <algorithm>
#include <new>

namespace phial::inline v1::detail {

OutputBuffer::OutputBuffer() : buffer_(evbuffer_new()) {
  if (!buffer_) throw std::bad_alloc();
}

void OutputBuffer::append(std::string_view data) {
  if (evbuffer_add(buffer_.get(), data.data(), data.size()) != 0) throw std::bad_alloc();
}

std::size_t OutputBuffer::front(std::span<iovec> pieces) const {
  const int there =
      evbuffer_peek(buffer_.get(), -1, nullptr, pieces.data(), static_cast<int>(pieces.size()));
  return std::min(static_cast<std::size_t>(std::max(there, 0)), pieces.size());
}

}  // namespace phial::inline v1::detail
