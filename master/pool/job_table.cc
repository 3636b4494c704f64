#include "master/pool/job_table.h"

#include <bit>
#include <memory>
#include <utility>

namespace phial::inline v1::detail {

JobTable::Blocks::iterator JobTable::blockOf(std::uint64_t id) {
  const auto number = id / kBlock;
  if (latest_ == blocks_.end() || latest_->first != number) latest_ = blocks_.find(number);
  return latest_;
}

JobEntry& JobTable::add(Ref<Job> job) {
  const auto id = job->id;
  if (blockOf(id) == blocks_.end()) {
    latest_ = blocks_.try_emplace(blocks_.end(), id / kBlock);  // the end: mostly the right hint
  }
  latest_->second.used |= bit(id);
  JobEntry& entry = latest_->second.entries[id % kBlock];
  entry.job = std::move(job);
  return entry;
}

JobEntry* JobTable::find(std::uint64_t id) {
  const auto block = blockOf(id);
  if (block == blocks_.end() || (block->second.used & bit(id)) == 0) return nullptr;
  return &block->second.entries[id % kBlock];
}

void JobTable::erase(JobEntry& entry) {
  const auto id = entry.id();
  const auto block = blockOf(id);
  entry.job = {};
  if (entry.state && spares_.size() < kSpares) {
    std::destroy_at(entry.state.get());
    std::construct_at(entry.state.get());
    spares_.push_back(std::move(entry.state));
  }
  entry.state.reset();
  block->second.used &= ~bit(id);
  if (block->second.used != 0) return;
  blocks_.erase(block);
  latest_ = blocks_.end();
}

JobState& JobTable::stateOf(JobEntry& entry) {
  if (!entry.state && spares_.empty()) {
    entry.state = std::make_unique<JobState>();
  } else if (!entry.state) {
    entry.state = std::move(spares_.back());
    spares_.pop_back();
  }
  return *entry.state;
}

JobEntry& JobTable::first() {
  Block& block = blocks_.begin()->second;
  return block.entries[static_cast<std::size_t>(std::countr_zero(block.used))];
}

}  // namespace phial::inline v1::detail
