#include "session.h"

#include <phial/master/client.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <utility>

namespace {

using calculator::Calculator;
using calculator::Function;
using calculator::Value;

// The program's own function. Workers call it back.
class Power final : public Function::Server {
 public:
  static constexpr std::size_t kParameters = 2;

  kj::Promise<void> call(CallContext context) override {
    const auto arguments = context.getParams().getArguments();
    KJ_REQUIRE(arguments.size() == kParameters, "pow takes 2 arguments");
    context.getResults().setNumber(std::pow(arguments[0], arguments[1]));
    return kj::READY_NOW;
  }
};

template <class Request>
capnp::Orphanage orphanageOf(Request& request) {
  return capnp::Orphanage::getForMessageContaining(request);
}

std::string shortest(double number) {
  std::array<char, 32> text;
  const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
  return {text.data(), end};
}

}  // namespace

Session::Session(Calculator::Client calculator) : calculator_(kj::mv(calculator)) {
  names_.functions.emplace("pow", Names::Function{kj::heap<Power>(), Power::kParameters});
}

// Nothing waits for a definition: calls on what it will be are sent after it (promise pipelining).
void Session::define(const Statement& statement) {
  auto request = calculator_.defineRequest();
  request.setParameters(static_cast<unsigned>(statement.parameters.size()));
  request.adoptBody(parseExpression(statement.expression, names_, statement.parameters,
                                    orphanageOf<Calculator::DefineParams::Builder>(request)));
  names_.functions.insert_or_assign(
      statement.name, Names::Function{request.send().getFunction(), statement.parameters.size()});
}

Value::Client Session::evaluate(std::string_view expression) {
  auto request = calculator_.evaluateRequest();
  request.adoptExpression(parseExpression(
      expression, names_, {}, orphanageOf<Calculator::EvaluateParams::Builder>(request)));
  return request.send().getValue();
}

phial::Deferred<std::string> Session::run(std::string text) {
  const Statement statement = parseStatement(text);
  if (statement.isFunction) {
    define(statement);
    co_return text;
  }
  auto value = evaluate(statement.expression);
  if (!statement.name.empty()) names_.values.insert_or_assign(statement.name, value);
  auto read = value.readRequest().send().then([](auto&& response) { return response.getNumber(); });
  co_return text + " = " + shortest(co_await phial::fromPromise<double>(kj::mv(read)));
}
