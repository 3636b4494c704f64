#include <phial/protocol/error.h>
#include <phial/protocol/function_table.h>

namespace phial::inline v1 {

namespace {

// Stands for two functions that nothing a caller can say tells apart.
class AmbiguousHandler final : public FunctionHandler {
 public:
  AmbiguousHandler(std::string_view name, std::string_view signature) {
    message_.append("the worker has two functions called '").append(name);
    message_.append("' of type '").append(signature);
    message_.append("' (perhaps static functions of two source files) and cannot tell which is ");
    message_.append("meant; give one of them another name");
  }

  std::unique_ptr<PreparedCall> prepare(ListReader) override { throw UnknownFunction(message_); }

 private:
  std::string message_;
};

}  // namespace

namespace detail {

void requireArgumentCount(const std::string& function, std::size_t takes, std::size_t given) {
  if (takes == given) return;
  throwEncoding(function + " takes " + std::to_string(takes) +
                (takes == 1 ? " argument, " : " arguments, ") + std::to_string(given) +
                (given == 1 ? " was given" : " were given"));
}

void throwArgument(const std::string& function, std::size_t index, const EncodingError& error) {
  throwEncoding("argument " + std::to_string(index + 1) + " of " + function + ": " + error.what());
}

}  // namespace detail

void FunctionTable::add(std::string name, std::string signature,
                        std::unique_ptr<FunctionHandler> handler, void (*function)()) {
  addShared(std::move(name), std::move(signature), std::move(handler), function);
}

void FunctionTable::addShared(std::string name, std::string signature,
                              std::shared_ptr<FunctionHandler> handler, void (*function)()) {
  for (auto& entry : entries_) {
    if (entry.name != name || entry.signature != signature) continue;
    if (entry.function == function && (function != nullptr || entry.handler == handler)) return;
    handler = std::make_shared<AmbiguousHandler>(name, signature);
    entry.handler = handler;
  }
  index_.add(name, signature);
  entries_.push_back({std::move(name), std::move(signature), std::move(handler), function});
}

void FunctionTable::add(const FunctionTable& other) {
  for (const auto& entry : other.entries_) {
    addShared(entry.name, entry.signature, entry.handler, entry.function);
  }
}

FunctionTable& linkedFunctions() {
  static FunctionTable table;
  return table;
}

}  // namespace phial::inline v1
