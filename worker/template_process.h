// The template process of a pool: prepares once, then forks workers. See template_contract.h.
//
// Everything here happens on the main thread, in Worker::serve(). The template keeps to itself
// what is its own: the socket to the master, its lifeline and its output pipes are replaced in each
// worker. What the program's function has opened is shared with the workers, as after any fork.
#pragma once

#include <phial/protocol/function_table.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace phial::inline v1::detail {

/// True if this process was started as a template.
bool isTemplate();

class TemplateProcess {
 public:
  /// `functions` is borrowed.
  explicit TemplateProcess(const FunctionTable& functions) : functions_(functions) {}

  /// Returns in each worker that is forked, with the worker's number and its descriptors in place.
  /// The template itself never returns: it exits when its master closes the socket, or when it
  /// cannot prepare.
  std::uint64_t run();

 private:
  void prepare();
  std::optional<std::uint64_t> forkSpare();
  void awaitUse(int spare) const;
  [[noreturn]] void fail(const std::string& why) const;

  const FunctionTable& functions_;
  pid_t master_ = 0;
};

}  // namespace phial::inline v1::detail
