#include <phial/protocol/function_index.h>
#include <phial/protocol/function_name.h>

#include "protocol/function/program_build.h"

namespace phial::inline v1 {

namespace detail {

namespace {

bool opens(char c) { return c == '(' || c == '<' || c == '{' || c == '['; }
bool closes(char c) { return c == ')' || c == '>' || c == '}' || c == ']'; }

// Where the bracket that ends `text` was opened.
std::size_t openingOfLast(std::string_view text) {
  int depth = 0;
  for (std::size_t i = text.size(); i-- > 0;) {
    if (closes(text[i])) ++depth;
    if (opens(text[i]) && --depth == 0) return i;
  }
  return std::string_view::npos;
}

std::string_view withoutReturnType(std::string_view text) {
  int depth = 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (opens(text[i])) ++depth;
    if (closes(text[i])) --depth;
    if (text[i] == ' ' && depth == 0) begin = i + 1;
  }
  return text.substr(begin);
}

// GNU's ABI tags ("[abi:cxx11]") are no part of the name a person knows.
std::string withoutAbiTags(std::string_view text) {
  std::string result(text);
  for (auto tag = result.find("[abi:"); tag != std::string::npos; tag = result.find("[abi:")) {
    result.erase(tag, result.find(']', tag) - tag + 1);
  }
  return result;
}

}  // namespace

// The tag's argument is "&name", "&(name(parameters))", or, for a template,
// "&(result name<arguments>(parameters))".
std::string functionNameIn(std::string_view tag) {
  std::string_view text = tag.substr(tag.find('<') + 1);
  text.remove_suffix(1);
  if (text.ends_with(' ')) text.remove_suffix(1);
  if (text.starts_with('&')) text.remove_prefix(1);
  if (text.ends_with(')') && openingOfLast(text) == 0) text = text.substr(1, text.size() - 2);
  if (text.ends_with(')')) text = text.substr(0, openingOfLast(text));
  return withoutAbiTags(withoutReturnType(text));
}

std::string lambdaNameIn(std::string_view tag, const void* address) {
  std::string_view text = tag.substr(tag.find('<') + 1);
  text.remove_suffix(1);
  if (text.ends_with("{}")) text.remove_suffix(2);
  std::string name(kLambdaPrefix);
  return name.append(text).append(" of build ").append(buildOf(address));
}

}  // namespace detail
}  // namespace phial::inline v1
