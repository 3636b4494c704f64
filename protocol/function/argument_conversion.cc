#include <phial/protocol/argument_conversion.h>

namespace phial::inline v1::detail {
namespace {

std::string nameOf(const ArgumentPlace& place) {
  std::string name = "argument " + std::to_string(place.number) + " of ";
  return name.append(place.function);
}

}  // namespace

void throwNullText(const ArgumentPlace& place) {
  throwEncoding(nameOf(place) + " is a null const char*, which is no text");
}

void throwUnfit(const ArgumentPlace& place, const std::string& value, const std::string& least,
                const std::string& most) {
  throwEncoding(nameOf(place) + " is " + value + ", which does not fit its parameter: that holds " +
                least + " to " + most);
}

}  // namespace phial::inline v1::detail
