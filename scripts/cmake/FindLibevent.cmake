# Libevent ships pkg-config files only. Defines libevent::core, libevent::extra and
# libevent::pthreads, and Libevent_FOUND and Libevent_VERSION.
find_package(PkgConfig QUIET)
set(Libevent_FOUND TRUE)
foreach(component core extra pthreads)
  if(PKG_CONFIG_FOUND)
    pkg_check_modules(PC_Libevent_${component} QUIET libevent_${component})
  endif()
  find_library(Libevent_${component}_LIBRARY event_${component}
               HINTS ${PC_Libevent_${component}_LIBRARY_DIRS})
  mark_as_advanced(Libevent_${component}_LIBRARY)
endforeach()
find_path(Libevent_INCLUDE_DIR event2/event.h HINTS ${PC_Libevent_core_INCLUDE_DIRS})
mark_as_advanced(Libevent_INCLUDE_DIR)
set(Libevent_VERSION ${PC_Libevent_core_VERSION})

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(
  Libevent
  REQUIRED_VARS Libevent_core_LIBRARY Libevent_extra_LIBRARY Libevent_pthreads_LIBRARY
                Libevent_INCLUDE_DIR
  VERSION_VAR Libevent_VERSION)

if(Libevent_FOUND)
  foreach(component core extra pthreads)
    if(NOT TARGET libevent::${component})
      add_library(libevent::${component} UNKNOWN IMPORTED)
      set_target_properties(
        libevent::${component}
        PROPERTIES IMPORTED_LOCATION "${Libevent_${component}_LIBRARY}"
                   INTERFACE_INCLUDE_DIRECTORIES "${Libevent_INCLUDE_DIR}")
    endif()
  endforeach()
  set_property(TARGET libevent::extra PROPERTY INTERFACE_LINK_LIBRARIES libevent::core)
  set_property(TARGET libevent::pthreads PROPERTY INTERFACE_LINK_LIBRARIES libevent::core)
endif()
