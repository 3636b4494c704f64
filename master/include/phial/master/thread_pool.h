// Some threads, and a queue of functions for them. After Twisted's ThreadPool.
//
//     phial::ThreadPool files({.max = 4, .name = "files"});
//     files.start();
//     phial::deferToThreadPool(reactor, files, readConfiguration, path).addCallback(...);
//
// A thread is the right place for a call that blocks, and that shares the program's memory: a name
// look-up, a read of a slow disk, a library without an asynchronous form. Work that may crash, or
// that must be stopped, belongs into a ProcessPool: nothing can end a function in a thread.
//
// A thread is started when a function is queued, no thread is idle and fewer than `max` exist; it
// stays until stop(). The threads handle no signals. `ps -L` and debuggers show them as `name`
// and a number.
//
// Life: start(), stop(), destructor. No function is lost: stop() runs what is queued. This is
// Twisted's rule, too.
//
// Thread rule: any thread may call any member. stop() is not for a function of the pool itself,
// since it would wait for its own end.
//
// Fork: the copy in a forked process has no threads. callInThread and start throw PoolStopped
// there, stop and the destructor do nothing.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

struct ThreadPoolOptions {
  /// The threads that start() makes. Default 0.
  std::size_t min = 0;
  /// The most threads. Default 10, as Twisted suggests for a reactor. Price: each thread has a
  /// stack of the system's size, usually 8 MiB of address space.
  std::size_t max = 10;
  /// The name of the threads. The system shows 15 bytes of name and number.
  std::string name = "phial-pool";
};

class ThreadPool {
 public:
  /// Starts nothing. Throws std::invalid_argument unless 1 <= max and min <= max.
  explicit ThreadPool(ThreadPoolOptions options = {});
  /// As stop(). A pool that is destroyed by one of its own functions does not wait for the thread
  /// of that function, which ends when the function has returned.
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  /// Makes `min` threads, and more if functions wait. Harmless when started already. Throws Error
  /// when the system gives fewer than `min` threads, or none although functions wait; the pool is
  /// started all the same. Throws PoolStopped after stop().
  void start();

  /// Ends the pool: lets what runs end, runs what is queued, takes nothing more, and waits until
  /// the last thread has ended. Also runs what was queued before start(). Where there is no thread,
  /// the calling thread runs it. A second stop() waits for the same end. Throws std::logic_error on
  /// a thread of the pool.
  void stop();

  /// Calls `f` on a thread of the pool, in the order of the requests as far as several threads have
  /// one. Before start() `f` waits. An exception of `f` is reported as an unhandled error. `f` is
  /// destroyed on that thread too. Throws PoolStopped after stop(); throws Error when the pool has
  /// no thread and the system gives none: `f` will not run then.
  void callInThread(std::function<void()> f);

  /// The threads that exist.
  std::size_t threads() const;
  /// The functions that wait for a thread.
  std::size_t queued() const;

 private:
  class Core;
  const std::shared_ptr<Core> core_;
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
