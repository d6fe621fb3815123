# SPDX-License-Identifier: Apache-2.0
# One libFuzzer executable per fuzz/NAME_fuzz.cc.
file(GLOB FUZZ_SOURCES CONFIGURE_DEPENDS fuzz/*_fuzz.cc)
foreach(source IN LISTS FUZZ_SOURCES)
  get_filename_component(name ${source} NAME_WE)
  add_executable(${name} ${source})
  target_link_libraries(${name} PRIVATE runtime)
  target_link_options(${name} PRIVATE -fsanitize=fuzzer)
endforeach()
