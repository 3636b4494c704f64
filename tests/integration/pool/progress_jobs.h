// Jobs that report progress, for progress_test.cc.
#pragma once

#include <string>

namespace progress_jobs {

/// Reports `count` times; by how many KiB the worker has grown since the first of them.
long reportMany(int count);
void reportManyAndThrow(int count);
void reportManyAndAbort(int count);
/// By kill -9.
void reportManyAndDie(int count);
void reportOnce(double fraction);
/// Reports a quarter and waits for a writer at `fifo`.
void reportAndWait(const std::string& fifo);
/// Reports once, waits for a writer at `first`, reports twice, announces itself at `second`, and
/// waits for a writer at `third`.
void reportThreeTimes(const std::string& first, const std::string& second,
                      const std::string& third);
/// Reports a note with its number, twice in a row.
int reportNumber(int number);
/// What a second thread of the job is told when it reports. The job itself reports afterwards.
std::string reportFromAThread();
/// Reports until it is cancelled, then once more, then waits for a writer at `fifo`.
void reportUntilCancelled(const std::string& fifo);

}  // namespace progress_jobs
