#include "parser.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

namespace {

using calculator::Expression;
using Orphan = capnp::Orphan<Expression>;

// Cap'n Proto reads no deeper than 64 levels. Each operator, call or pair of parentheses may be
// one.
constexpr int kMostParts = 50;

bool isLetter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool isDigit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

// A text, and how far it has been read.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  char peek() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_])) != 0) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(char c) {
    if (peek() != c || c == '\0') return false;
    ++at_;
    return true;
  }
  void require(char c) {
    if (!take(c)) fail(std::string("expected \"") + c + "\"");
  }
  std::string_view name() {
    if (!isLetter(peek())) fail("expected a name");
    const auto begin = at_;
    while (at_ < text_.size() && (isLetter(text_[at_]) || isDigit(text_[at_]))) ++at_;
    return text_.substr(begin, at_ - begin);
  }
  double number() {
    double value = 0;
    const auto* const begin = text_.data() + at_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (error != std::errc()) fail("expected a number");
    at_ += static_cast<std::size_t>(end - begin);
    return value;
  }
  [[noreturn]] void fail(const std::string& what) {
    const char next = peek();
    const std::string where =
        next == '\0' ? "the end" : "\"" + std::string(text_.substr(at_)) + "\"";
    throw SyntaxError(what + " at " + where);
  }

 private:
  const std::string_view text_;
  std::size_t at_ = 0;
};

class Parser {
 public:
  Parser(std::string_view text, Names& names, const std::vector<std::string>& parameters,
         capnp::Orphanage orphanage)
      : cursor_(text), names_(names), parameters_(parameters), orphanage_(orphanage) {}

  Orphan parse() {
    auto whole = sum();
    if (cursor_.peek() != '\0') cursor_.fail("expected an operator");
    return whole;
  }

 private:
  Orphan sum() {
    countPart();
    auto left = product();
    for (;;) {
      if (cursor_.take('+')) {
        left = join(Expression::Operator::ADD, std::move(left), product());
      } else if (cursor_.take('-')) {
        left = join(Expression::Operator::SUBTRACT, std::move(left), product());
      } else {
        return left;
      }
    }
  }
  Orphan product() {
    auto left = factor();
    for (;;) {
      if (cursor_.take('*')) {
        left = join(Expression::Operator::MULTIPLY, std::move(left), factor());
      } else if (cursor_.take('/')) {
        left = join(Expression::Operator::DIVIDE, std::move(left), factor());
      } else {
        return left;
      }
    }
  }
  Orphan factor() {
    if (cursor_.take('(')) {
      auto inner = sum();
      cursor_.require(')');
      return inner;
    }
    if (isLetter(cursor_.peek())) return named();
    auto made = orphanage_.newOrphan<Expression>();
    made.get().setNumber(cursor_.number());
    return made;
  }
  Orphan named() {
    const auto name = cursor_.name();
    if (cursor_.take('(')) return call(name);
    auto made = orphanage_.newOrphan<Expression>();
    if (const auto found = std::ranges::find(parameters_, name); found != parameters_.end()) {
      made.get().setParameter(static_cast<unsigned>(found - parameters_.begin()));
    } else if (const auto value = names_.values.find(name); value != names_.values.end()) {
      made.get().setValue(value->second);
    } else {
      throw SyntaxError("there is no value \"" + std::string(name) + "\"");
    }
    return made;
  }
  Orphan call(std::string_view name) {
    const auto function = names_.functions.find(name);
    if (function == names_.functions.end()) {
      throw SyntaxError("there is no function \"" + std::string(name) + "\"");
    }
    std::vector<Orphan> arguments;
    do {
      arguments.push_back(sum());
    } while (cursor_.take(','));
    cursor_.require(')');
    if (arguments.size() != function->second.parameters) {
      throw SyntaxError(std::string(name) + " takes " +
                        std::to_string(function->second.parameters) + " arguments, found " +
                        std::to_string(arguments.size()));
    }
    auto made = orphanage_.newOrphan<Expression>();
    auto call = made.get().initCall();
    call.setFunction(function->second.client);
    auto list = call.initArguments(static_cast<unsigned>(arguments.size()));
    for (unsigned i = 0; i < list.size(); ++i) {
      list.adoptWithCaveats(i, std::move(arguments[i]));
    }
    return made;
  }
  Orphan join(Expression::Operator op, Orphan left, Orphan right) {
    countPart();
    auto made = orphanage_.newOrphan<Expression>();
    auto operation = made.get().initOperation();
    operation.setOperator(op);
    operation.adoptLeft(std::move(left));
    operation.adoptRight(std::move(right));
    return made;
  }

  void countPart() {
    if (++parts_ > kMostParts) cursor_.fail("the expression is too long");
  }

  Cursor cursor_;
  Names& names_;
  const std::vector<std::string>& parameters_;
  const capnp::Orphanage orphanage_;
  int parts_ = 0;
};

}  // namespace

Statement parseStatement(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) return {.expression = text};
  Statement statement{.expression = text.substr(equals + 1)};
  Cursor cursor(text.substr(0, equals));
  statement.name = cursor.name();
  if (cursor.take('(')) {
    statement.isFunction = true;
    do {
      statement.parameters.emplace_back(cursor.name());
    } while (cursor.take(','));
    cursor.require(')');
  }
  if (cursor.peek() != '\0') cursor.fail("expected \"=\"");
  return statement;
}

capnp::Orphan<Expression> parseExpression(std::string_view text, Names& names,
                                          const std::vector<std::string>& parameters,
                                          capnp::Orphanage orphanage) {
  return Parser(text, names, parameters, orphanage).parse();
}
