#include "server.h"

#include <capnp/message.h>

#include <memory>
#include <utility>
#include <vector>

namespace {

using calculator::Calculator;
using calculator::Expression;
using calculator::Function;
using calculator::Value;

using Numbers = std::shared_ptr<const std::vector<double>>;

double apply(Expression::Operator op, double left, double right) {
  switch (op) {
    case Expression::Operator::ADD:
      return left + right;
    case Expression::Operator::SUBTRACT:
      return left - right;
    case Expression::Operator::MULTIPLY:
      return left * right;
    case Expression::Operator::DIVIDE:
      KJ_REQUIRE(right != 0, "division by zero");
      return left / right;
  }
  KJ_FAIL_REQUIRE("an operator that this calculator does not know");
}

kj::Promise<double> evaluate(Expression::Reader expression, Numbers parameters);

// A call of a function that may be anywhere.
kj::Promise<double> callFunction(Expression::Call::Reader call, Numbers parameters) {
  const auto arguments = call.getArguments();
  auto values = kj::heapArrayBuilder<kj::Promise<double>>(arguments.size());
  for (const auto argument : arguments) values.add(evaluate(argument, parameters));
  return kj::joinPromises(values.finish())
      .then([function = call.getFunction()](kj::Array<double> numbers) mutable {
        auto request = function.callRequest();
        auto list = request.initArguments(static_cast<unsigned>(numbers.size()));
        for (unsigned i = 0; i < list.size(); ++i) list.set(i, numbers[i]);
        return request.send().then([](auto&& response) { return response.getNumber(); });
      });
}

// `expression` is borrowed until the promise has ended.
kj::Promise<double> evaluate(Expression::Reader expression, Numbers parameters) {
  switch (expression.which()) {
    case Expression::NUMBER:
      return expression.getNumber();
    case Expression::VALUE:
      return expression.getValue().readRequest().send().then(
          [](auto&& response) { return response.getNumber(); });
    case Expression::PARAMETER:
      KJ_REQUIRE(expression.getParameter() < parameters->size(), "no such parameter");
      return (*parameters)[expression.getParameter()];
    case Expression::OPERATION: {
      const auto operation = expression.getOperation();
      auto right = evaluate(operation.getRight(), parameters);
      return evaluate(operation.getLeft(), parameters)
          .then([operation, right = kj::mv(right)](double left) mutable {
            return right.then([operation, left](double value) {
              return apply(operation.getOperator(), left, value);
            });
          });
    }
    case Expression::CALL:
      return callFunction(expression.getCall(), parameters);
  }
  KJ_FAIL_REQUIRE("an expression that this calculator does not know");
}

class ValueObject final : public Value::Server {
 public:
  explicit ValueObject(double number) : number_(number) {}
  kj::Promise<void> read(ReadContext context) override {
    context.getResults().setNumber(number_);
    return kj::READY_NOW;
  }

 private:
  const double number_;
};

class FunctionObject final : public Function::Server {
 public:
  FunctionObject(unsigned parameters, Expression::Reader body) : parameters_(parameters) {
    message_.setRoot(body);
  }
  kj::Promise<void> call(CallContext context) override {
    const auto arguments = context.getParams().getArguments();
    KJ_REQUIRE(arguments.size() == parameters_, "wrong number of arguments");
    auto numbers = std::make_shared<std::vector<double>>();
    for (const double argument : arguments) numbers->push_back(argument);
    // The caller may drop the function before it has returned.
    return evaluate(message_.getRoot<Expression>(), std::move(numbers))
        .then([context, self = thisCap()](double number) mutable {
          context.getResults().setNumber(number);
        });
  }

 private:
  const unsigned parameters_;
  capnp::MallocMessageBuilder message_;
};

class CalculatorObject final : public Calculator::Server {
 public:
  kj::Promise<void> evaluate(EvaluateContext context) override {
    return ::evaluate(context.getParams().getExpression(),
                      std::make_shared<const std::vector<double>>())
        .then([context](double number) mutable {
          context.getResults().setValue(kj::heap<ValueObject>(number));
        });
  }
  kj::Promise<void> define(DefineContext context) override {
    const auto params = context.getParams();
    context.getResults().setFunction(
        kj::heap<FunctionObject>(params.getParameters(), params.getBody()));
    return kj::READY_NOW;
  }
};

}  // namespace

kj::Own<Calculator::Server> newCalculator() { return kj::heap<CalculatorObject>(); }
