#include "bench.h"

#include <phial/master/client.h>
#include <phial/worker/interface.h>
#include <unistd.h>

#include <memory>
#include <utility>

#include "bench.capnp.h"

namespace matrix {
namespace {

class BenchServer final : public matrix_bench::Bench::Server {
 public:
  kj::Promise<void> light(LightContext context) override {
    const auto params = context.getParams();
    pass({static_cast<Stage>(params.getStage()), static_cast<phial::cli::Fault>(params.getFault()),
          params.getSeed()},
         Stage::method);
    context.getResults().setWorker(::getpid());
    return kj::READY_NOW;
  }
};

phial::Deferred<Parcel> carryToMethod(const phial::Submitter& pool, const Fuse& fuse) {
  auto request = phial::client<matrix_bench::Bench>(pool).lightRequest();
  request.setStage(static_cast<std::uint16_t>(fuse.stage));
  request.setFault(static_cast<std::uint16_t>(fuse.fault));
  request.setSeed(fuse.seed);
  return phial::fromPromise<Parcel>(request.send().then(
      [fuse](auto&& answer) { return Parcel{{fuse, answer.getWorker(), {}}}; }));
}

phial::Deferred<Parcel> carryInLease(phial::ProcessPool& pool, phial::JobOptions options,
                                     Fuse fuse) {
  const phial::Lease lease = co_await pool.lease();
  const auto there = lease.with(std::move(options));
  co_return co_await there.deferToProcess<light>(Parcel{{fuse, 0, {}}});
}

}  // namespace

void exportBench(phial::Worker& worker) { phial::exportInterface(worker, kj::heap<BenchServer>()); }

phial::Deferred<Parcel> carry(phial::ProcessPool& pool, phial::JobOptions options, Fuse fuse) {
  if (fuse.stage == Stage::leased) return carryInLease(pool, std::move(options), fuse);
  const auto there = pool.with(std::move(options));
  if (fuse.stage == Stage::method) return carryToMethod(there, fuse);
  return there.deferToProcess<light>(Parcel{{fuse, 0, {}}});
}

const char* carrierOf(Stage stage) {
  return stage == Stage::method ? "Bench.light" : "matrix::light";
}

}  // namespace matrix
