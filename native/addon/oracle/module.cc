// SPDX-License-Identifier: Apache-2.0
// The entry of seccomp-oracle.node, a module of its own that links to libseccomp.
#include "../marshal.h"
#include "libseccomp.h"

namespace {

using namespace secure;

// seccompOracle(profile: string): { instructions: Buffer, unknownNames: string[] }
Napi::Value compile(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const std::string json = addon::text(info, 0);
  if (env.IsExceptionPending()) return env.Undefined();
  auto profile = spec::parse_seccomp(json);
  if (!profile) {
    addon::raise(env, profile.error());
    return env.Undefined();
  }
  auto program = oracle::compile(*profile);
  if (!program) {
    addon::raise(env, program.error());
    return env.Undefined();
  }
  Napi::Object out = Napi::Object::New(env);
  out.Set("instructions",
          Napi::Buffer<char>::Copy(env, program->instructions.data(), program->instructions.size()));
  Napi::Array unknown = Napi::Array::New(env);
  for (std::uint32_t i = 0; i < program->unknown_names.size(); ++i)
    unknown[i] = Napi::String::New(env, program->unknown_names[i]);
  out.Set("unknownNames", unknown);
  return out;
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  exports.Set("seccompOracle", Napi::Function::New(env, compile));
  return exports;
}

}  // namespace

NODE_API_MODULE(seccomp_oracle, init)
