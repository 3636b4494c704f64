# What every target of Phial's has in common.
#
# phial_library(<name> [COMPONENT] SOURCES ... HEADERS ... LINK ...)
#   Makes the library phial_<name>, alias phial::<name>. HEADERS are public and lie below include/.
#   Libraries are made after those they depend on, and are installed (PhialInstall.cmake). With
#   COMPONENT, find_package(phial) defines it only when it is asked for: COMPONENTS <name>.
# phial_options(<target>)
#   The language level and, in this project's own presets, warnings as errors.
# phial_test_options(<target>)
#   The same for a program of tests. With PHIAL_UNITY_TESTS its sources are compiled eight at a time,
#   which takes a third of the time; without, each source shows that it includes what it needs.
# phial_precompile(<target> <header>...)
#   Headers that most of its sources include anyway; only where PHIAL_PRECOMPILE says so, since
#   elsewhere each source shows that it includes what it needs.

set(PHIAL_WERROR OFF CACHE BOOL "Treat warnings in Phial's own code as errors")
set(PHIAL_PRECOMPILE OFF CACHE BOOL "Precompile headers that many sources share")
set(PHIAL_UNITY_TESTS OFF CACHE BOOL "Compile the sources of tests several at a time")
set(PHIAL_SANITIZE "" CACHE STRING "Sanitizers to build Phial with, such as address,undefined")

if(PHIAL_SANITIZE)
  add_compile_options(-fsanitize=${PHIAL_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${PHIAL_SANITIZE})
  # The compilers have different names for it.
  if(PHIAL_SANITIZE MATCHES address)
    add_compile_definitions(PHIAL_ADDRESS_SANITIZER)
  elseif(PHIAL_SANITIZE MATCHES thread)
    add_compile_definitions(PHIAL_THREAD_SANITIZER)
  endif()
  # Instrumented code confuses this one (GCC's manual says so): it fires inside KJ's templates.
  add_compile_options($<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-maybe-uninitialized>)
endif()
if(PHIAL_FUZZ)
  # The libraries need the coverage counters by which libFuzzer steers; a fuzz target itself is
  # compiled and linked with -fsanitize=fuzzer.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

function(phial_options target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF POSITION_INDEPENDENT_CODE ON)
  if(PROJECT_IS_TOP_LEVEL)
    # KJ_ASSERT_NONNULL and its like are statement expressions.
    target_compile_options(
      ${target} PRIVATE -Wall -Wextra -Wpedantic -Wshadow
                        $<$<CXX_COMPILER_ID:Clang>:-Wno-gnu-statement-expression>)
  endif()
  if(PHIAL_WERROR)
    target_compile_options(${target} PRIVATE -Werror)
  endif()
endfunction()

function(phial_test_options target)
  phial_options(${target})
  # Tests of what is optimised need no optimising themselves.
  target_compile_options(${target} PRIVATE $<$<CONFIG:Release,RelWithDebInfo>:-O1>)
  if(PHIAL_UNITY_TESTS)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
    # It takes an included source for a header, whose unnamed namespaces would be a mistake.
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  endif()
  if(TARGET phial_test_thread_sanitizer)
    target_sources(${target} PRIVATE $<TARGET_OBJECTS:phial_test_thread_sanitizer>)
  endif()
endfunction()

function(phial_precompile target)
  if(PHIAL_PRECOMPILE)
    target_precompile_headers(${target} PRIVATE ${ARGN})
    # The same headers make the same file, for a compiler cache.
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:Clang>:SHELL:-Xclang -fno-pch-timestamp>)
  endif()
endfunction()

function(phial_library name)
  cmake_parse_arguments(arg "COMPONENT" "" "SOURCES;HEADERS;LINK" ${ARGN})
  add_library(phial_${name} ${arg_SOURCES})
  add_library(phial::${name} ALIAS phial_${name})
  if(arg_COMPONENT)
    set_property(GLOBAL APPEND PROPERTY PHIAL_COMPONENTS ${name})
  else()
    set_property(GLOBAL APPEND PROPERTY PHIAL_LIBRARIES phial_${name})
  endif()
  phial_options(phial_${name})
  # What a shared library exports is what its public headers declare between their visibility
  # pragmas.
  set_target_properties(phial_${name} PROPERTIES CXX_VISIBILITY_PRESET hidden
                                                 VISIBILITY_INLINES_HIDDEN ON)
  # Without a symbol of its own, a shared library is compiled as a static one is, which a compiler
  # cache then has already.
  set_target_properties(
    phial_${name} PROPERTIES EXPORT_NAME ${name} VERIFY_INTERFACE_HEADER_SETS ${PROJECT_IS_TOP_LEVEL}
                             DEFINE_SYMBOL "")
  target_sources(
    phial_${name}
    PUBLIC FILE_SET HEADERS BASE_DIRS ${CMAKE_CURRENT_SOURCE_DIR}/include FILES ${arg_HEADERS})
  # Private headers are included from the project's root: "master/reactor/x.h".
  target_include_directories(phial_${name} PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(phial_${name} PUBLIC ${arg_LINK})
endfunction()
