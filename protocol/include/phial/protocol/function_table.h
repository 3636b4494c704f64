// The functions that a program can run as jobs.
//
// A worker serves a table of them. In a program that is its own worker nobody fills it by hand:
// whoever writes deferToProcess<isPrime> anywhere in the program thereby links isPrime, and both
// processes, being the same program, hold the same linkedFunctions().
//
// Thread rule: fill it before threads use it (linkedFunctions() is filled during static
// initialisation); after that any thread may look things up.
#pragma once

#include <phial/protocol/function_call.h>
#include <phial/protocol/function_index.h>
#include <phial/protocol/function_name.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace phial {

class FunctionTable {
 public:
  struct Entry {
    std::string name;
    std::string signature;
    /// Never null. Where two functions of one name and signature were added (static functions of
    /// two files, say), it prepares nothing and throws UnknownFunction.
    std::shared_ptr<FunctionHandler> handler;
    /// The function's address; null for other callables.
    void (*function)();
  };

  /// Adds the function F under its qualified name. Adding it again changes nothing.
  template <auto F>
  void add() {
    add<F>(std::string(functionName<F>()));
  }

  /// Adds the function F under a name of the caller's choice. Adding it again changes nothing.
  template <auto F>
  void add(std::string name) {
    auto handler = handlerOf<F>(name);
    add(std::move(name), std::string(functionSignature<F>()), std::move(handler),
        reinterpret_cast<void (*)()>(F));
  }

  /// Adds a callable under a name of the caller's choice; the table owns it.
  template <class Callable>
  void add(std::string name, Callable callable) {
    static_assert(PlainCallable<Callable>,
                  "A job's function needs a single operator() that is neither overloaded nor a "
                  "template (no auto parameters): its parameters say what arguments arrive.");
    if constexpr (PlainCallable<Callable>) {
      using Signature = typename FunctionTraits<Callable>::Signature;
      auto handler =
          std::make_shared<detail::TypedHandler<Callable, Signature>>(name, std::move(callable));
      add(std::move(name), typeName<Signature>(), std::move(handler), nullptr);
    }
  }

  /// Adds all of the other table's; handlers are shared.
  void add(const FunctionTable& other);

  /// As FunctionIndex::find. The index is that of list().
  FunctionIndex::Lookup find(std::string_view name, std::string_view signature = {}) const {
    return index_.find(name, signature);
  }

  /// As FunctionIndex::explain.
  std::string explain(std::string_view name, std::string_view signature = {}) const {
    return index_.explain(name, signature);
  }

  /// All functions in the order they were added. An index stays valid for good.
  const std::vector<Entry>& list() const { return entries_; }

 private:
  template <auto F>
  static std::shared_ptr<FunctionHandler> handlerOf(const std::string& name) {
    using Traits = FunctionTraits<decltype(F)>;
    return std::make_shared<detail::TypedHandler<decltype(F), typename Traits::Signature>>(name, F);
  }

  void add(std::string name, std::string signature, std::shared_ptr<FunctionHandler> handler,
           void (*function)());

  std::vector<Entry> entries_;
  FunctionIndex index_;
};

/// The functions linked into this program. A table of its own for each process, not a registry that
/// anybody else changes.
FunctionTable& linkedFunctions();

/// Puts F into linkedFunctions() before main() of any program that contains a call of require(),
/// whether or not that call is ever reached.
template <auto F>
struct LinkedFunction {
  static void require() {
    // Naming the member would not instantiate its initialiser; taking its address does.
    static_cast<void>(&registered);
  }

  static inline const bool registered = (linkedFunctions().add<F>(), true);
};

}  // namespace phial
