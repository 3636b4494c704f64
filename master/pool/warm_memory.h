// Memory for large arguments, kept for the next ones.
//
// A job owns its arguments, so those that its caller keeps are copied when it is submitted. Into
// memory that the process has used before that is a memcpy; into fresh memory it takes ten times as
// long, or twice in huge pages.
//
// What nobody has used for some seconds is given back to the system.
//
// Thread rule: one thread. Life: shared by its blocks; the clock is used until close().
#pragma once

#include <phial/master/clock.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace phial::inline v1::detail {

class WarmMemory : public std::enable_shared_from_this<WarmMemory> {
 public:
  static constexpr Duration kRestAfter = std::chrono::seconds(10);

  /// `clock` is borrowed. At most `mostBytes` are kept.
  WarmMemory(Clock& clock, std::uint64_t mostBytes) : clock_(&clock), mostBytes_(mostBytes) {}
  ~WarmMemory() { close(); }
  WarmMemory(const WarmMemory&) = delete;
  WarmMemory& operator=(const WarmMemory&) = delete;

  /// A block of `bytes` of any content, aligned to a page. It comes back when the last holder lets
  /// go of it. Throws std::bad_alloc.
  std::shared_ptr<std::byte> take(std::size_t bytes);

  /// How many bytes are kept for the next.
  std::size_t keptBytes() const { return keptBytes_; }

  /// Keeps nothing from now on.
  void close();

 private:
  struct Block {
    std::byte* memory;
    std::size_t bytes;
  };

  Block fit(std::size_t bytes);
  void comeBack(Block block);
  void freeUnused();
  void giveBack();

  Clock* clock_;  // null once closed
  const std::uint64_t mostBytes_;
  std::vector<Block> kept_;
  std::size_t keptBytes_ = 0;
  bool used_ = false;      // since freeUnused() looked last
  DelayedCall freeTimer_;  // active while anything is kept
};

}  // namespace phial::inline v1::detail
