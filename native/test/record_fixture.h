// SPDX-License-Identifier: Apache-2.0
// A store of its own for each test, with groups below /secure-test-<pid>; gone when the fixture dies.
#pragma once

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "record_store.h"

namespace fixture {

struct Store {
  secure::record::Roots roots;
  Store() {
    char dir[] = "/tmp/secure-record-XXXXXX";
    if (::mkdtemp(dir) == nullptr) std::abort();
    top = dir;
    roots.state = top + "/state";
    roots.run = top + "/run";
    roots.host = top + "/host";
    roots.cgroup_parent = "/secure-test-" + std::to_string(::getpid());
  }
  ~Store() {
    if (auto layout = secure::cgroup::detect())
      for (const auto& name : secure::cgroup::children(*layout, roots.cgroup_parent))
        (void)secure::cgroup::remove(*layout, roots.cgroup_parent + "/" + name);
    (void)secure::record::gc(roots);  // the empty parent of a start that a test killed
    secure::Fd tmp(::open("/tmp", O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!secure::remove_tree(tmp.get(), top.substr(5))) std::abort();
  }
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // Entries of a directory of the store: dir("state/names").
  std::vector<std::string> dir(const std::string& path) const {
    secure::Fd fd(::open((top + "/" + path).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    return fd.valid() ? secure::record::entries(fd.get()) : std::vector<std::string>();
  }
  // Nothing of any container is left anywhere.
  bool empty() const { return left().empty(); }
  // What is left, for the message of a failure.
  std::string left() const {
    std::string out;
    for (const char* path : {"state/containers", "state/names", "state/ranges", "run/containers", "host/ids", "host/ranges"})
      for (const auto& name : dir(path)) out += std::string(path) + "/" + name + " ";
    if (auto layout = secure::cgroup::detect())
      for (const auto& name : secure::cgroup::children(*layout, roots.cgroup_parent)) out += "cgroup " + name + " ";
    return out;
  }
  void write(const std::string& path, const std::string& text) const {
    secure::Fd fd(::open((top + "/" + path).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!fd.valid() || !secure::write_all(fd.get(), text, path)) std::abort();
  }
  // As a launch does it: whole or not at all.
  void write_config(const std::string& id, const std::string& name, std::uint32_t first, bool remove) const {
    const std::string text =
          R"({"linux":{"cgroupsPath":")" + roots.cgroup_parent + "/" + id + R"(","uidMappings":[{"hostID":)" +
              std::to_string(first) + R"(}]},"annotations":{"org.opencontainers.image.created":"2026-01-01T00:00:00Z"},)" +
              R"("secure":{"name":")" + name + R"(","profile":"strict","image":{"reference":"localhost/a:latest"},)" +
              R"("range":{"size":65536},"monitor":{"remove":)" + (remove ? "true" : "false") +
              R"(,"stopSignal":"SIGUSR1","stopTimeout":1}}})";
    secure::Fd dir(::open((top + "/state/containers/" + id).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!dir.valid() || !secure::write_atomic(dir.get(), "config.json", text, 0600)) std::abort();
  }
  std::string top;
};

}  // namespace fixture
