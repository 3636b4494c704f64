#include <phial/protocol/failure_report.h>

#include <kj/exception.h>
#include <phial/protocol/death_error.h>
#include <phial/protocol/failure_codec.h>

#include <chrono>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace phial::inline v1::detail {
namespace {

using Code = schema::Report::Error;

// A class before its bases.
Code codeOf(const Failure& failure) {
  if (failure.fromJob()) return Code::NONE;
  if (failure.check<SoftTimeoutExceeded>()) return Code::SOFT_TIMEOUT_EXCEEDED;
  if (failure.check<JobTimedOut>()) return Code::JOB_TIMED_OUT;
  if (failure.check<DeadlineExceeded>()) return Code::DEADLINE_EXCEEDED;
  if (failure.check<TimeoutError>()) return Code::TIME_LIMIT;
  if (failure.check<QueueFull>()) return Code::QUEUE_FULL;
  if (failure.check<PoolStopped>()) return Code::POOL_STOPPED;
  if (failure.check<ReactorStopped>()) return Code::REACTOR_STOPPED;
  if (failure.check<PoisonJob>()) return Code::POISON_JOB;
  if (failure.check<StartupFailed>()) return Code::STARTUP_FAILED;
  if (failure.check<WorkerDied>()) return Code::WORKER_DIED;
  if (failure.check<ProtocolError>()) return Code::PROTOCOL;
  if (failure.check<NoSuchInterface>()) return Code::NO_SUCH_INTERFACE;
  return Code::NONE;
}

std::vector<DeathCertificate> certificatesOf(const Failure& failure) {
  if (const auto* poison = failure.as<PoisonJob>()) return poison->certificates();
  if (const auto* death = failure.certificate()) return {*death};
  return {};
}

std::string text(capnp::Text::Reader reader) { return {reader.begin(), reader.size()}; }

capnp::Text::Reader text(const std::string& string) { return {string.c_str(), string.size()}; }

void writeLines(const std::vector<std::string>& lines, capnp::List<capnp::Text>::Builder to) {
  for (capnp::uint i = 0; i < lines.size(); ++i) to.set(i, text(lines[i]));
}

std::vector<std::string> readLines(capnp::List<capnp::Text>::Reader from) {
  std::vector<std::string> lines;
  lines.reserve(from.size());
  for (const auto line : from) lines.push_back(text(line));
  return lines;
}

capnp::uint countOf(const std::vector<std::string>& lines) {
  return static_cast<capnp::uint>(lines.size());
}

void writeStatus(const ExitStatus& status, schema::DeathCertificate::Builder to) {
  if (const auto* exited = std::get_if<Exited>(&status)) {
    to.getStatus().setExited(static_cast<std::uint8_t>(exited->code));
  } else if (const auto* signalled = std::get_if<Signalled>(&status)) {
    to.getStatus().setSignalled(signalled->signal);
    to.setCoreDumped(signalled->core == Signalled::Core::dumped);
  } else {
    to.getStatus().setUnknown();
  }
}

ExitStatus readStatus(schema::DeathCertificate::Reader from) {
  const auto status = from.getStatus();
  using Core = Signalled::Core;
  if (status.isExited()) return Exited{status.getExited()};
  if (status.isSignalled()) {
    return Signalled{status.getSignalled(), from.getCoreDumped() ? Core::dumped : Core::notDumped};
  }
  return StatusUnknown{};
}

// The enumerators of Phase and DeathCause have the numbers of the schema's.
static_assert(static_cast<int>(Phase::stopping) ==
              static_cast<int>(schema::DeathCertificate::Phase::STOPPING));
static_assert(static_cast<int>(DeathCause::killed) ==
              static_cast<int>(schema::DeathCertificate::Cause::KILLED));

template <class E>
E known(unsigned number, E last, E otherwise, const char* what, std::string& detail) {
  if (number <= static_cast<unsigned>(last)) return static_cast<E>(number);
  if (!detail.empty()) detail += "; ";
  detail += std::string(what) + " " + std::to_string(number) + " of a newer Phial";
  return otherwise;
}

Failure withoutCertificate() {
  return Failure(EncodingError("a failure arrived without its death certificate"));
}

Failure ownError(Code code, schema::Report::Reader from) {
  const std::string message = text(from.getFailure().getMessage());
  switch (code) {
    case Code::TIME_LIMIT:
      return Failure(TimeoutError(message));
    case Code::DEADLINE_EXCEEDED:
      return Failure(DeadlineExceeded(message));
    case Code::QUEUE_FULL:
      return Failure(QueueFull(message));
    case Code::POOL_STOPPED:
      return Failure(PoolStopped(message));
    case Code::REACTOR_STOPPED:
      return Failure(ReactorStopped(message));
    case Code::NO_SUCH_INTERFACE:
      return Failure(NoSuchInterface(message));
    case Code::PROTOCOL:
      return Failure(from.hasStory() ? ProtocolError(message, text(from.getStory()))
                                     : ProtocolError(message));
    default:
      break;
  }
  std::vector<DeathCertificate> deaths;
  for (const auto death : from.getCertificates()) deaths.push_back(readCertificate(death));
  if (deaths.empty()) return withoutCertificate();
  DeathCertificate& last = deaths.back();
  switch (code) {
    case Code::JOB_TIMED_OUT:
      return Failure(JobTimedOut(message, std::move(last)));
    case Code::SOFT_TIMEOUT_EXCEEDED:
      return Failure(SoftTimeoutExceeded(last));
    case Code::WORKER_DIED:
      return Failure(WorkerDied(std::move(last)));
    case Code::STARTUP_FAILED:
      return Failure(StartupFailed(std::move(last)));
    default:
      return Failure(PoisonJob(std::move(deaths)));
  }
}

Failure read(schema::Report::Reader from) {
  const Code code = from.getError();
  const bool isOwn = code != Code::NONE && code <= Code::NO_SUCH_INTERFACE;
  Failure failure = isOwn ? ownError(code, from) : decodeFailure(from.getFailure());
  if (from.getFailure().getNeverRun() && failure.mayHaveRun()) failure = failure.neverRun();
  if (from.getElement().isIndex()) failure = failure.atIndex(from.getElement().getIndex());
  return failure;
}

std::uint64_t linesBytes(const std::vector<std::string>& lines) {
  std::uint64_t bytes = 0;
  for (const auto& line : lines) bytes += line.size() + 24;
  return bytes;
}

}  // namespace

