// An exception of another process: its description, and how it becomes one of this process again.
#pragma once

#include <phial/protocol/error.h>

#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace phial {

/// The code of a std::system_error or std::future_error.
struct ErrorCode {
  int value = 0;
  /// The name of its category: "generic", "system", "iostream" or "future" for those of the
  /// standard library.
  std::string category = {};
};

/// What is known of an exception that another process threw.
struct RemoteInfo {
  /// The qualified name of its type, then those of its bases.
  std::vector<std::string> types = {};
  std::string message = {};
  /// Text, one line a frame; may be empty.
  std::string traceback = {};
  std::optional<ErrorCode> code = std::nullopt;
  /// As the members of Failure of these names say.
  bool fromJob = false;
  bool mayHaveRun = true;
};

/// What a Failure from a worker throws in this process, unless the exception is one of the standard
/// library's. what() is the remote message.
class RemoteError : public Error {
 public:
  explicit RemoteError(RemoteInfo info);

  /// The remote type's qualified name, then those of its bases; never empty.
  const std::vector<std::string>& types() const { return info_->types; }
  const std::string& traceback() const { return info_->traceback; }
  const RemoteInfo& info() const { return *info_; }

 private:
  std::shared_ptr<const RemoteInfo> info_;  // shared: copying an exception must not throw
};

namespace detail {

/// The exception that `info` describes. One of a standard type is that type again, with the same
/// what() and, for a std::system_error of the standard library's categories, the same code.
/// (A std::filesystem::filesystem_error comes without its paths; what() names them.) Null for
/// anything else.
std::exception_ptr revive(const RemoteInfo& info);

/// An `E` whose what() is that of another process. Its type is called E by Failure::types().
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
}  // namespace phial
