// The job that this worker is running, as its function sees it.
//
// What a job may do, and what it leaves behind
// - A worker runs many jobs. Before it waits for the next job it restores what a job may have
//   changed: interval timers and alarms (except those that the program had set before it served),
//   the main thread's signal mask, the umask, and the working directory. It does not restore signal
//   handlers, because a library that a job has loaded may own them; nor timers of timer_create(),
//   the environment, the locale, or resource limits. Threads go on. Short jobs that travel together
//   may follow each other without this: restoring happens at the latest after about fifty times its
//   own cost in running time.
// - A job must not close or replace the worker's own descriptors: 3, 4, 6 to 9, and the event
//   loop's. If it does, the worker ends with DeathCause::damaged. The result of this job is still
//   delivered when possible.
// - A job may fork. In the child currentJob().progress() throws std::logic_error. A child that
//   returns from the job's function, or throws out of it, is ended with a line on stderr. The child
//   should call _exit(), or exec; exit() would run the worker's atexit handlers.
// - If a job dies of SIGSEGV, SIGBUS, SIGFPE, SIGILL or SIGABRT, its stack goes to stderr and to
//   the certificate's `traceback`, unless the program or a sanitizer handles the signal. The same
//   happens when the pool ends a worker for its job's time limit or because a cancelled job did not
//   give up: the worker gets SIGURG first, and has 100 ms to write its stack and end. For function
//   names link with -rdynamic (ENABLE_EXPORTS in CMake).
#pragma once

#include <phial/protocol/current_job.h>  // IWYU pragma: export
