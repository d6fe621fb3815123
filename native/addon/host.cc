// SPDX-License-Identifier: Apache-2.0
#include "host.h"

#include "marshal.h"

namespace secure::addon {

namespace {

Napi::Value host_probes(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const host::Facts facts = host::facts();
  Napi::Object out = Napi::Object::New(env);
  Napi::Array actions = Napi::Array::New(env);
  for (std::uint32_t i = 0; i < facts.seccomp_actions.size(); ++i)
    actions[i] = Napi::String::New(env, facts.seccomp_actions[i]);
  out.Set("euid", facts.euid);
  out.Set("landlockAbi", facts.landlock_abi);
  out.Set("lastCap", facts.last_cap);
  out.Set("seccompFilter", facts.seccomp_filter);
  out.Set("seccompActions", actions);
  out.Set("openat2", facts.openat2);
  out.Set("clone3", facts.clone3);
  out.Set("pidfd", facts.pidfd);
  out.Set("mountApi", facts.mount_api);
  out.Set("closeRange", facts.close_range);
  return out;
}

}  // namespace

void register_host(Napi::Env env, Napi::Object exports) {
  exports.Set("hostProbes", Napi::Function::New(env, host_probes));
}

}  // namespace secure::addon
