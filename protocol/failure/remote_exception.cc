#include <phial/protocol/exception_type.h>
#include <phial/protocol/remote_exception.h>

#include <any>
#include <filesystem>
#include <functional>
#include <future>
#include <ios>
#include <new>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <typeinfo>
#include <variant>

namespace phial::inline v1 {

RemoteError::RemoteError(RemoteInfo info) : Error(info.message) {
  if (info.types.empty()) info.types.emplace_back("unknown");
  info_ = std::make_shared<const RemoteInfo>(std::move(info));
}

namespace detail {
namespace {

// Null when the description does not suffice.
using Revive = std::exception_ptr (*)(const RemoteInfo&);

// Of a type that is made from its message.
template <class E>
std::exception_ptr withMessage(const RemoteInfo& info) {
  return std::make_exception_ptr(E(info.message));
}

// `plain` when it has the right text, else one that is given it.
template <class E, class... A>
std::exception_ptr withText(const RemoteInfo& info, E plain, A... arguments) {
  if (info.message == plain.what()) return std::make_exception_ptr(std::move(plain));
  return std::make_exception_ptr(Revived<E>(info.message, std::move(arguments)...));
}

// Of a type that has a text of its own.
template <class E>
std::exception_ptr withOwnText(const RemoteInfo& info) {
  return withText(info, E());
}

std::optional<std::error_code> codeOf(const RemoteInfo& info) {
  if (!info.code) return std::nullopt;
  const std::error_category* const known[] = {&std::generic_category(), &std::system_category(),
                                              &std::iostream_category(), &std::future_category()};
  for (const auto* category : known) {
    if (info.code->category == category->name())
      return std::error_code(info.code->value, *category);
  }
  return std::nullopt;
}

// What it was made with: the standard library appends the code's own text.
std::string prefixOf(const std::string& what, const std::error_code& code) {
  const std::string tail = ": " + code.message();
  return what.ends_with(tail) ? what.substr(0, what.size() - tail.size()) : what;
}

std::exception_ptr systemError(const RemoteInfo& info) {
  const auto code = codeOf(info);
  if (!code) return nullptr;
  if (std::system_error bare(*code); info.message == bare.what()) {
    return std::make_exception_ptr(std::move(bare));
  }
  return withText(info, std::system_error(*code, prefixOf(info.message, *code)), *code);
}

std::exception_ptr iosFailure(const RemoteInfo& info) {
  const auto code = codeOf(info);
  if (!code) return nullptr;
  return withText(info, std::ios_base::failure(prefixOf(info.message, *code), *code), "", *code);
}

std::exception_ptr filesystemError(const RemoteInfo& info) {
  const auto code = codeOf(info);
  if (!code) return nullptr;
  return withText(info, std::filesystem::filesystem_error("", *code), "", *code);
}

std::exception_ptr futureError(const RemoteInfo& info) {
  const auto code = codeOf(info);
  if (!code || code->category() != std::future_category()) return nullptr;
  const auto error = static_cast<std::future_errc>(code->value());
  return withText(info, std::future_error(error), error);
}

struct Standard {
  std::string_view name;
  Revive revive;
};
constexpr Standard kStandard[] = {
    {"std::logic_error", &withMessage<std::logic_error>},
    {"std::invalid_argument", &withMessage<std::invalid_argument>},
    {"std::domain_error", &withMessage<std::domain_error>},
    {"std::length_error", &withMessage<std::length_error>},
    {"std::out_of_range", &withMessage<std::out_of_range>},
    {"std::runtime_error", &withMessage<std::runtime_error>},
    {"std::range_error", &withMessage<std::range_error>},
    {"std::overflow_error", &withMessage<std::overflow_error>},
    {"std::underflow_error", &withMessage<std::underflow_error>},
    {"std::exception", &withOwnText<std::exception>},
    {"std::bad_exception", &withOwnText<std::bad_exception>},
    {"std::bad_alloc", &withOwnText<std::bad_alloc>},
    {"std::bad_array_new_length", &withOwnText<std::bad_array_new_length>},
    {"std::bad_cast", &withOwnText<std::bad_cast>},
    {"std::bad_any_cast", &withOwnText<std::bad_any_cast>},
    {"std::bad_typeid", &withOwnText<std::bad_typeid>},
    {"std::bad_function_call", &withOwnText<std::bad_function_call>},
    {"std::bad_weak_ptr", &withOwnText<std::bad_weak_ptr>},
    {"std::bad_optional_access", &withOwnText<std::bad_optional_access>},
    {"std::bad_variant_access", &withOwnText<std::bad_variant_access>},
    {"std::system_error", &systemError},
    {"std::ios_base::failure", &iosFailure},
    {"std::filesystem::filesystem_error", &filesystemError},
    {"std::future_error", &futureError},
};

}  // namespace

std::exception_ptr revive(const RemoteInfo& info) {
  for (const auto& [name, make] : kStandard) {
    if (info.types.empty() || name != info.types.front()) continue;
    if (auto exception = make(info)) return exception;
  }
  return reviveRegistered(info);
}

}  // namespace detail
}  // namespace phial::inline v1
