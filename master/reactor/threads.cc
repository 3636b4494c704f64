#include <phial/master/detail/thread_door.h>
#include <phial/master/threads.h>

#include <utility>

namespace phial::inline v1 {

namespace detail {

void runAside(Reactor& reactor, ThreadPool& pool, std::function<void()> work,
              std::function<void()> finish) {
  const auto door = ThreadDoor::of(reactor);
  const std::uint64_t number = door->keep(std::move(finish));
  try {
    pool.callInThread([door, number, work = std::move(work)]() mutable {
      work();
      work = nullptr;  // the loop is the last owner of the result, and destroys it
      // Runs only while the Reactor lives, and with it the door.
      door->post([&loopsDoor = *door, number] { loopsDoor.finish(number); });
    });
  } catch (...) {
    door->drop(number);
    throw;
  }
}

}  // namespace detail

void callMultipleInThread(Reactor& reactor, std::vector<std::function<void()>> functions) {
  reactor.callInThread([functions = std::move(functions)] {
    for (const auto& f : functions) f();
  });
}

}  // namespace phial::inline v1
