#include "worker/server.h"

#include <phial/protocol/failure_codec.h>
#include <phial/protocol/worker_contract.h>
#include <unistd.h>

#include <utility>

#include "worker/runtime.h"

namespace phial::inline v1::detail {

kj::Promise<void> Server::describe(DescribeContext context) {
  const auto master = context.getParams().getMaster();
  auto info = context.getResults().initWorker();
  info.setProtocolVersion(schema::PROTOCOL_VERSION);
  const auto build = buildId();
  info.setBuildId(capnp::Text::Reader(build.data(), build.size()));
  info.setPid(::getpid());

  const auto& functions = runtime_.offer().functions.list();
  const auto& methods = runtime_.offer().exports.methods();
  auto list = info.initFunctions(static_cast<unsigned>(functions.size() + methods.size()));
  unsigned next = 0;
  const auto add = [&](const std::string& name, const std::string& signature) {
    auto function = list[next++];
    function.setName(name.c_str());
    function.setSignature(signature.c_str());
  };
  for (const auto& function : functions) add(function.name, function.signature);
  for (const auto& [object, method] : methods) add(method.name, method.signature);
  if (const auto& failure = runtime_.startFailure()) {
    encodeFailure(*failure, info.initStartFailure());
  }

  const bool understood = master.getProtocolVersion() == schema::PROTOCOL_VERSION;
  if (!understood || runtime_.startFailure()) {
    runtime_.stop(kCannotServeStatus);
  } else {
    runtime_.greet(master);
  }
  return kj::READY_NOW;
}

kj::Promise<void> Server::run(RunContext context) {
  if (context.getParams().getJobs().size() == 0) {
    context.getResults();
    return kj::READY_NOW;
  }
  auto paf = kj::newPromiseAndFulfiller<void>();
  runtime_.enqueue(std::make_unique<Batch>(kj::mv(context), kj::mv(paf.fulfiller)));
  return kj::mv(paf.promise);
}

kj::Promise<void> Server::start(StartContext context) {
  auto paf = kj::newPromiseAndFulfiller<void>();
  runtime_.startWith(std::make_unique<StartRequest>(kj::mv(context), kj::mv(paf.fulfiller)));
  return kj::mv(paf.promise);
}

kj::Promise<void> Server::endLease(EndLeaseContext context) {
  auto paf = kj::newPromiseAndFulfiller<void>();
  runtime_.endLease(std::make_unique<LeaseEnd>(kj::mv(context), kj::mv(paf.fulfiller)));
  return kj::mv(paf.promise);
}

kj::Promise<void> Server::shutdown(ShutdownContext) {
  runtime_.stop(0);
  return kj::READY_NOW;
}

}  // namespace phial::inline v1::detail
