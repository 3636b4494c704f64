// Lets newer compilers read Cap'n Proto 0.9's headers as C++20.
//
// In C++20 KJ leaves out the comparison of a literal with a kj::StringPtr on its right and trusts
// the compiler to turn the other one round. Since P2468 a compiler no longer does so for a class
// that has a member operator!= as well, as KJ's strings do: clang 16 and g++ 13 reject
// capnp/blob.h. What KJ leaves out is given here, to be included before any of its users; each
// target that links phial::schema is made to do so. For other compilers and other versions of
// Cap'n Proto this header is empty.
#pragma once

#if defined(__cplusplus) && defined(__cpp_impl_three_way_comparison)
#if defined(__clang__) ? __clang_major__ >= 16 : __GNUC__ >= 13
#include <capnp/common.h>
#if CAPNP_VERSION_MAJOR == 0 && CAPNP_VERSION_MINOR == 9
#include <kj/string.h>

namespace kj {
inline bool operator==(const char* a, const StringPtr& b) { return b == StringPtr(a); }
inline bool operator!=(const char* a, const StringPtr& b) { return b != StringPtr(a); }
}  // namespace kj

#endif
#endif
#endif
