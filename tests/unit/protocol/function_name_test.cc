// These names are what both ends of the wire agree on: they must not depend on the compiler.
#include <gtest/gtest.h>
#include <phial/protocol/any_value.h>
#include <phial/protocol/error.h>
#include <phial/protocol/function_name.h>

#include <cstdint>
#include <string>
#include <vector>

unsigned long globalFunction(int a) noexcept { return static_cast<unsigned long>(a); }
static int internalFunction() { return 1; }
namespace {
int anonymousFunction(const std::string& text) { return static_cast<int>(text.size()); }
template <class T>
T anonymousTemplate(T value) {
  return value;
}
}  // namespace

namespace geometry {
double area(double a, double b) { return a * b; }
double area(double a) { return a; }
template <class T>
T twice(T value) {
  return value + value;
}
template <int N>
void numbered() {}
std::vector<std::string> words(std::string text) { return {text}; }
std::string tagged() { return {}; }
inline namespace v1 {
int versioned() { return 1; }
}  // namespace v1
namespace {
void hidden() {}
}  // namespace
struct Shape {
  static int count(int n) { return n; }
  template <class T>
  static T as(T value) {
    return value;
  }
};
template <class T>
struct Box {
  static int size(T) { return 1; }
};
}  // namespace geometry

namespace seraphial::v1 {
struct Nested {};
}  // namespace seraphial::v1

namespace phial {
namespace {

TEST(FunctionNameTest, PhialsInlineNamespaceIsNotPartOfAName) {
  EXPECT_EQ(typeName<AnyValue>(), "phial::AnyValue");
  EXPECT_EQ(typeName<void(Values, detail::ValueMessage&)>(),
            "void (phial::Values, phial::detail::ValueMessage&)");
  EXPECT_EQ(typeName<seraphial::v1::Nested>(), "seraphial::v1::Nested");
  EXPECT_EQ(detail::plainTypeName(typeid(EncodingError)), "phial::EncodingError");
  EXPECT_EQ(functionName<typeName<int>>(), "phial::typeName<int>");
}

TEST(FunctionNameTest, NamesAreQualifiedAndWithoutParameters) {
  EXPECT_EQ(functionName<globalFunction>(), "globalFunction");
  EXPECT_EQ(functionName<&globalFunction>(), "globalFunction");
  EXPECT_EQ(functionName<internalFunction>(), "internalFunction");
  EXPECT_EQ(functionName<geometry::words>(), "geometry::words");
  EXPECT_EQ(functionName<geometry::tagged>(), "geometry::tagged");
  EXPECT_EQ(functionName<geometry::versioned>(), "geometry::v1::versioned");
  EXPECT_EQ(functionName<&geometry::Shape::count>(), "geometry::Shape::count");
}

TEST(FunctionNameTest, AnonymousNamespacesAreNamed) {
  EXPECT_EQ(functionName<anonymousFunction>(), "(anonymous namespace)::anonymousFunction");
  EXPECT_EQ(functionName<geometry::hidden>(), "geometry::(anonymous namespace)::hidden");
  EXPECT_EQ(functionName<anonymousTemplate<int>>(),
            "(anonymous namespace)::anonymousTemplate<int>");
}

TEST(FunctionNameTest, TemplatesKeepTheirArguments) {
  EXPECT_EQ(functionName<geometry::twice<int>>(), "geometry::twice<int>");
  EXPECT_EQ(functionName<geometry::twice<unsigned long>>(), "geometry::twice<unsigned long>");
  EXPECT_EQ(functionName<geometry::numbered<3>>(), "geometry::numbered<3>");
  EXPECT_EQ(functionName<geometry::Shape::as<char>>(), "geometry::Shape::as<char>");
  EXPECT_EQ(functionName<geometry::Box<int>::size>(), "geometry::Box<int>::size");
}

TEST(FunctionNameTest, OverloadsDifferInSignature) {
  constexpr auto kOne = static_cast<double (*)(double)>(geometry::area);
  constexpr auto kTwo = static_cast<double (*)(double, double)>(geometry::area);
  EXPECT_EQ(functionName<kOne>(), "geometry::area");
  EXPECT_EQ(functionName<kTwo>(), "geometry::area");
  EXPECT_EQ(functionSignature<kOne>(), "double (double)");
  EXPECT_EQ(functionSignature<kTwo>(), "double (double, double)");
}

TEST(FunctionNameTest, SignatureLeavesNoexceptOut) {
  EXPECT_EQ(functionSignature<globalFunction>(), "unsigned long (int)");
}

TEST(TypeNameTest, NamesAreDemangled) {
  EXPECT_EQ(typeName<geometry::Shape>(), "geometry::Shape");
  EXPECT_EQ(typeName<bool(unsigned long)>(), "bool (unsigned long)");
  EXPECT_EQ(detail::demangle("no mangled name"), "no mangled name");
}

}  // namespace
}  // namespace phial
