// SPDX-License-Identifier: Apache-2.0
#include "container.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include <variant>

#include "check.h"
#include "spec.h"

using namespace secure;

TEST(container_that_fails_says_why_though_the_host_fails_of_it) {
  if (::geteuid() != 0) SKIP("needs root");
  char root[] = "/tmp/secure-container-XXXXXX";
  REQUIRE(::mkdtemp(root) != nullptr);
  const std::string config = std::string(R"({"ociVersion": "1.2.0", "root": {"path": ")") + root + R"("},
    "process": {"args": ["/true"], "cwd": "/", "user": {"uid": 0, "gid": 0}},
    "mounts": [{"destination": "/x", "type": "nosuchfs", "source": "x"}],
    "linux": {"namespaces": [{"type": "mount"}, {"type": "ipc"}]}})";
  auto spec = spec::parse(config);
  REQUIRE(spec.ok());
  container::Options options;
  options.bundle = root;
  options.no_cgroup = true;
  options.created = [](pid_t pid) -> Status {
    // As long as it has namespaces: of a process that has ended they cannot be opened.
    const std::string path = "/proc/" + std::to_string(pid) + "/ns/net";
    for (int i = 0; i < 500; ++i) {
      Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
      if (!fd.valid()) return fail(Stage::network, "NETWORK_FAILED", errno, "open the container's network namespace");
      (void)::poll(nullptr, 0, 20);
    }
    return Ok{};
  };
  auto outcome = container::start(*spec, std::move(options));
  REQUIRE(std::holds_alternative<container::StartError>(outcome));
  CHECK_EQ(std::get<container::StartError>(outcome).error.code, std::string("MOUNT_FAILED"));
  (void)::rmdir((std::string(root) + "/x").c_str());
  CHECK_EQ(::rmdir(root), 0);
}
