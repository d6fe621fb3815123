// SPDX-License-Identifier: Apache-2.0
#include "marshal.h"

#include <cmath>

namespace secure::addon {

void raise(Napi::Env env, const Error& error) {
  Napi::Error out = Napi::Error::New(env, error.text());
  out.Set("code", Napi::String::New(env, error.code));
  out.Set("stage", Napi::String::New(env, std::string(stage_name(error.stage))));
  if (error.err != 0) {
    out.Set("errno", Napi::Number::New(env, -error.err));
    if (const char* name = ::strerrorname_np(error.err)) out.Set("errnoName", Napi::String::New(env, name));
  }
  if (!error.hint.empty()) out.Set("hint", Napi::String::New(env, error.hint));
  out.ThrowAsJavaScriptException();
}

namespace {

// Only the first mismatch is reported: throwing with an exception pending is fatal.
void mismatch(Napi::Env env, std::size_t index, const char* wanted) {
  if (env.IsExceptionPending()) return;
  Napi::TypeError::New(env, "argument " + std::to_string(index + 1) + " must be " + wanted).ThrowAsJavaScriptException();
}

}  // namespace

std::string text(const Napi::CallbackInfo& info, std::size_t index) {
  const Napi::Value value = info[index];
  if (value.IsString()) return value.As<Napi::String>().Utf8Value();
  if (value.IsBuffer()) {
    const auto buffer = value.As<Napi::Buffer<char>>();
    return {buffer.Data(), buffer.Length()};
  }
  mismatch(info.Env(), index, "a string or Buffer");
  return {};
}

std::int64_t integer(const Napi::CallbackInfo& info, std::size_t index, std::int64_t min, std::int64_t max) {
  const Napi::Value value = info[index];
  if (value.IsNumber()) {
    const double number = value.As<Napi::Number>().DoubleValue();
    // NaN fails the comparisons. Numbers that a double cannot hold exactly are outside of every range used here.
    if (number >= static_cast<double>(min) && number <= static_cast<double>(max) && std::trunc(number) == number)
      return static_cast<std::int64_t>(number);
  }
  mismatch(info.Env(), index, ("an integer from " + std::to_string(min) + " to " + std::to_string(max)).c_str());
  return min;
}

bool boolean(const Napi::CallbackInfo& info, std::size_t index) {
  const Napi::Value value = info[index];
  if (value.IsBoolean()) return value.As<Napi::Boolean>().Value();
  mismatch(info.Env(), index, "true or false");
  return false;
}

}  // namespace secure::addon
