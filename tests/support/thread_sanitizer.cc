// What ThreadSanitizer is told in every test program.
//
// The standard library counts the owners of an exception and of an exception's text by atomic
// operations that the sanitizer does not see, since the library is not instrumented. So the release
// by the last owner looks like a race with what another thread did to the exception before.
extern "C" const char* __tsan_default_suppressions() { return "called_from_lib:libstdc++.so.6\n"; }
