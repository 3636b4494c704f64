// The statements of a user, one after the other.
#pragma once

#include <phial/master.h>

#include <string>
#include <string_view>

#include "calculator.capnp.h"
#include "parser.h"

class Session {
 public:
  explicit Session(calculator::Calculator::Client calculator);

  /// Fires with what is to be printed about the statement. Fails with SyntaxError, or as the
  /// calculator fails.
  phial::Deferred<std::string> run(std::string text);

 private:
  void define(const Statement& statement);
  calculator::Value::Client evaluate(std::string_view expression);

  calculator::Calculator::Client calculator_;
  Names names_;
};
