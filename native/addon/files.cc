// SPDX-License-Identifier: Apache-2.0
#include <sys/file.h>
#include <sys/xattr.h>

#include <linux/limits.h>

#include <cerrno>
#include <climits>

#include "beneath.h"
#include "marshal.h"

namespace secure::addon {

namespace {

// Buffers above this would need a stream; nothing that is read whole comes near.
constexpr std::int64_t kMaxRead = 256 << 20;

// open(root: fd, path, flags, mode, noSymlinks, inRoot): fd
Napi::Value open_beneath(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto root = static_cast<int>(integer(info, 0, 0, INT_MAX));
  const std::string path = text(info, 1);
  const auto flags = static_cast<int>(integer(info, 2, 0, INT_MAX));
  const auto mode = static_cast<mode_t>(integer(info, 3, 0, 07777));
  const beneath::Options options{.no_symlinks = boolean(info, 4), .in_root = boolean(info, 5)};
  if (env.IsExceptionPending()) return env.Undefined();
  auto fd = beneath::open(root, path, flags, mode, options);
  if (!fd) {
    raise(env, fd.error());
    return env.Undefined();
  }
  return Napi::Number::New(env, fd->release());
}

// read(root: fd, path, limit, noSymlinks, inRoot): Buffer | null
Napi::Value read_beneath(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto root = static_cast<int>(integer(info, 0, 0, INT_MAX));
  const std::string path = text(info, 1);
  const auto limit = static_cast<std::size_t>(integer(info, 2, 0, kMaxRead));
  const beneath::Options options{.no_symlinks = boolean(info, 3), .in_root = boolean(info, 4)};
  if (env.IsExceptionPending()) return env.Undefined();
  auto content = beneath::read(root, path, limit, options);
  if (!content) {
    raise(env, content.error());
    return env.Undefined();
  }
  if (!content->has_value()) return env.Null();
  const std::string& bytes = **content;
  return Napi::Buffer<char>::Copy(env, bytes.data(), bytes.size());
}

// flock(fd, exclusive, wait): false when somebody else holds it and `wait` is false
Napi::Value lock(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto fd = static_cast<int>(integer(info, 0, 0, INT_MAX));
  const bool exclusive = boolean(info, 1);
  const bool wait = boolean(info, 2);
  if (env.IsExceptionPending()) return env.Undefined();
  int result;
  do {
    result = ::flock(fd, (exclusive ? LOCK_EX : LOCK_SH) | (wait ? 0 : LOCK_NB));
  } while (result < 0 && errno == EINTR);
  if (result == 0) return Napi::Boolean::New(env, true);
  if (errno == EWOULDBLOCK) return Napi::Boolean::New(env, false);
  raise(env, fail(Stage::io, "LOCK_FAILED", errno, "flock descriptor " + std::to_string(fd)));
  return env.Undefined();
}

// getXattr(fd, name): Buffer | null when the file or the file system has none of that name
Napi::Value get_xattr(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto fd = static_cast<int>(integer(info, 0, 0, INT_MAX));
  const std::string name = text(info, 1);
  if (env.IsExceptionPending()) return env.Undefined();
  std::string value(XATTR_SIZE_MAX, '\0');
  const ssize_t length = ::fgetxattr(fd, name.c_str(), value.data(), value.size());
  if (length >= 0) return Napi::Buffer<char>::Copy(env, value.data(), static_cast<std::size_t>(length));
  if (errno == ENODATA || errno == ENOTSUP) return env.Null();
  raise(env, fail(Stage::io, "XATTR_FAILED", errno, "read extended attribute " + name));
  return env.Undefined();
}

// listXattr(fd): string[], the names of all that the caller may see
Napi::Value list_xattr(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const auto fd = static_cast<int>(integer(info, 0, 0, INT_MAX));
  if (env.IsExceptionPending()) return env.Undefined();
  std::string names(XATTR_LIST_MAX, '\0');
  const ssize_t length = ::flistxattr(fd, names.data(), names.size());
  const auto list = Napi::Array::New(env);
  if (length < 0 && errno == ENOTSUP) return list;
  if (length < 0) {
    raise(env, fail(Stage::io, "XATTR_FAILED", errno, "list extended attributes"));
    return env.Undefined();
  }
  std::uint32_t count = 0;
  for (std::size_t at = 0; at < static_cast<std::size_t>(length);) {
    const std::string_view name = names.data() + at;
    // Latin-1 keeps each byte of a name that is no UTF-8.
    std::u16string wide;
    for (const char byte : name) wide.push_back(static_cast<unsigned char>(byte));
    list.Set(count++, Napi::String::New(env, wide));
    at += name.size() + 1;
  }
  return list;
}

}  // namespace

void register_files(Napi::Env env, Napi::Object exports) {
  exports.Set("openBeneath", Napi::Function::New(env, open_beneath));
  exports.Set("readBeneath", Napi::Function::New(env, read_beneath));
  exports.Set("listXattr", Napi::Function::New(env, list_xattr));
  exports.Set("getXattr", Napi::Function::New(env, get_xattr));
  exports.Set("flock", Napi::Function::New(env, lock));
}

}  // namespace secure::addon
