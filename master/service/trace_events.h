// Chrome's trace events:
// https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
//
// Each function appends events, each behind ",\n". Times are those of the steady clock.
#pragma once

#include <phial/master/death_certificate.h>
#include <phial/master/job_event.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace phial::inline v1::detail {

/// A row of the trace: a worker of a pool; worker 0 is the pool itself.
struct TraceRow {
  std::uint64_t pool;
  std::uint64_t worker;
};

/// The name of a pool, or of a worker's row.
void appendPoolName(std::string& to, std::uint64_t pool, std::string_view name);
void appendRowName(std::string& to, const TraceRow& row);
/// A job that has settled: its wait, decoding, run and encoding, as far as it has come.
void appendJob(std::string& to, std::uint64_t pool, const JobEvent& event);
/// A mark on a row. `details` may be empty.
void appendMark(std::string& to, const TraceRow& row, TimePoint at, std::string_view name,
                std::string_view details);

}  // namespace phial::inline v1::detail
