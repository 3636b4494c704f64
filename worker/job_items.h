// Sends what the running job emits: see <phial/protocol/emit.h> and item_ring.h.
//
// An item is encoded into memory of this object's, then copied into the ring. An item that is
// written only half way, because its codec throws, thus leaves no trace.
//
// Life: made before the job's arguments are decoded. The job's Emit shares it and may outlive the
// job; after close() it refers to nothing of the runtime's.
//
// Thread rule: the thread that runs the job. put() on another thread throws before it looks at
// anything that changes.
#pragma once

#include <phial/protocol/emit.h>
#include <phial/protocol/item_ring.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <thread>
#include <vector>

namespace phial::inline v1::detail {

class JobItems final : public ItemGate {
 public:
  /// What it needs of the runtime, until close().
  struct Road {
    ItemRingWriter ring;
    std::uint64_t maxMessageBytes;
    std::function<bool()> cancelled;
    /// Wakes the master.
    std::function<void()> ringMaster;
    /// Waits for an event of the loop. False: there is no master any more.
    std::function<bool()> wait;
  };

  explicit JobItems(Road road) : road_(std::move(road)), thread_(std::this_thread::get_id()) {}

  void put(std::uint64_t words, const void* item, Write write) override;
  /// The job has ended.
  void close() { road_.reset(); }

 private:
  void requireOpen() const;
  void encode(std::uint64_t words, const void* item, Write write);
  void send(std::span<const std::uint64_t> words);
  void waitFor(std::size_t words);
  void publish();

  std::optional<Road> road_;  // empty: the job has ended
  const std::thread::id thread_;
  std::vector<std::uint64_t> scratch_;  // zeroed between two items
};

}  // namespace phial::inline v1::detail
