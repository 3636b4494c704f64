// From text to the expressions of calculator.capnp.
#pragma once

#include <capnp/orphan.h>

#include <cstddef>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "calculator.capnp.h"

/// What names stand for.
struct Names {
  struct Function {
    calculator::Function::Client client;
    std::size_t parameters;
  };

  std::map<std::string, calculator::Value::Client, std::less<>> values;
  std::map<std::string, Function, std::less<>> functions;
};

/// The text is no statement, or means nothing. The message says where it goes wrong.
class SyntaxError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A statement: "expression", "name = expression" or "name(parameters) = expression".
struct Statement {
  std::string name = {};                     ///< empty: nothing is defined
  std::vector<std::string> parameters = {};  ///< none: a value is defined
  bool isFunction = false;
  std::string_view expression = {};  ///< a part of the text that was parsed
};

/// Throws SyntaxError when what stands left of "=" is no name.
Statement parseStatement(std::string_view text);

/// Reads an expression, in which the names stand for values, functions and parameters. Throws
/// SyntaxError.
capnp::Orphan<calculator::Expression> parseExpression(std::string_view text, Names& names,
                                                      const std::vector<std::string>& parameters,
                                                      capnp::Orphanage orphanage);
