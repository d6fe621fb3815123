// SPDX-License-Identifier: Apache-2.0
#include <poll.h>

#include <algorithm>

#include "cgroup_tree.h"

namespace secure::cgroup {

namespace {

constexpr int kBusyTries = 200;  // 1 to 10 ms apart: about 2 s

bool gone(int err) { return err == ENOENT || err == ENODEV; }

// rmdir, waiting for processes that are dying in it. Returns 0 or errno.
int remove_one(int parent, const std::string& name) {
  for (int i = 0;; ++i) {
    if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) == 0 || gone(errno)) return 0;
    if ((errno != EBUSY && errno != EAGAIN) || i == kBusyTries) return errno;
    (void)::poll(nullptr, 0, std::min(1 + i / 4, 10));
  }
}

// The group and all below it, deepest first. One descriptor at a time whatever the depth, which the container may
// have chosen; a group cannot be moved to another parent, so ".." leads back the way we came.
int remove_subtree(int parent, const std::string& name) {
  std::vector<std::string> way;
  Fd at;
  if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) == 0 || gone(errno)) return 0;
  auto top = open_child(parent, name);
  if (!top) return gone(top.error().err) ? 0 : top.error().err;
  at = std::move(*top);
  for (;;) {
    auto below = child_groups(at.get());
    if (!below.empty()) {
      auto child = open_child(at.get(), below.front());
      if (!child) {
        if (gone(child.error().err)) continue;
        return child.error().err;
      }
      way.push_back(std::move(below.front()));
      at = std::move(*child);
      continue;
    }
    if (way.empty()) return remove_one(parent, name);
    at = Fd(::openat(at.get(), "..", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!at.valid()) return errno;
    if (int err = remove_one(at.get(), way.back()); err != 0) return err;
    way.pop_back();
  }
}

bool ours(const std::string& top) { return top == "secure" || top.starts_with("secure-"); }

}  // namespace

Status remove(const Layout& layout, const std::string& path) {
  SECURE_LET(parts, components(path));
  Status out = Ok{};
  for (const auto& hierarchy : layout.hierarchies) {
    std::vector<Fd> chain;
    SECURE_LET(root, open_mount(hierarchy));
    chain.push_back(std::move(root));
    int err = 0;
    for (std::size_t i = 0; i + 1 < parts.size() && err == 0; ++i) {
      auto next = open_child(chain.back().get(), parts[i]);
      if (next) chain.push_back(std::move(*next));
      else err = next.error().err;
    }
    if (err == 0) err = remove_subtree(chain.back().get(), parts.back());
    if (err != 0 && !gone(err)) {
      // The other hierarchies are still worth cleaning.
      out = fail(Stage::cgroup, "CGROUP_REMOVE_FAILED", err, "remove cgroup " + path + " in " + hierarchy.mount);
      continue;
    }
    // chain[i] is the parent of parts[i]. A parent with another container in it stays (EBUSY).
    if (!ours(parts.front())) continue;
    for (std::size_t i = chain.size() - 1; i-- > 0;)
      if (::unlinkat(chain[i].get(), parts[i].c_str(), AT_REMOVEDIR) < 0) break;
  }
  return out;
}

std::vector<std::string> children(const Layout& layout, const std::string& path) {
  std::vector<std::string> out;
  auto group = open(layout, path);
  if (!group) return out;
  for (const auto& dir : group->dirs)
    if (dir.valid())
      for (auto& name : child_groups(dir.get())) out.push_back(std::move(name));
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

}  // namespace secure::cgroup
