// SPDX-License-Identifier: Apache-2.0
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "mountfd.h"
#include "overlay.h"
#include "sync.h"

namespace secure::overlay {

namespace {

// Covered by a tmpfs that holds the mount points of the layers; only in the helper's mount namespace, and never
// on the way to an upper or work directory.
constexpr const char* kStage = "/proc";

Result<Fd> build(const Layers& layers, int userns) {
  if (::unshare(CLONE_NEWNS) < 0) return fail(Stage::rootfs, "NAMESPACE_FAILED", errno, "make a mount namespace for the layers");
  mount_attr attr{};
  attr.propagation = MS_PRIVATE;
  if (::mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof attr) < 0)
    return fail(Stage::rootfs, "MOUNT_FAILED", errno, "make the helper's mounts private");
  SECURE_LET(stage, mountfd::create("tmpfs", "tmpfs", {{"mode", "0700"}}, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV));
  if (::move_mount(stage.get(), "", AT_FDCWD, kStage, MOVE_MOUNT_F_EMPTY_PATH) < 0)
    return fail(Stage::rootfs, "MOUNT_FAILED", errno, "attach the stage of the layers");
  std::string lower;
  for (std::size_t i = layers.lower.size(); i-- > 0;) {
    SECURE_LET(layer, mapped_layer(layers.lower[i], userns));
    std::string name = std::to_string(i);
    if (::mkdirat(stage.get(), name.c_str(), 0700) < 0) return fail(Stage::rootfs, "MKDIR_FAILED", errno, "make a layer's mount point");
    SECURE_LET(point, open_nofollow(stage.get(), name, O_PATH | O_DIRECTORY));
    SECURE_TRY(mountfd::attach(layer.get(), point.get(), layers.lower[i]));
    lower += (lower.empty() ? "" : ":") + (kStage + ("/" + name));
  }
  mountfd::FsOptions options{{"lowerdir", lower}};
  if (!layers.upper.empty()) {
    options.emplace_back("upperdir", layers.upper);
    options.emplace_back("workdir", layers.work);
  }
  if (!layers.label.empty()) options.emplace_back("context", layers.label);
  return mountfd::create("overlay", "overlay", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
}

}  // namespace

Result<Fd> create_by_path(const Layers& layers, int userns) {
  SECURE_LET(pair, sync::channel());
  // A process of its own, because the mount namespace that it changes must not become ours.
  pid_t helper = ::fork();
  if (helper < 0) return fail(Stage::rootfs, "CLONE_FAILED", errno, "make the helper that mounts the layers");
  if (helper == 0) {
    pair.first.reset();
    auto mount = build(layers, userns);
    if (!mount) {
      sync::send_error(pair.second.get(), mount.error(), 125);
      ::_exit(1);
    }
    auto sent = sync::send(pair.second.get(), sync::Kind::root, mount->get());
    ::_exit(sent ? 0 : 1);
  }
  pair.second.reset();
  auto message = sync::expect(pair.first.get(), sync::Kind::root);
  while (::waitpid(helper, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (!message) return std::move(message.error());
  return std::move(message->fd);
}

}  // namespace secure::overlay
