#include "phial/protocol/side_thread.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include "phial/protocol/scheduling.h"
#include "protocol/memory/quiet_thread.h"

namespace phial::inline v1::detail {

// A piece of work that has not been told done is in exactly one of waiting_, atWork_ and ended_.
class SideThread::Core : public std::enable_shared_from_this<Core> {
 public:
  explicit Core(Post post) : post_(std::move(post)) {}

  void add(Work& work) {
    if (!thread_) thread_ = startQuietThread([this] { serve(); });
    if (!thread_) {
      while (!work.step()) {
      }
    }
    const std::scoped_lock lock(mutex_);
    if (thread_) {
      waiting_.push_back(&work);
      change_.notify_all();
    } else {
      end(work);
    }
  }

  void remove(const Work& work) noexcept {
    std::unique_lock lock(mutex_);
    std::erase(waiting_, &work);
    std::erase(ended_, &work);
    if (atWork_ != &work) return;
    unwanted_ = true;
    change_.wait(lock, [&] { return atWork_ != &work; });
  }

  // After this nobody hears of a piece of work.
  void close() {
    {
      const std::scoped_lock lock(mutex_);
      closed_ = true;
      waiting_.clear();
      ended_.clear();
    }
    change_.notify_all();
    if (thread_) thread_->join();
    thread_.reset();
  }

 private:
  void serve() {
    lowerPriorityToWorkers();
    std::unique_lock lock(mutex_);
    for (;;) {
      change_.wait(lock, [this] { return closed_ || !waiting_.empty(); });
      if (closed_) return;
      Work& work = *waiting_.front();
      waiting_.pop_front();
      atWork_ = &work;
      lock.unlock();
      const bool over = work.step();
      lock.lock();
      atWork_ = nullptr;
      if (std::exchange(unwanted_, false) || closed_) {
        change_.notify_all();
      } else if (over) {
        end(work);
      } else {
        waiting_.push_back(&work);
      }
    }
  }

  void end(Work& work) {
    ended_.push_back(&work);
    post_([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->tellFirst();
    });
  }

  void tellFirst() {
    std::function<void()> done;
    {
      const std::scoped_lock lock(mutex_);
      if (ended_.empty()) return;  // it was dropped
      done.swap(ended_.front()->done);
      ended_.pop_front();
    }
    done();
  }

  const Post post_;
  std::mutex mutex_;
  std::condition_variable change_;
  // Guarded by mutex_.
  std::deque<Work*> waiting_;
  std::deque<Work*> ended_;
  const Work* atWork_ = nullptr;
  bool unwanted_ = false;  // that at work has been dropped
  bool closed_ = false;

  std::optional<std::thread> thread_;
};

SideThread::Task::Task(std::shared_ptr<Core> core, std::unique_ptr<Work> work)
    : core_(std::move(core)), work_(std::move(work)) {}

SideThread::Task::Task(Task&& other) noexcept = default;

SideThread::Task& SideThread::Task::operator=(Task&& other) noexcept {
  if (this == &other) return *this;
  drop();
  core_ = std::move(other.core_);
  work_ = std::move(other.work_);
  return *this;
}

bool SideThread::Task::active() const { return work_ && work_->done; }

void SideThread::Task::drop() noexcept {
  if (const auto work = std::move(work_)) core_->remove(*work);
}

SideThread::SideThread(Post post) : core_(std::make_shared<Core>(std::move(post))) {}
SideThread::~SideThread() { core_->close(); }

SideThread::Task SideThread::run(std::function<bool()> step, std::function<void()> done) {
  auto work = std::make_unique<Work>(std::move(step), std::move(done));
  Work& added = *work;
  Task task(core_, std::move(work));
  core_->add(added);
  return task;
}

}  // namespace phial::inline v1::detail
