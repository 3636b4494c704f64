#include "phial/protocol/value_sliced.h"

#include <phial/protocol/value_capnp.h>
#include <phial/protocol/value_sliced_encode.h>

#include <algorithm>
#include <cstring>

namespace phial::inline v1::detail {

void guessBytes(ValueReader value, ReadingCost& cost) {
  const auto from = capnpOf(value);
  if (from.isText()) return cost.add(from.getText().size());
  if (!from.isData() && !from.isPacked()) return;
  for (const auto chunk : from.isData() ? from.getData() : from.getPacked().getChunks()) {
    cost.add(kElementCost + chunk.size());
    if (cost.over()) return;
  }
}

SlicedWork SlicedDecode<std::string>::start(std::optional<std::string>& to, ValueReader value,
                                            Level) {
  if (!value.isText() && !value.isData()) throwMismatch("text", value);
  const auto text = value.isText() ? value.getText() : std::string_view();
  const Chunks chunks = value.isData() ? Chunks::ofData(value) : Chunks();
  auto& result = to.emplace();
  reserveToFill(result, text.size() + chunks.bytes());
  for (std::size_t i = 0; i < std::max<std::size_t>(chunks.count(), 1); ++i) {
    auto rest = value.isText()        ? std::span<const char>(text)
                : chunks.count() == 0 ? std::span<const char>()
                                      : chunks.chunk<char>(i);
    while (!rest.empty()) {
      const auto piece = rest.first(std::min(rest.size(), kPieceBytes));
      result.append(piece.data(), piece.size());
      rest = rest.subspan(piece.size());
      co_await Spent{piece.size()};
    }
  }
}

SlicedWork fillSliced(RawChunks chunks, std::span<const std::byte> bytes) {
  for (const auto chunk : chunks) {
    for (std::size_t at = 0; at < chunk.size();) {
      const auto piece = std::min(chunk.size() - at, kPieceBytes);
      std::memcpy(chunk.data() + at, bytes.data(), piece);
      bytes = bytes.subspan(piece);
      at += piece;
      co_await Spent{piece};
    }
  }
}

// A long text is written as Data, which is also read as text, because Data can be written in
// pieces.
SlicedWork SlicedEncode<std::string>::start(const std::string& value, ValueWriter to, Level) {
  return fillSliced(initData(value.size(), to), std::as_bytes(std::span(value)));
}

}  // namespace phial::inline v1::detail
