// A program outside Phial's tree that listens, by the component net of the package.
#include <phial/master.h>
#include <phial/net.h>

#include <cstdio>
#include <string_view>

class Echo : public phial::Protocol {
  void dataReceived(std::string_view data) override { transport().write(data); }
};

int main() {
  phial::Reactor reactor;
  const phial::Port port = phial::listenTCP(reactor, 0, phial::Factory::forProtocol<Echo>());
  std::printf("%s\n", port.getHost().toString().c_str());
  return port.listening() ? 0 : 1;
}
