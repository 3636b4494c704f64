// What a job asks of its master's program, by a Cap'n Proto interface: PoolOptions::parent.
//
//   #include <phial/worker/parent.h>
//
//   int priced(int article) {
//     auto prices = phial::currentJob().parent<Prices>();
//     auto request = prices.priceOfRequest();
//     request.setArticle(article);
//     return phial::currentJob().wait(request.send()).getPrice();
//   }
//
// The job waits in line: its worker's loop runs, and further jobs that arrive meanwhile only queue.
// A method of the master's that throws makes the wait throw a kj::Exception with its text. The wait
// ends with CancelledError when the job is cancelled, and when its deadline or soft timeout passes;
// a job without a time limit waits as long as its parent takes. Its timeouts go on while it waits.
//
// While a job waits for its parent and no other worker of the pool is at work, its place is lent as
// in Call::get(): a method of the parent's may therefore run jobs of the same pool and wait for
// them.
//
// Several calls may be under way: send them all, then wait for each. A worker may have 512 calls to
// its master unfinished, those by currentJob().call() included.
//
// Who does not include this header needs no Cap'n Proto.
#pragma once

#include <capnp/capability.h>
#include <capnp/generated-header-support.h>
#include <phial/protocol/parent_access.h>
#include <phial/worker/job.h>

#include <optional>
#include <utility>

#pragma GCC visibility push(default)

namespace phial::inline v1::detail {

template <class Interface>
struct ParentOf {
  static typename Interface::Client of(CurrentJob& job) {
    return job.parentAccess().object(capnp::typeId<Interface>()).template castAs<Interface>();
  }
};

template <class T>
struct WaitOf<kj::Promise<T>> {
  static T wait(CurrentJob& job, kj::Promise<T> promise) {
    std::optional<T> value;
    job.parentAccess().waitFor(promise.then([&value](T&& came) { value.emplace(kj::mv(came)); }));
    return kj::mv(*value);
  }
};

template <>
struct WaitOf<kj::Promise<void>> {
  static void wait(CurrentJob& job, kj::Promise<void> promise) {
    job.parentAccess().waitFor(kj::mv(promise));
  }
};

template <class Results>
struct WaitOf<capnp::RemotePromise<Results>> : WaitOf<kj::Promise<capnp::Response<Results>>> {};

}  // namespace phial::inline v1::detail

#pragma GCC visibility pop
