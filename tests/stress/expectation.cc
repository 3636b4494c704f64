#include "expectation.h"

namespace matrix {
namespace {

using phial::Phase;
using phial::cli::Fault;
using Job = Expectation::Job;

#if defined(PHIAL_ADDRESS_SANITIZER) || defined(PHIAL_THREAD_SANITIZER)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

// A fault in the middle of a job, whatever the stage.
Expectation plain(Fault fault) {
  Expectation e;
  switch (fault) {
    case Fault::sigkill:
    case Fault::grandchild:
      e.endings = {"killed by SIGKILL"};
      break;
    case Fault::sigsegv:
      e.endings = {"killed by SIGSEGV"};
      break;
    case Fault::abort:
      e.endings = {"killed by SIGABRT"};
      break;
    case Fault::exitZero:
      e.endings = {"exited with status 0"};
      break;
    case Fault::exit:
    case Fault::halfFrame:
      e.endings = {"exited with status 1"};
      break;
    case Fault::oom:
      e.endings = {"killed by SIGABRT"};
      e.causes = {"memory"};
      // A sanitizer's allocator does not throw; it reports and exits.
      if (kSanitized) e.causes.insert(e.causes.end(), "crash");
      if (kSanitized)
        e.endings.insert(e.endings.end(), {"exited with status 1", "exited with status 66"});
      break;
    case Fault::stop:
    case Fault::hang:
    case Fault::ignoreTerm:
      e.job = Job::timedOut;
      e.causes = {"timeout"};
      e.hangs = true;
      e.endings = {"killed by SIGKILL"};
      break;
    case Fault::closePipe:
    case Fault::garbage:
      e.job = Job::protocolError;
      e.causes = {"protocol"};
      e.endings = {"killed by SIGKILL"};
      break;
    default:
      e.absent = "the job returns: phial stress has these";
      break;
  }
  return e;
}

Phase phaseAt(Stage stage) {
  switch (stage) {
    case Stage::idleTemplate:
    case Stage::spawn:
    case Stage::handshake:
    case Stage::onStart:
      return Phase::starting;
    case Stage::decode:
      return Phase::decoding;
    case Stage::run:
    case Stage::progress:
    case Stage::method:
    case Stage::leased:
    case Stage::forked:
      return Phase::running;
    case Stage::encode:
      return Phase::encoding;
    case Stage::deliver:
      return Phase::delivering;
    case Stage::idle:
      return Phase::idle;
    case Stage::recycle:
    case Stage::stop:
      return Phase::stopping;
  }
  return Phase::starting;
}

void adjustToStart(Expectation& e, Fault fault) {
  e.job = Job::none;
  e.causes = {"startup"};
  if (fault == Fault::ignoreTerm) {
    e.note = "a worker that does not get ready is ended by SIGKILL at once";
  }
}

void adjustToEnd(Expectation& e, Stage stage, Fault fault) {
  e.job = Job::succeeds;
  e.causes = {stage == Stage::recycle ? "recycle" : "shutdown"};
  if (fault == Fault::halfFrame || fault == Fault::garbage) {
    e.absent = "makes no sense: onStop runs when the pipes are closed";
  } else if (fault == Fault::closePipe) {
    e.hangs = true;
    e.note = "onStop runs when the pipes are closed: it hangs, and SIGKILL comes after grace";
  }
}

void adjustToIdle(Expectation& e) {
  e.job = Job::succeeds;
  if (!e.hangs) return;
  e.causes = {"unresponsive"};
  e.note =
      "nothing tells that an idle worker hangs until it is given a job; when it has not taken that "
      "up in time it is ended, and the job runs elsewhere";
}

void adjustToDeliver(Expectation& e, Fault fault) {
  if (fault == Fault::garbage) {
    e.job = Job::timedOut;
    e.causes = {"timeout"};
    e.hangs = true;
    e.endings = {"killed by SIGTERM"};
    e.note = "the garbage lies inside the result's own frame, which never ends";
  } else if (fault == Fault::halfFrame) {
    e.note = "the half frame lies inside the result's own, which is a half one itself then";
  }
}

void adjustToTemplate(Expectation& e, Fault fault) {
  e.job = Job::none;
  if (fault == Fault::halfFrame || fault == Fault::garbage || fault == Fault::closePipe) {
    e.absent = "makes no sense: a template has no pipes of a worker's";
  }
}

}  // namespace

Expectation expectationOf(Stage stage, Fault fault) {
  Expectation e = plain(fault);
  e.phase = phaseAt(stage);
  if (isStart(stage)) adjustToStart(e, fault);
  if (isEnd(stage)) adjustToEnd(e, stage, fault);
  if (stage == Stage::idle) adjustToIdle(e);
  if (stage == Stage::deliver) adjustToDeliver(e, fault);
  if (stage == Stage::idleTemplate) adjustToTemplate(e, fault);
#ifdef PHIAL_THREAD_SANITIZER
  if (isWarm(stage)) e.absent = "ThreadSanitizer has a thread in each process: none can be forked";
#endif
  return e;
}

}  // namespace matrix
