// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cerrno>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace secure {

// Where in a container's life a failure happened. Printed to the user, so that
// "EPERM" is never all that is known.
enum class Stage {
  config,
  state,
  image,
  userns,
  cgroup,
  clone,
  mount,
  rootfs,
  process,
  capabilities,
  landlock,
  seccomp,
  exec,
  monitor,
  io,
  probe,
  network,
  hook,
};

[[nodiscard]] std::string_view stage_name(Stage stage);

// A failure: the stage, a stable machine-readable code (SCREAMING_SNAKE, for
// example NAME_TAKEN), errno or 0, and one sentence that names the object.
// `hint` is the next step for the user; it may be empty.
struct Error {
  Stage stage = Stage::io;
  std::string code;
  int err = 0;
  std::string message;
  std::string hint;

  [[nodiscard]] std::string text() const;  // one line, without the code
};

struct Ok {};

// Either a value or an Error. Used instead of exceptions (the runtime is built
// with -fno-exceptions) and never ignored by accident.
template <typename T = Ok>
class [[nodiscard]] Result {
 public:
  Result(T value) : v_(std::move(value)) {}        // NOLINT: implicit by design
  Result(Error error) : v_(std::move(error)) {}    // NOLINT: implicit by design
  [[nodiscard]] bool ok() const { return v_.index() == 0; }
  explicit operator bool() const { return ok(); }
  [[nodiscard]] T& value() { return *std::get_if<0>(&v_); }
  [[nodiscard]] const T& value() const { return *std::get_if<0>(&v_); }
  T& operator*() { return value(); }
  const T& operator*() const { return value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }
  [[nodiscard]] Error& error() { return *std::get_if<1>(&v_); }
  [[nodiscard]] const Error& error() const { return *std::get_if<1>(&v_); }

 private:
  std::variant<T, Error> v_;
};

using Status = Result<Ok>;

// fail(Stage::mount, "MOUNT_FAILED", errno, "mount tmpfs on /tmp")
[[nodiscard]] Error fail(Stage stage, std::string_view code, int err, std::string message,
                         std::string hint = {});

}  // namespace secure

// Propagate an error: SECURE_TRY(write_all(fd, data));
#define SECURE_TRY(expr)                          \
  do {                                            \
    auto secure_try_result_ = (expr);             \
    if (!secure_try_result_.ok()) return std::move(secure_try_result_.error()); \
  } while (0)

// SECURE_LET(fd, open_dir(path)); declares `auto fd` with the value.
#define SECURE_LET_CAT2(a, b) a##b
#define SECURE_LET_CAT(a, b) SECURE_LET_CAT2(a, b)
#define SECURE_LET(name, expr)                                              \
  auto SECURE_LET_CAT(secure_let_, __LINE__) = (expr);                      \
  if (!SECURE_LET_CAT(secure_let_, __LINE__).ok())                          \
    return std::move(SECURE_LET_CAT(secure_let_, __LINE__).error());        \
  auto name = std::move(SECURE_LET_CAT(secure_let_, __LINE__).value())
