// How much memory a thread has taken and freed: what shows who reads, writes and frees a value of
// many strings, each of which is an allocation.
#pragma once

#include <cstddef>

/// Calls of operator new and delete on this thread so far.
std::size_t allocationsOfThisThread();
