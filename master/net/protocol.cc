#include <phial/net/protocol.h>

#include <stdexcept>

namespace phial::inline v1 {

Transport& Protocol::transport() const {
  if (!transport_) throw std::logic_error("Protocol::transport: there is no connection yet");
  return *transport_;
}

void Protocol::makeConnection(std::shared_ptr<Transport> transport) {
  transport_ = std::move(transport);
  connectionMade();
}

void Factory::doStart() {
  if (numPorts_++ == 0) startFactory();
}

void Factory::doStop() {
  if (numPorts_ > 0 && --numPorts_ == 0) stopFactory();
}

}  // namespace phial::inline v1
