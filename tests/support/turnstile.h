// Holds a SideThread so that a test decides when it goes on.
#pragma once

#include <phial/protocol/side_thread.h>

#include <condition_variable>
#include <mutex>

/// A task that waits at each of its steps. Since tasks take turns, every other task of the thread
/// does one step for each that is let through here.
class Turnstile {
 public:
  explicit Turnstile(phial::detail::SideThread& thread)
      : task_(thread.run([this] { return waitHere(); }, [] {})) {}
  ~Turnstile() { open(); }
  Turnstile(const Turnstile&) = delete;
  Turnstile& operator=(const Turnstile&) = delete;

  /// Lets it through once and waits until it has come back.
  void turn() {
    std::unique_lock lock(mutex_);
    change_.wait(lock, [this] { return waiting_; });
    const int next = arrivals_ + 1;
    ++permits_;
    change_.notify_all();
    change_.wait(lock, [&] { return arrivals_ == next; });
  }
  /// Ends the task.
  void open() {
    const std::scoped_lock lock(mutex_);
    open_ = true;
    change_.notify_all();
  }

 private:
  bool waitHere() {
    std::unique_lock lock(mutex_);
    ++arrivals_;
    waiting_ = true;
    change_.notify_all();
    change_.wait(lock, [this] { return open_ || permits_ > 0; });
    waiting_ = false;
    if (!open_) --permits_;
    return open_;
  }

  std::mutex mutex_;
  std::condition_variable change_;
  int arrivals_ = 0;
  int permits_ = 0;
  bool waiting_ = false;
  bool open_ = false;
  phial::detail::SideThread::Task task_;  // last: it uses the others
};
