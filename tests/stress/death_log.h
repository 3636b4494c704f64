// A pool's log, kept to be asked about the end of each worker.
#pragma once

#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>
#include <sys/types.h>

#include <string>
#include <vector>

namespace matrix {

class DeathLog final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
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
  void sink_it_(const spdlog::details::log_msg& message) override {
    records_.emplace_back(message.payload.data(), message.payload.size());
  }
  void flush_() override {}

  std::vector<std::string> records_;
};

}  // namespace matrix
