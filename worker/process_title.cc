#include "worker/process_title.h"

#include <fcntl.h>
#include <linux/prctl.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <sstream>

namespace phial::inline v1::detail {
namespace {

constexpr std::size_t kLongestName = 15;

// /proc/self/stat from its third field on, by the numbers that proc(5) gives them.
class ProcessStat {
 public:
  static constexpr std::size_t kFields = 52;

  static std::optional<ProcessStat> read() {
    const int fd = ::open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return std::nullopt;
    std::array<char, 2048> text{};
    const auto length = ::read(fd, text.data(), text.size());
    ::close(fd);
    if (length <= 0) return std::nullopt;
    return parse({text.data(), static_cast<std::size_t>(length)});
  }

  std::uint64_t operator[](std::size_t field) const { return fields_.at(field); }

 private:
  // The second field, a name in parentheses, may hold anything.
  static std::optional<ProcessStat> parse(std::string_view text) {
    const auto end = text.rfind(')');
    if (end == std::string_view::npos) return std::nullopt;
    std::istringstream rest{std::string(text.substr(end + 1))};
    char state = 0;
    rest >> state;
    ProcessStat stat;
    for (std::size_t field = 4; field < kFields; ++field) {
      std::int64_t value = 0;  // some are negative
      std::uint64_t address = 0;
      if (rest >> std::ws && rest.peek() == '-') {
        rest >> value;
      } else {
        rest >> address;
      }
      stat.fields_.at(field) = address;
    }
    if (!rest) return std::nullopt;
    return stat;
  }

  std::array<std::uint64_t, kFields> fields_{};
};

// The memory map of this process as it is, but for where its command line lies. The kernel takes it
// without a privilege, and reads only memory that the process has written.
void showCommandLine(char* text, std::size_t size) {
  const auto stat = ProcessStat::read();
  if (!stat) return;
  prctl_mm_map map{};
  map.start_code = (*stat)[26];
  map.end_code = (*stat)[27];
  map.start_stack = (*stat)[28];
  map.start_data = (*stat)[45];
  map.end_data = (*stat)[46];
  map.start_brk = (*stat)[47];
  map.brk = reinterpret_cast<std::uint64_t>(::sbrk(0));
  map.env_start = (*stat)[50];
  map.env_end = (*stat)[51];
  map.arg_start = reinterpret_cast<std::uint64_t>(text);
  map.arg_end = map.arg_start + size;
  map.exe_fd = static_cast<std::uint32_t>(-1);
  ::prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof map, 0);
}

}  // namespace

WorkerName WorkerName::parse(std::string_view value) {
  const auto slash = value.rfind('/');
  if (slash == std::string_view::npos) return {std::string(value), {}};
  return {std::string(value.substr(0, slash)), std::string(value.substr(slash + 1))};
}

std::string WorkerName::shortName() const {
  const std::string end = "/" + number;
  return pool.substr(0, kLongestName - std::min(kLongestName, end.size())) + end;
}

std::string WorkerName::title(int argc, const char* const* argv) const {
  std::string text = "phial worker " + number + " of pool " + pool + ":";
  for (int i = 0; i < argc && argv[i] != nullptr; ++i) text.append(" ").append(argv[i]);
  return text;
}

void showAs(const WorkerName& name, int argc, const char* const* argv) {
  ::prctl(PR_SET_NAME, name.shortName().c_str());
  // Never freed: the kernel reads it until the process ends.
  static std::string& shown = *new std::string;
  shown = name.title(argc, argv);
  showCommandLine(shown.data(), shown.size() + 1);
}

}  // namespace phial::inline v1::detail
