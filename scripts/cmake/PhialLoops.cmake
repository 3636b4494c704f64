# The libraries of other loops that tests, examples and benchmarks of phial/glib.h, uv.h and qt.h use.
# Phial's own libraries need none of them.
#
# PHIAL_LOOPS lists those that are there (glib, uv, qt), PHIAL_LOOPS_MISSING the others;
# PHIAL_LOOP_<loop> is the target to link.
find_package(PkgConfig QUIET)
if(PKG_CONFIG_FOUND)
  pkg_check_modules(PHIAL_GIO QUIET IMPORTED_TARGET gio-2.0)
  pkg_check_modules(PHIAL_UV QUIET IMPORTED_TARGET libuv)
endif()
find_package(Qt6 6.2 QUIET COMPONENTS Core Gui Widgets)

set(PHIAL_LOOP_glib PkgConfig::PHIAL_GIO)
set(PHIAL_LOOP_uv PkgConfig::PHIAL_UV)
set(PHIAL_LOOP_qt Qt6::Core)
set(PHIAL_LOOPS "")
set(PHIAL_LOOPS_MISSING "")
foreach(loop glib uv qt)
  if(TARGET ${PHIAL_LOOP_${loop}})
    list(APPEND PHIAL_LOOPS ${loop})
  else()
    list(APPEND PHIAL_LOOPS_MISSING ${loop})
  endif()
endforeach()
if(PHIAL_LOOPS_MISSING)
  list(JOIN PHIAL_LOOPS_MISSING ", " missing)
  message(STATUS "Without tests and examples of: ${missing} (scripts/setup loops installs what they need)")
endif()
