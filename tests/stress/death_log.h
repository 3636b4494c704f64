// A pool's log, kept to be asked about the end of each worker.
#pragma once

#include <phial/master/log.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace matrix {

class DeathLog {
 public:
  void add(const phial::LogRecord& record) { records_.emplace_back(record.text); }

  /// How many deaths the pool has only counted, since there were too many in a second.
  std::uint64_t heldBack() const {
    std::uint64_t count = 0;
    for (const auto& record : records_) {
      if (record.find(" more workers died") != std::string::npos) count += std::stoull(record);
    }
    return count;
  }

  /// What was said about the worker with that process id, a record each.
  std::vector<std::string> about(pid_t pid) const {
    std::vector<std::string> found;
    const std::string name = "(pid " + std::to_string(pid) + ")";
    for (const auto& record : records_) {
      if (record.find(name) != std::string::npos) found.push_back(record);
    }
    return found;
  }

 private:
  std::vector<std::string> records_;
};

}  // namespace matrix
