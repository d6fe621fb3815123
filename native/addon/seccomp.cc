// SPDX-License-Identifier: Apache-2.0
#include "seccomp.h"

#include <limits>

#include "marshal.h"
#include "spec.h"

namespace secure::addon {

namespace {

// compile(profile: string): { instructions: Buffer, flags: number, unknownNames: string[] }
Napi::Value compile(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::string json = text(info, 0);
  if (env.IsExceptionPending()) return env.Undefined();
  auto profile = spec::parse_seccomp(json);
  if (!profile) {
    raise(env, profile.error());
    return env.Undefined();
  }
  auto program = seccomp::compile(*profile);
  if (!program) {
    raise(env, program.error());
    return env.Undefined();
  }
  Napi::Object out = Napi::Object::New(env);
  out.Set("instructions",
          Napi::Buffer<char>::Copy(env, reinterpret_cast<const char*>(program->code.data()),
                                   program->code.size() * sizeof(sock_filter)));
  out.Set("flags", program->flags);
  Napi::Array unknown = Napi::Array::New(env);
  for (std::uint32_t i = 0; i < program->unknown_names.size(); ++i)
    unknown[i] = Napi::String::New(env, program->unknown_names[i]);
  out.Set("unknownNames", unknown);
  return out;
}

// evaluate(instructions: Buffer, arch, nr, args: bigint[6]): number
Napi::Value evaluate(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::string bytes = text(info, 0);
  constexpr std::int64_t kMax32 = std::numeric_limits<std::uint32_t>::max();
  seccomp_data data{};
  data.arch = static_cast<std::uint32_t>(integer(info, 1, 0, kMax32));
  data.nr = static_cast<std::int32_t>(integer(info, 2, -1, std::numeric_limits<std::int32_t>::max()));
  if (env.IsExceptionPending()) return env.Undefined();
  if (!info[3].IsArray() || bytes.size() % sizeof(sock_filter) != 0) {
    Napi::TypeError::New(env, "needs whole instructions and an array of arguments").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  const auto args = info[3].As<Napi::Array>();
  for (std::uint32_t i = 0; i < std::size(data.args) && i < args.Length(); ++i) {
    const Napi::Value value = args[i];
    bool lossless = false;
    if (value.IsBigInt()) data.args[i] = value.As<Napi::BigInt>().Uint64Value(&lossless);
    if (!lossless) {
      Napi::TypeError::New(env, "arguments must be 64-bit unsigned bigints").ThrowAsJavaScriptException();
      return env.Undefined();
    }
  }
  seccomp::Program program;
  program.code.resize(bytes.size() / sizeof(sock_filter));
  // Copied: a Buffer's bytes need not be aligned, and JavaScript may change them.
  if (!bytes.empty()) std::memcpy(program.code.data(), bytes.data(), bytes.size());
  return Napi::Number::New(env, seccomp::evaluate(program, data));
}

}  // namespace

void register_seccomp(Napi::Env env, Napi::Object exports) {
  exports.Set("compileSeccomp", Napi::Function::New(env, compile));
  exports.Set("evaluateSeccomp", Napi::Function::New(env, evaluate));
}

}  // namespace secure::addon
