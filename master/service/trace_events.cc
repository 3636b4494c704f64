#include "master/service/trace_events.h"

#include <algorithm>

#include "master/service/json_text.h"

namespace phial::inline v1::detail {
namespace {

std::string_view outcomeName(JobOutcome outcome) {
  switch (outcome) {
    case JobOutcome::pending:
      return "pending";
    case JobOutcome::succeeded:
      return "succeeded";
    case JobOutcome::failed:
      return "failed";
    case JobOutcome::cancelled:
      return "cancelled";
  }
  return "";
}

void begin(std::string& to, char phase, const TraceRow& row) {
  to += ",\n{\"ph\":\"";
  to += phase;
  to += "\",\"pid\":";
  appendNumber(to, row.pool);
  to += ",\"tid\":";
  appendNumber(to, row.worker);
}

void time(std::string& to, std::string_view name, Duration value) {
  to += ",\"";
  to += name;
  to += "\":";
  appendMicroseconds(to, value);
}

void text(std::string& to, std::string_view name, std::string_view value) {
  to += ",\"";
  to += name;
  to += "\":";
  appendString(to, value);
}

void appendMetadata(std::string& to, const TraceRow& row, std::string_view what,
                    std::string_view name) {
  begin(to, 'M', row);
  text(to, "name", what);
  to += ",\"args\":{\"name\":";
  appendString(to, name);
  to += "}}";
}

void appendArguments(std::string& to, const JobEvent& event) {
  to += ",\"args\":{\"job\":";
  appendNumber(to, event.id);
  text(to, "outcome", outcomeName(event.outcome));
  if (!event.label.empty()) text(to, "label", event.label);
  if (!event.trace.empty()) text(to, "trace", event.trace);
  if (event.failure != nullptr) {
    text(to, "failure", event.failure->type());
    text(to, "message", event.failure->message());
  }
  if (event.attempts > 1) {
    to += ",\"attempts\":";
    appendNumber(to, event.attempts);
  }
  to += '}';
}

void appendSlice(std::string& to, const TraceRow& row, std::string_view name, TimePoint from,
                 TimePoint until) {
  begin(to, 'X', row);
  text(to, "name", name);
  time(to, "ts", from.time_since_epoch());
  time(to, "dur", until - from);
}

// Waits overlap, so they are no slices but spans with a number.
void appendWait(std::string& to, std::uint64_t pool, const JobEvent& event, TimePoint until) {
  for (const char phase : {'b', 'e'}) {
    begin(to, phase, {pool, 0});
    to += R"(,"cat":"queue","id":)";
    appendNumber(to, event.id);
    text(to, "name", event.function);
    time(to, "ts", (phase == 'b' ? event.times.queued : until).time_since_epoch());
    if (phase == 'b') appendArguments(to, event);
    to += '}';
  }
}

}  // namespace

void appendPoolName(std::string& to, std::uint64_t pool, std::string_view name) {
  appendMetadata(to, {pool, 0}, "process_name", name);
  appendMetadata(to, {pool, 0}, "thread_name", "queue");
}

void appendRowName(std::string& to, const TraceRow& row) {
  appendMetadata(to, row, "thread_name", "worker " + std::to_string(row.worker));
}

void appendJob(std::string& to, std::uint64_t pool, const JobEvent& event) {
  const JobTimes& times = event.times;
  const TimePoint settled = times.settled.value_or(times.queued);
  appendWait(to, pool, event, times.dispatched.value_or(settled));
  if (!times.started || event.worker == 0) return;
  const TraceRow row{pool, event.worker};
  if (times.decoding > Duration::zero()) {
    appendSlice(to, row, "decode", *times.started - times.decoding, *times.started);
    to += '}';
  }
  const TimePoint finished = times.finished.value_or(settled);
  appendSlice(to, row, event.function, *times.started, finished);
  appendArguments(to, event);
  to += '}';
  if (times.encoding > Duration::zero() && times.finished) {
    appendSlice(to, row, "encode", finished, finished + times.encoding);
    to += '}';
  }
}

void appendMark(std::string& to, const TraceRow& row, TimePoint at, std::string_view name,
                std::string_view details) {
  begin(to, 'i', row);
  text(to, "name", name);
  time(to, "ts", at.time_since_epoch());
  to += row.worker == 0 ? R"(,"s":"p")" : R"(,"s":"t")";
  if (!details.empty()) {
    to += ",\"args\":{\"details\":";
    appendString(to, details);
    to += '}';
  }
  to += '}';
}

}  // namespace phial::inline v1::detail
