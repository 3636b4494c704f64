#include <phial/protocol/exit_status.h>

#include <csignal>
#include <cstring>

namespace phial::inline v1 {
namespace {

std::string signalName(int signal) {
  const char* const name = sigabbrev_np(signal);
  return name ? std::string("SIG") + name : "signal " + std::to_string(signal);
}

struct Describe {
  std::string operator()(const Exited& e) const {
    return "exited with status " + std::to_string(e.code);
  }
  std::string operator()(const Signalled& s) const {
    return "killed by " + signalName(s.signal) +
           (s.core == Signalled::Core::dumped ? " (core dumped)" : "");
  }
  std::string operator()(const StatusUnknown&) const { return "ended, status unknown"; }
};

}  // namespace

std::string describe(const ExitStatus& status) { return std::visit(Describe{}, status); }

}  // namespace phial::inline v1
