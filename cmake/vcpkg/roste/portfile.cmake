# An overlay port of the tree it lies in: vcpkg install roste --overlay-ports=<repository>/cmake/vcpkg
cmake_path(SET SOURCE_PATH NORMALIZE "${CURRENT_PORT_DIR}/../../..")
set(VCPKG_BUILD_TYPE release)  # headers only: there is nothing to debug

vcpkg_cmake_configure(
  SOURCE_PATH "${SOURCE_PATH}"
  OPTIONS -DROSTE_TRAINER=OFF -DROSTE_TESTS=OFF -DROSTE_BENCHMARKS=OFF -DROSTE_EXAMPLES=OFF
          -DROSTE_INSTALL=ON)
vcpkg_cmake_install()
if(NOT "cuda" IN_LIST FEATURES)
  file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/include/roste/cuda"
                      "${CURRENT_PACKAGES_DIR}/include/roste/cuda.cuh")
endif()
vcpkg_cmake_config_fixup(CONFIG_PATH share/cmake/roste)
vcpkg_fixup_pkgconfig()
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
file(INSTALL "${CMAKE_CURRENT_LIST_DIR}/usage" DESTINATION "${CURRENT_PACKAGES_DIR}/share/${PORT}")
