// The functions that a program can run as jobs.
//
// A worker serves a FunctionTable. If a program is its own worker, nobody fills the table by hand:
// writing deferToProcess<isPrime> anywhere in the program links isPrime, and both processes, which
// run the same program, have the same linkedFunctions().
//
// Thread rule: fill the table before threads use it (linkedFunctions() is filled during static
// initialisation). After that any thread may look up functions.
#pragma once

#include <phial/protocol/function_call.h>
#include <phial/protocol/function_index.h>
#include <phial/protocol/function_name.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#pragma GCC visibility push(default)

namespace phial::inline v1 {

class FunctionTable {
 public:
  struct Entry {
    std::string name;
    std::string signature;
    /// Never null. If two functions of one name and signature were added, such as static functions
    /// of two files, the handler only throws UnknownFunction.
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
        reinterpret_cast<void (*)()>(+F));
  }

  /// Adds a callable under a name of the caller's choice. The table owns the callable.
  template <class Callable>
  void add(std::string name, Callable callable) {
    static_assert(PlainCallable<Callable>,
                  "A job's function needs a single operator() that is neither overloaded nor a "
                  "template (no auto parameters): its parameters say what arguments arrive.");
    if constexpr (PlainCallable<Callable>) {
      using Signature = typename FunctionTraits<Callable>::Signature;
      std::unique_ptr<FunctionHandler> handler(
          new detail::TypedHandler<Callable, Signature>(name, std::move(callable)));
      add(std::move(name), typeName<Signature>(), std::move(handler), nullptr);
    }
  }

  /// Adds a handler for the function at `function`; null: for another callable. Adding the same
  /// function again changes nothing.
  void add(std::string name, std::string signature, std::unique_ptr<FunctionHandler> handler,
           void (*function)());

  /// Adds all functions of `other`; their handlers are shared.
  void add(const FunctionTable& other);

  /// As FunctionIndex::find. The index is a place in list().
  FunctionIndex::Lookup find(std::string_view name, std::string_view signature = {}) const {
    return index_.find(name, signature);
  }

  /// As FunctionIndex::at.
  std::size_t at(std::string_view name, std::string_view signature = {}) const {
    return index_.at(name, signature);
  }

  /// As FunctionIndex::explain.
  std::string explain(std::string_view name, std::string_view signature = {}) const {
    return index_.explain(name, signature);
  }

  /// All functions, in the order in which they were added. An index stays valid.
  const std::vector<Entry>& list() const { return entries_; }

 private:
  template <auto F>
  static std::unique_ptr<FunctionHandler> handlerOf(const std::string& name) {
    using Callable = std::remove_cv_t<decltype(F)>;
    using Signature = typename FunctionTraits<Callable>::Signature;
    return std::unique_ptr<FunctionHandler>(new detail::TypedHandler<Callable, Signature>(name, F));
  }

  void addShared(std::string name, std::string signature, std::shared_ptr<FunctionHandler> handler,
                 void (*function)());

  std::vector<Entry> entries_;
  FunctionIndex index_;
};

/// The functions that are linked into this program: one table for each process, filled only by
/// LinkedFunction and LinkedChunk.
FunctionTable& linkedFunctions();

/// Puts F into linkedFunctions() before main() in any program that contains a call of require(),
/// whether or not the call is ever reached.
template <auto F>
struct LinkedFunction {
  static void require() {
    // Naming the member would not instantiate its initialiser; taking its address does.
    static_cast<void>(&registered);
  }

  static inline const bool registered = (linkedFunctions().add<F>(), true);
};

}  // namespace phial::inline v1

#pragma GCC visibility pop
