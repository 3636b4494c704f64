// What the programs of this folder work with: a few functions and a pool.
#pragma once

#include <phial/master.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

bool isPrime(std::uint64_t n);
std::string shout(const std::string& text);
inline constexpr phial::Function<std::string(std::string)> kShout{"shout"};
void note(int number);
void countTo(int number, phial::Emit<int> emit);
int countAndReturn(int number, phial::Emit<int> emit);
void emitFirst(phial::Emit<int> emit, int number);
double half(double x);

struct Base {
  int a = 0;
};
struct Derived : Base {
  int b = 0;
};
int area(const Base& base);
int sum(const std::vector<int>& numbers);
std::optional<std::uint8_t> maybe(std::optional<std::uint8_t> number);

phial::ProcessPool& pool();
