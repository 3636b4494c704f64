// Jobs for the tests of leases, of calls in every worker, and of fresh workers.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

namespace phial::lease_jobs {

/// Adds to the number that the session of the lease keeps, and returns it.
int add(int number);
/// Appends to the text that the session keeps beside the number, and returns it.
std::string append(const std::string& text);
/// Makes an object that writes a line to the file `path` when the session is destroyed.
void tellEnd(const std::string& path);
/// Makes an object whose constructor throws.
void makeThrower();
/// Makes an object whose destructor throws.
void makeUnruly();
/// Makes an object whose destructor blocks until somebody opens the FIFO `path` for writing.
void makeSlow(const std::string& path);
/// What currentJob().session() says from another thread.
std::string askFromThread();

/// Sets a global of the worker, and returns what it was.
int exchangeGlobal(int number);
/// Throws, or crashes, in every worker but this one.
void crashUnless(pid_t pid);
void throwAlways();
std::uint64_t count(std::uint64_t number);

}  // namespace phial::lease_jobs
