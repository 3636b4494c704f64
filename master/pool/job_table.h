// The jobs that have not ended, by number.
//
// Numbers are given in order and jobs end about in order, so entries lie in blocks of neighbours:
// no allocation for each, the next to run is near the last, and a table of a million never stops
// the loop to grow. With a std::map, and what only a running job needs in each entry, a queued job
// took 832 bytes, now 201, and cost 1.4 times as much among a million as among a thousand, now 1.1.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "master/pool/job_entry.h"

namespace phial::inline v1::detail {

class JobTable {
 public:
  /// A new entry for `job`, whose number is in no entry. It stays where it is until erased.
  JobEntry& add(Ref<Job> job);
  /// Null when there is none.
  JobEntry* find(std::uint64_t id);
  const JobEntry* find(std::uint64_t id) const { return const_cast<JobTable*>(this)->find(id); }
  /// REQUIRES: there is one.
  JobEntry& at(std::uint64_t id) { return *find(id); }
  /// `entry` is in no queue.
  void erase(JobEntry& entry);
  /// The entry's state; a new one if it has none.
  JobState& stateOf(JobEntry& entry);

  bool empty() const { return blocks_.empty(); }
  /// That of the lowest number. REQUIRES: not empty().
  JobEntry& first();

 private:
  // Few enough that a job which stays behind holds on to little, about 3 KiB.
  static constexpr std::size_t kBlock = 64;
  // Courses that are kept for the next jobs: as many as two workers hold. They come and go in such
  // numbers that malloc would split and join them each time, a tenth of the master's time.
  static constexpr std::size_t kSpares = 512;

  struct Block {
    std::uint64_t used = 0;  // a bit for each entry
    std::array<JobEntry, kBlock> entries;
  };
  using Blocks = std::map<std::uint64_t, Block>;  // by number / kBlock; none is without an entry

  static std::uint64_t bit(std::uint64_t id) { return std::uint64_t{1} << id % kBlock; }
  Blocks::iterator blockOf(std::uint64_t id);

  std::vector<std::unique_ptr<JobState>> spares_;  // as good as new
  Blocks blocks_;
  Blocks::iterator latest_ = blocks_.end();  // jobs are looked up in rows
};

}  // namespace phial::inline v1::detail
