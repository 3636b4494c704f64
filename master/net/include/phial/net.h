// Includes everything of phial::net: connections as protocols of a Reactor.
//
// An echo server:
//
//     class Echo : public phial::Protocol {
//       void dataReceived(std::string_view data) override { transport().write(data); }
//     };
//     const phial::Port port = phial::listenTCP(reactor, 8007,
//     phial::Factory::forProtocol<Echo>());
//
// After Twisted's IReactorTCP, IReactorUNIX, IReactorSSL and twisted.internet.protocol, small: for
// servers and clients beside a pool. For more, such as HTTP or datagrams, use libevent itself on
// Reactor::base().
//
// Why not libevent's bufferevents: a bufferevent sends with writev(2), which raises SIGPIPE when
// the peer has gone, and a library must not change how its host handles a signal. Here every byte
// is sent with MSG_NOSIGNAL, TLS included.
#pragma once

#include <phial/net/address.h>                      // IWYU pragma: export
#include <phial/net/connector.h>                    // IWYU pragma: export
#include <phial/net/errors.h>                       // IWYU pragma: export
#include <phial/net/line_receiver.h>                // IWYU pragma: export
#include <phial/net/port.h>                         // IWYU pragma: export
#include <phial/net/protocol.h>                     // IWYU pragma: export
#include <phial/net/reconnecting_client_factory.h>  // IWYU pragma: export
#include <phial/net/tls_context.h>                  // IWYU pragma: export
#include <phial/net/transport.h>                    // IWYU pragma: export
