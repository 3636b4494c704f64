#include "master/worker/template_launch.h"

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <fcntl.h>
#include <phial/master/detail/start_call.h>
#include <phial/protocol/enclosed_files.h>
#include <phial/protocol/file_lane.h>
#include <phial/protocol/memory_file.h>
#include <phial/protocol/packet_socket.h>
#include <phial/protocol/template_contract.h>
#include <phial/protocol/value_capnp.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <utility>

#include "master/worker/worker_spawn.h"

namespace phial::inline v1::detail {
namespace {

void append(std::string& bytes, capnp::MessageBuilder& message) {
  const auto words = capnp::messageToFlatArray(message);
  const auto chars = words.asPtr().asChars();
  bytes.append(chars.begin(), chars.size());
}

kj::AutoCloseFd fileOf(const std::string& bytes) {
  auto file = newMemoryFile("phial-preparation", bytes.size());
  for (std::size_t written = 0; written < bytes.size();) {
    const auto count =
        ::pwrite(file, bytes.data() + written, bytes.size() - written, static_cast<off_t>(written));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw SpawnError("pwrite", "for a template", errno);
    written += static_cast<std::size_t>(count);
  }
  return file;
}

// The call that prepares the template. Its files go ahead through `lane`.
std::string preparationOf(const PoolOptions& options, FileLane& lane) {
  std::string bytes;
  capnp::MallocMessageBuilder masterMessage;
  auto master = masterMessage.initRoot<schema::MasterInfo>();
  const auto build = buildId();
  master.setBuildId(capnp::Text::Reader(build.data(), build.size()));
  append(bytes, masterMessage);

  const StartCall& call = options.warm.call();
  capnp::MallocMessageBuilder functionMessage;
  auto function = functionMessage.initRoot<schema::Function>();
  function.setName(std::string(call.function().name).c_str());
  function.setSignature(std::string(call.function().signature).c_str());
  append(bytes, functionMessage);

  capnp::MallocMessageBuilder jobMessage;
  auto job = jobMessage.initRoot<schema::Job>();
  OutgoingFiles enclosed;
  job.setId(kPreparationParcel);
  call.encodeArguments(writerOf(job.initArguments(call.argumentCount())));
  job.setFiles(enclosed.size());
  append(bytes, jobMessage);
  lane.send(kPreparationParcel, enclosed.files());
  return bytes;
}

}  // namespace

LaunchedTemplate launchTemplate(Reactor& reactor, const PoolOptions& options) {
  auto sockets = openPacketSockets();
  if (!sockets) throw SpawnError("socketpair", "for a template", errno);
  if (::fcntl(sockets->first, F_SETFL, O_NONBLOCK) != 0) {
    throw SpawnError("fcntl", "for a template", errno);
  }
  auto ends = FileLane::create();
  FileLane lane(kj::mv(ends.master));
  const kj::AutoCloseFd preparation = fileOf(preparationOf(options, lane));
  SpawnOptions spawn = workerSpawnOptions(options, kTemplateName);
  spawn.descriptors = {{0, DevNull{}},
                       {1, PipeFromChild{}},
                       {2, PipeFromChild{}},
                       {kTemplateSocketFd, InheritedFd{sockets->second.get()}},
                       {kPreparationFd, InheritedFd{preparation.get()}},
                       {kLifelineFd, Lifeline{}},
                       {kFileLaneFd, InheritedFd{ends.worker.get()}}};
  return {.process = reactor.spawnProcess(spawn), .socket = kj::mv(sockets->first)};
}

}  // namespace phial::inline v1::detail
