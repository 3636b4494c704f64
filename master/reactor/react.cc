#include <phial/master/react.h>

#include <memory>
#include <string>
#include <utility>

#include "master/log/log.h"

namespace phial::inline v1 {
namespace {

// What react() and main's callback both look at. The callback may run after react() has returned,
// since something else may end the loop; it then finds `over` and touches nothing of react()'s.
struct Course {
  int status = 1;
  bool settled = false;
  bool looping = false;
  bool over = false;
};

// Also when the loop is left by an exception.
class Ending {
 public:
  explicit Ending(Course& course) : course_(course) {}
  ~Ending() { course_.over = true; }
  Ending(const Ending&) = delete;
  Ending& operator=(const Ending&) = delete;

 private:
  Course& course_;
};

}  // namespace

int react(Reactor& reactor, std::string_view program, Deferred<int> main) {
  const auto course = std::make_shared<Course>();
  const Ending ending(*course);
  std::move(main).addBoth([course, &reactor, name = std::string(program)](
                              const Outcome<int>& outcome) -> Outcome<void> {
    if (course->over) {
      // Too late to be anybody's status. A failure is reported as unhandled.
      if (outcome.ok()) return {};
      return outcome.failure();
    }
    course->settled = true;
    if (outcome.ok()) {
      course->status = outcome.value();
    } else {
      const std::string text = detail::oneLine(name + ": " + outcome.failure().message());
      detail::log({.level = LogLevel::error, .text = text});
    }
    if (course->looping) reactor.stop();
    return {};
  });
  course->looping = true;
  if (!course->settled) reactor.run();
  return course->status;
}

}  // namespace phial::inline v1
