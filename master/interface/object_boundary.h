// The line between the objects of one worker and the master's program.
//
// A method may return objects of its worker's, and take capabilities of the program's: callbacks.
// Every capability that crosses the line is wrapped, and unwrapped when it comes back. Calls cross
// it as calls between two objects do, in both directions: they are no jobs. A worker serves a call
// on its object when it is idle, and while its job waits for a promise.
//
// While the program holds an object of the worker's, the worker is bound. While it has calls on
// such objects under way, the worker is at work for it. When the worker has died, these calls fail
// with that death, and so does every later one.
//
// Life: the wrapped capabilities may outlive this. Thread rule: the loop's.
#pragma once

#include <capnp/capability.h>
#include <phial/protocol/failure.h>

#include <cstddef>
#include <functional>
#include <memory>

namespace phial::inline v1::detail {

class ObjectBoundary {
 public:
  /// What the program has of the worker's.
  struct Use {
    bool bound = false;     ///< it holds an object
    std::size_t calls = 0;  ///< on objects, under way

    bool operator==(const Use&) const = default;
  };

  /// `changed` is called when use() has changed. For the books only: it may come from a destructor.
  explicit ObjectBoundary(std::function<void()> changed);
  /// As end(), if that has not been called.
  ~ObjectBoundary();
  ObjectBoundary(const ObjectBoundary&) = delete;
  ObjectBoundary& operator=(const ObjectBoundary&) = delete;

  /// Copies parameters towards the worker, and results towards the program.
  void copyIn(capnp::AnyPointer::Reader from, capnp::AnyPointer::Builder to);
  void copyOut(capnp::AnyPointer::Reader from, capnp::AnyPointer::Builder to);

  Use use() const;
  /// The worker is gone: each call on its objects fails with `reason`, those under way included.
  void end(const Failure& reason);

 private:
  struct State;
  class Root;
  class Side;
  class Object;

  const std::shared_ptr<State> state_;
};

}  // namespace phial::inline v1::detail
