// Functions that throw, for failure_test.cc.
#pragma once

#include <string>

namespace failure_jobs {

/// Each throws what it is named after, with this text.
int invalidArgument(const std::string& text);
int noSuchFile(const std::string& text);
int cancelledError(const std::string& text);
int queueFull(const std::string& text);
/// An exception whose what() is null.
int nullWhat();
/// Ends its thread by pthread_exit.
int endOfThread();

}  // namespace failure_jobs
