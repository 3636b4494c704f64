// What every test of a client of an interface has.
#pragma once

#include <phial/master/client.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <string>
#include <utility>
#include <vector>

#include "studio.capnp.h"
#include "tests/integration/pool/pool_fixture.h"

namespace phial {

class ClientTest : public PoolTest {
 protected:
  template <class R>
  capnp::Response<R> responseOf(capnp::RemotePromise<R> promise) {
    return valueOf(fromPromise<capnp::Response<R>>(kj::mv(promise)));
  }
  template <class R>
  Failure failureOfCall(capnp::RemotePromise<R> promise) {
    return failureOf(fromPromise<capnp::Response<R>>(kj::mv(promise)));
  }
  static auto add(studio::Studio::Client& studio, int a, int b) {
    auto request = studio.addRequest();
    request.setA(a);
    request.setB(b);
    return request.send();
  }
  static auto fail(studio::Studio::Client& studio, const char* how) {
    auto request = studio.failRequest();
    request.setHow(how);
    return request.send();
  }
};

}  // namespace phial
