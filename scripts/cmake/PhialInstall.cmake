# What `cmake --install` puts into a prefix: the libraries with their public headers, the schemas
# with their generated headers, and the package files that find_package(phial CONFIG) and
# `pkg-config phial` read. Everything in there is relative: a prefix may be moved.
include(CMakePackageConfigHelpers)

# In the order of their dependencies, schema first.
get_property(libraries GLOBAL PROPERTY PHIAL_LIBRARIES)
list(PREPEND libraries phial_schema)
get_property(components GLOBAL PROPERTY PHIAL_COMPONENTS)
list(TRANSFORM components PREPEND phial_ OUTPUT_VARIABLE component_libraries)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/phial)

# Before 1.0 a minor version may break the ABI, so it is part of the name.
set_target_properties(
  ${libraries} ${component_libraries}
  PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}
             INSTALL_RPATH "$ORIGIN")

install(
  TARGETS ${libraries}
  EXPORT phialTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
  FILE_SET HEADERS)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/schema/phial DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        FILES_MATCHING PATTERN "*.capnp" PATTERN "*.h")
install(DIRECTORY ${PROJECT_BINARY_DIR}/schema/generated/phial
        DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.capnp.h")

# Each component has an export of its own: who does not ask for it needs nothing that it links.
foreach(component IN LISTS components)
  install(
    TARGETS phial_${component}
    EXPORT phial-${component}Targets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    FILE_SET HEADERS)
  install(EXPORT phial-${component}Targets NAMESPACE phial:: DESTINATION ${package_dir})
endforeach()

install(EXPORT phialTargets NAMESPACE phial:: DESTINATION ${package_dir})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/phialConfig.cmake.in phialConfig.cmake
                              INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(phialConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/phialConfig.cmake
              ${CMAKE_CURRENT_BINARY_DIR}/phialConfigVersion.cmake
              ${CMAKE_CURRENT_LIST_DIR}/FindLibevent.cmake DESTINATION ${package_dir})

# A static library comes before those it uses.
list(REVERSE libraries)
list(TRANSFORM libraries PREPEND -l)
list(JOIN libraries " " PHIAL_PC_LIBS)
cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_LIBDIR BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX}
           OUTPUT_VARIABLE libdir)
cmake_path(ABSOLUTE_PATH CMAKE_INSTALL_INCLUDEDIR BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX}
           OUTPUT_VARIABLE includedir)
file(RELATIVE_PATH PHIAL_PC_PREFIX ${libdir}/pkgconfig ${CMAKE_INSTALL_PREFIX})
file(RELATIVE_PATH PHIAL_PC_LIBDIR ${CMAKE_INSTALL_PREFIX} ${libdir})
file(RELATIVE_PATH PHIAL_PC_INCLUDEDIR ${CMAKE_INSTALL_PREFIX} ${includedir})
string(REGEX REPLACE "/$" "" PHIAL_PC_PREFIX "${PHIAL_PC_PREFIX}")
configure_file(${CMAKE_CURRENT_LIST_DIR}/phial.pc.in phial.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/phial.pc
        DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
foreach(component IN LISTS components)
  configure_file(${CMAKE_CURRENT_LIST_DIR}/phial-${component}.pc.in phial-${component}.pc @ONLY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/phial-${component}.pc
          DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()
