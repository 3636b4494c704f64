// Programs that must not compile, one a macro, and what they say is checked by the build file.
// Without a macro this compiles: the proof that a failing case fails for its own reason.
#include <phial/protocol/function_table.h>

struct Unsupported {
  int* pointer;
};

int ordinary(int n) { return n; }
int takesPointer(int* n) { return *n; }
int takesMember(const std::vector<Unsupported>& all) { return static_cast<int>(all.size()); }
Unsupported returnsMember() { return {}; }
void takesReference(std::vector<int>& numbers) { numbers.clear(); }
void takesBools(std::span<const bool>) {}
[[maybe_unused]] std::size_t takesShared(const phial::SharedArray<int>& numbers) {
  return numbers.size();
}

void use(phial::FunctionTable& table) {
  table.add<ordinary>();
#ifdef PHIAL_CASE_pointer
  table.add<takesPointer>();
#endif
#ifdef PHIAL_CASE_member
  table.add<takesMember>();
#endif
#ifdef PHIAL_CASE_result
  table.add<returnsMember>();
#endif
#ifdef PHIAL_CASE_reference
  table.add<takesReference>();
#endif
#ifdef PHIAL_CASE_generic
  table.add("generic", [](auto n) { return n; });
#endif
#ifdef PHIAL_CASE_boolspan
  table.add<takesBools>();
#endif
#ifdef PHIAL_CASE_sharedpointer
  phial::SharedArray<int*> pointers(1);
#endif
}
