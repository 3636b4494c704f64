// What the templates and the workers of the tests do.
#pragma once

#include <phial/protocol/shared_array.h>
#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace warm_jobs {

/// What a worker finds; of a worker that was forked and of one that was spawned it should differ in
/// nothing but the numbers of processes.
struct Surroundings {
  pid_t self;
  pid_t parent;
  pid_t group;
  std::vector<int> descriptors;
  std::vector<int> handledSignals;
  int niceness;
  std::uint64_t mostFiles;
  std::string name;
  std::string title;
  int deathSignal;
  std::string variable;  // PHIAL_WORKER
};

// Preparations. Each adds a line with its process's number to the file at `notes`.

void load(const std::string& notes, const std::string& state);
void loadShared(phial::SharedArray<double> numbers);
void loadMany(std::uint64_t megabytes);
void printAndLoad();
void complainAndThrow(const std::string& text);
void startThread();
void joinThread();
void leave(int status);
void crash();
void hang(const std::string& notes);
void hangOnce(const std::string& notes);
void forkAndReturn();
void seedAlike();

// For onStart.
void note(const std::string& path);

// Jobs.

std::string state();
double sum();
Surroundings surroundings();
/// Whether another thread of the worker can signal the one that was forked.
bool threadNumberIsRight();
std::vector<long> randomNumbers();
std::uint64_t touch(std::uint64_t stride);
void wait(const std::string& fifo);
/// Takes about a millisecond of processor time.
int workAndSquare(int n);

}  // namespace warm_jobs
