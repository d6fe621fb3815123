// SPDX-License-Identifier: Apache-2.0
// Arguments from JavaScript and errors to it. Every reader checks its type and leaves an exception pending when it does
// not match; the function that reads returns at once (`if (env.IsExceptionPending()) return env.Undefined()`).
#pragma once

#include <napi.h>

#include <optional>
#include <string>

#include "result.h"

namespace secure::addon {

// A JavaScript Error with `code`, `stage`, `errno` (negative, as in Node; absent when 0), `errnoName` and `hint`.
void raise(Napi::Env env, const Error& error);

// A string, or the bytes of a Buffer (file names need not be UTF-8).
std::string text(const Napi::CallbackInfo& info, std::size_t index);
// An integer of at least `min` and at most `max`.
std::int64_t integer(const Napi::CallbackInfo& info, std::size_t index, std::int64_t min, std::int64_t max);
bool boolean(const Napi::CallbackInfo& info, std::size_t index);

// Each file registers its functions.
void register_files(Napi::Env env, Napi::Object exports);
void register_seccomp(Napi::Env env, Napi::Object exports);
void register_host(Napi::Env env, Napi::Object exports);

}  // namespace secure::addon
