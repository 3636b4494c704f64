#include <phial/net/address.h>

namespace phial::inline v1 {

std::string Address::toString() const {
  switch (family) {
    case Family::ipv4:
      return host + ":" + std::to_string(port);
    case Family::ipv6:
      return "[" + host + "]:" + std::to_string(port);
    case Family::local:
      if (!path.empty() && path.front() == '\0') return "unix:@" + path.substr(1);
      return "unix:" + path;
    case Family::none:
      break;
  }
  return "no address";
}

}  // namespace phial::inline v1
