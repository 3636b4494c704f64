// An exception of another process: its description, and how this process throws it again.
#pragma once

#include <phial/protocol/error.h>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

/// The code of a std::system_error or std::future_error.
struct ErrorCode {
  int value = 0;
  /// The name of the code's category; "generic", "system", "iostream" or "future" for the standard
  /// library's categories.
  std::string category = {};
};

/// What is known of an exception that another process threw.
struct RemoteInfo {
  /// The qualified name of its type, then the names of its bases.
  std::vector<std::string> types = {};
  std::string message = {};
  /// Text, one line for each frame; may be empty.
  std::string traceback = {};
  std::optional<ErrorCode> code = std::nullopt;
  /// As Failure::fromJob() and Failure::mayHaveRun().
  bool fromJob = false;
  bool mayHaveRun = true;
};

/// Thrown in this process for a worker's exception that is neither a standard exception nor one
/// that the program has registered (ExceptionType). what() is the remote message.
class RemoteError : public Error {
 public:
  explicit RemoteError(RemoteInfo info);

  /// The remote type's qualified name, then the names of its bases. Never empty.
  const std::vector<std::string>& types() const { return info_->types; }
  /// Text, one line for each frame; may be empty.
  const std::string& traceback() const { return info_->traceback; }
  const RemoteInfo& info() const { return *info_; }

 private:
  std::shared_ptr<const RemoteInfo> info_;  // shared: copying an exception must not throw
};

namespace detail {

/// Makes the exception that `info` describes, if its type is a standard one or one that the program
/// has registered (ExceptionType), with the same what().
/// A std::system_error keeps its code if the category is one of the standard library's. A
/// std::filesystem::filesystem_error comes without its paths, but what() names them. Returns null
/// for any other type.
std::exception_ptr revive(const RemoteInfo& info);

/// An `E` with the what() of another process's exception. Failure::types() calls its type E.
template <class E>
class Revived final : public E {
 public:
  template <class... A>
  explicit Revived(const std::string& what, A&&... arguments)
      : E(std::forward<A>(arguments)...), what_(std::make_shared<const std::string>(what)) {}
  const char* what() const noexcept override { return what_->c_str(); }

 private:
  std::shared_ptr<const std::string> what_;
};

}  // namespace detail
}  // namespace phial::inline v1

#pragma GCC visibility pop
