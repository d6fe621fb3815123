# SPDX-License-Identifier: Apache-2.0
# Two interface targets: what all of our code is compiled with, and what executables are linked with.

add_library(secure_flags INTERFACE)
target_compile_options(secure_flags INTERFACE
  -fno-exceptions -fno-rtti -fvisibility=hidden
  -Wall -Wextra -Wshadow -Wconversion -Wswitch-enum -Werror
  -fstack-protector-strong -ffunction-sections -fdata-sections)

# Frames of the setup code hold attacker-influenced paths: touch every page of the stack, and leave no
# register with a secret or a stale pointer for a gadget.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(secure_flags INTERFACE -fstack-clash-protection)
  # GCC 12 warns inside std::string::insert and operator+ (GCC bug 105651, fixed in 13).
  if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    target_compile_options(secure_flags INTERFACE -Wno-restrict)
  endif()
endif()
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  target_compile_options(secure_flags INTERFACE -fcf-protection=full)
elseif(CMAKE_SYSTEM_PROCESSOR STREQUAL "aarch64")
  target_compile_options(secure_flags INTERFACE -mbranch-protection=standard)
endif()

if(SECURE_SANITIZE)
  # The tests share their objects with the fuzz targets, so they carry its counters. RapidJSON's empty stack adds an offset to a
  # null pointer before it looks at its size.
  set(SECURE_SANITIZERS -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-sanitize=pointer-overflow)
  # _FORTIFY_SOURCE hides calls from the interceptors. Line tables cost a quarter of the build; add -g1 to CMAKE_CXX_FLAGS to have
  # lines in a report.
  target_compile_options(secure_flags INTERFACE ${SECURE_SANITIZERS} -Og -fno-omit-frame-pointer)
  target_compile_definitions(secure_flags INTERFACE SECURE_SANITIZED)
  target_link_options(secure_flags INTERFACE ${SECURE_SANITIZERS})
else()
  # Size first: the runtime waits for the kernel, and inlined string code made the executable twice as large at -O2
  # (3.0 against 1.8 MB), all of it to be mapped at each start. Nothing throws, so nothing unwinds.
  target_compile_options(secure_flags INTERFACE -Os -fno-asynchronous-unwind-tables -fno-unwind-tables)
  # Debian's compiler may predefine _FORTIFY_SOURCE: undefine first, or -Werror stops on the redefinition.
  target_compile_options(secure_flags INTERFACE -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3)
  target_link_options(secure_flags INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--gc-sections)
endif()
