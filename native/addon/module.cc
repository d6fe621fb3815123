// SPDX-License-Identifier: Apache-2.0
// The entry of secure.node. Typed and documented by src/native.ts, its only caller.
#include "marshal.h"

namespace {

Napi::Object init(Napi::Env env, Napi::Object exports) {
  secure::addon::register_files(env, exports);
  secure::addon::register_seccomp(env, exports);
  secure::addon::register_host(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(secure, init)
