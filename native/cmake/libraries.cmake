# SPDX-License-Identifier: Apache-2.0
# Third-party code. zlib, zstd and crypto decode and hash layers; static archives, because secure-runtime is static.
# The sanitizer build may use the shared ones: nothing in it is shipped.

find_path(RAPIDJSON_INCLUDE rapidjson/document.h REQUIRED)
target_include_directories(core SYSTEM PUBLIC ${RAPIDJSON_INCLUDE})

set(ARCHIVES libz.a libzstd.a libcrypto.a)
foreach(archive IN LISTS ARCHIVES)
  string(MAKE_C_IDENTIFIER ${archive} id)
  find_library(LIB_${id} ${archive} REQUIRED)
  target_link_libraries(core PUBLIC ${LIB_${id}})
endforeach()
