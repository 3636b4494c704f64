// Jobs that leave their worker otherwise than they found it.
#pragma once

#include <string>

namespace jobs {

/// Closes the descriptor, and says what it was.
std::string closeDescriptor(int descriptor);
/// Puts another pipe in the descriptor's place.
int replaceDescriptor(int descriptor);
/// The descriptor of the worker's epoll.
int eventLoopDescriptor();

/// Sets each interval timer, one of which is alarm()'s, to expire in an hour.
void setTimers();
/// How many of them are set.
int timersSet();
/// Blocks a signal, and changes umask and working directory.
void changeSurroundings();
/// Mask, umask and working directory.
std::string surroundings();

/// Forks a child that does so; returns in the parent when the child has ended, with its status.
enum class Child { returns, throws, callsExit, reportsProgress };
int forkChild(Child how);

/// A function of its own for the stack of a crash.
void abortDeepDown(int depth);

/// Calls an address where there is no code.
void callNowhere();

/// Ignores whom the SIGTERM comes from: sends it to itself by another process, and returns.
int survivesTermOfAStranger();

/// Tells whether isWorker() holds here, and in what is started from here.
std::string whoIsAWorker();

}  // namespace jobs
