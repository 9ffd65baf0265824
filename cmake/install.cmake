# `cmake --install`: the headers, a CMake package and a pkg-config file. All of it is independent of
# the machine, so it stands under include/ and share/. Install components: `roste`, and `cuda` for the
# CUDA headers, which need the toolkit when they are used and nothing when they are installed.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)
set(package_dir ${CMAKE_INSTALL_DATADIR}/cmake/roste)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/roste DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        COMPONENT roste FILES_MATCHING PATTERN "*.h" PATTERN "*.inc")
install(DIRECTORY ${PROJECT_SOURCE_DIR}/kernels/roste DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
        COMPONENT cuda OPTIONAL FILES_MATCHING PATTERN "*.h" PATTERN "*.cuh" PATTERN "*.inc")

target_include_directories(roste INTERFACE $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
install(TARGETS roste EXPORT roste_targets COMPONENT roste)
install(EXPORT roste_targets NAMESPACE roste:: FILE roste-targets.cmake DESTINATION ${package_dir}
        COMPONENT roste)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/roste-config.cmake.in
  ${PROJECT_BINARY_DIR}/roste-config.cmake INSTALL_DESTINATION ${package_dir}
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR)
# Before 1.0 a minor version may change the interface.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/roste-config-version.cmake
  COMPATIBILITY SameMinorVersion ARCH_INDEPENDENT)
install(FILES ${PROJECT_BINARY_DIR}/roste-config.cmake ${PROJECT_BINARY_DIR}/roste-config-version.cmake
        DESTINATION ${package_dir} COMPONENT roste)

# The prefix is found from where roste.pc lies, so that an installed tree can be moved.
cmake_path(RELATIVE_PATH CMAKE_INSTALL_FULL_INCLUDEDIR
           BASE_DIRECTORY ${CMAKE_INSTALL_FULL_DATADIR}/pkgconfig OUTPUT_VARIABLE include_from_pc)
configure_file(${CMAKE_CURRENT_LIST_DIR}/roste.pc.in ${PROJECT_BINARY_DIR}/roste.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/roste.pc DESTINATION ${CMAKE_INSTALL_DATADIR}/pkgconfig
        COMPONENT roste)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT roste)