void writeReport(const Failure& failure, schema::Report::Builder to) {
  const Code code = codeOf(failure);
  to.setError(code);
  encodeFailure(failure, to.initFailure());
  if (code == Code::PROTOCOL) {
    const auto story = failure.as<ProtocolError>()->describe();
    if (story != failure.message()) to.setStory(text(story));
  }
  if (code != Code::NONE) {
    const auto deaths = certificatesOf(failure);
    auto list = to.initCertificates(static_cast<capnp::uint>(deaths.size()));
    for (capnp::uint i = 0; i < deaths.size(); ++i) writeCertificate(deaths[i], list[i]);
  }
  if (const auto index = failure.index()) to.getElement().setIndex(*index);
}

std::uint64_t reportWords(const Failure& failure) {
  constexpr std::uint64_t kFixed = 16;
  constexpr std::uint64_t kCertificate = 40;
  std::uint64_t bytes = failure.describe().size();  // holds the story
  std::uint64_t words = kFixed + failureWords(failure);
  for (const auto& death : certificatesOf(failure)) {
    words += kCertificate;
    bytes += death.function.size() + death.label.size() + death.detail.size() +
             linesBytes(death.stderrTail) + linesBytes(death.stderrHead) +
             linesBytes(death.traceback);
  }
  return words + bytes / sizeof(std::uint64_t);
}

Failure readReport(schema::Report::Reader from) {
  try {
    return read(from);
  } catch (const kj::Exception& e) {
    return Failure(EncodingError(std::string("a failure arrived that cannot be read: ") +
                                 e.getDescription().cStr()));
  }
}

void writeCertificate(const DeathCertificate& certificate, schema::DeathCertificate::Builder to) {
  to.setWorker(certificate.worker);
  to.setPid(certificate.pid);
  writeStatus(certificate.status, to);
  to.setCause(static_cast<schema::DeathCertificate::Cause>(certificate.cause));
  to.setPhase(static_cast<schema::DeathCertificate::Phase>(certificate.phase));
  to.setJob(certificate.job);
  to.setBegun(certificate.begun == DeathCertificate::Begun::yes);
  to.setFunction(text(certificate.function));
  to.setLabel(text(certificate.label));
  if (certificate.progress) to.getProgress().setFraction(*certificate.progress);
  if (certificate.element) to.getElement().setIndex(*certificate.element);
  to.setJobsServed(certificate.jobsServed);
  to.setUptimeNanoseconds(certificate.uptime.count());
  const ResourceUse& use = certificate.resources;
  to.setUserMicroseconds(use.userTime.count());
  to.setSystemMicroseconds(use.systemTime.count());
  if (use.peakRssBytes) to.getPeakRss().setBytes(*use.peakRssBytes);
  writeLines(certificate.stderrTail, to.initStderrTail(countOf(certificate.stderrTail)));
  writeLines(certificate.stderrHead, to.initStderrHead(countOf(certificate.stderrHead)));
  to.setStderrLeftOut(certificate.stderrLeftOut);
  writeLines(certificate.traceback, to.initTraceback(countOf(certificate.traceback)));
  to.setDetail(text(certificate.detail));
}

DeathCertificate readCertificate(schema::DeathCertificate::Reader from) {
  DeathCertificate certificate;
  certificate.worker = from.getWorker();
  certificate.pid = from.getPid();
  certificate.status = readStatus(from);
  certificate.detail = text(from.getDetail());
  certificate.cause = known(static_cast<unsigned>(from.getCause()), DeathCause::killed,
                            DeathCause::reaped, "cause", certificate.detail);
  certificate.phase = known(static_cast<unsigned>(from.getPhase()), Phase::stopping, Phase::idle,
                            "phase", certificate.detail);
  certificate.job = from.getJob();
  certificate.begun = from.getBegun() ? DeathCertificate::Begun::yes : DeathCertificate::Begun::no;
  certificate.function = text(from.getFunction());
  certificate.label = text(from.getLabel());
  if (from.getProgress().isFraction()) certificate.progress = from.getProgress().getFraction();
  if (from.getElement().isIndex()) certificate.element = from.getElement().getIndex();
  certificate.jobsServed = from.getJobsServed();
  certificate.uptime = std::chrono::nanoseconds(from.getUptimeNanoseconds());
  certificate.resources.userTime = std::chrono::microseconds(from.getUserMicroseconds());
  certificate.resources.systemTime = std::chrono::microseconds(from.getSystemMicroseconds());
  if (from.getPeakRss().isBytes()) {
    certificate.resources.peakRssBytes = from.getPeakRss().getBytes();
  }
  certificate.stderrTail = readLines(from.getStderrTail());
  certificate.stderrHead = readLines(from.getStderrHead());
  certificate.stderrLeftOut = from.getStderrLeftOut();
  certificate.traceback = readLines(from.getTraceback());
  return certificate;
}

}  // namespace phial::inline v1::detail
