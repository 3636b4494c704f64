#include "master/worker/greeting.h"

#include <kj/exception.h>
#include <phial/protocol/worker_contract.h>

#include <cstddef>
#include <string_view>

#include "master/worker/conversation_rules.h"

namespace phial::inline v1::detail {
namespace {

// What a greeting may hold: to read so many functions takes about a millisecond.
constexpr unsigned kMostFunctions = 4096;
constexpr std::size_t kMostBuildIdBytes = 256;
constexpr std::size_t kMostStartFailureBytes = std::size_t{16} << 10;

std::string describeStart(schema::Failure::Reader failure, const char* option) {
  const auto types = failure.getTypes();
  const auto type = types.size() > 0 ? types[0] : capnp::Text::Reader("something");
  const auto message = failure.getMessage();
  return std::string("its ") + option + " threw " +
         quoted(type.begin(), type.size(), kMostBuildIdBytes) + ": " +
         quoted(message.begin(), message.size(), kMostStartFailureBytes);
}

std::string objectionTo(schema::WorkerInfo::Reader info) {
  if (info.getProtocolVersion() != schema::PROTOCOL_VERSION) {
    return "it speaks protocol version " + std::to_string(info.getProtocolVersion()) +
           ", this program speaks " + std::to_string(schema::PROTOCOL_VERSION);
  }
  const auto build = info.getBuildId();
  if (std::string_view(build.begin(), build.size()) != buildId()) {
    return "it holds another build of Phial: \"" +
           quoted(build.begin(), build.size(), kMostBuildIdBytes) + "\", this program holds \"" +
           std::string(buildId()) + "\"";
  }
  if (info.hasStartFailure()) return describeStart(info.getStartFailure(), "onStart");
  if (info.getFunctions().size() > kMostFunctions) {
    return "it offers " + std::to_string(info.getFunctions().size()) + " functions; the limit is " +
           std::to_string(kMostFunctions);
  }
  return {};
}

}  // namespace

std::string readGreeting(schema::Worker::DescribeResults::Reader greeting,
                         FunctionIndex& functions) {
  try {
    const auto info = greeting.getWorker();
    auto objection = objectionTo(info);
    if (!objection.empty()) return objection;
    for (auto function : info.getFunctions()) {
      functions.add(function.getName(), function.getSignature());
    }
    return {};
  } catch (const kj::Exception& e) {
    return std::string("its handshake cannot be read: ") + e.getDescription().cStr();
  }
}

std::string readStartAnswer(schema::Worker::StartResults::Reader answer, const char* option) {
  try {
    return answer.hasFailure() ? describeStart(answer.getFailure(), option) : std::string();
  } catch (const kj::Exception& e) {
    return std::string("its answer to the start call cannot be read: ") + e.getDescription().cStr();
  }
}

}  // namespace phial::inline v1::detail
