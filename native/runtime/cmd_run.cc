// SPDX-License-Identifier: Apache-2.0
// `run --bundle DIR ID`: a plain OCI bundle in the foreground.
#include <sched.h>

#include <string_view>

#include "commands.h"
#include "container.h"
#include "report.h"
#include "self.h"
#include "streams.h"

namespace secure::runtime {

namespace {

constexpr std::size_t kMaxConfig = 16U << 20;

// The id is a name in cgroup paths and state directories (CVE-2024-9675 class).
bool valid_id(std::string_view id) {
  if (id.empty() || id.size() > 128 || id == "." || id == "..") return false;
  return id.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.+-") == std::string_view::npos;
}

int run_bundle(const std::string& bundle, const std::string& id) {
  auto refuse = [](const Error& error, int code = 125) { return report(error, code); };
  auto text = read_file(AT_FDCWD, bundle + "/config.json", kMaxConfig);
  if (!text) return refuse(text.error());
  auto spec = spec::parse(*text);
  if (!spec) return refuse(spec.error());
  if (spec->secure)
    return refuse(fail(Stage::config, "CONFIG_INVALID", 0, bundle + "/config.json is a plan of secure", "use: secure-runtime launch"));
  if (auto s = protect_self(*spec); !s) return refuse(s.error());

  block_signals();
  Session session;
  container::Options options;
  options.bundle = bundle;
  // One level: a parent of our own would be made and removed in every hierarchy at each run.
  options.cgroup_path = "/secure-oci-" + id;
  auto result = container::start(*spec, std::move(options));
  if (auto* error = std::get_if<container::StartError>(&result)) return refuse(error->error, error->exit_code);
  auto& started = std::get<container::Started>(result);
  session.pid = started.pid;
  session.pidfd = started.pidfd.get();
  session.ends.terminal = std::move(started.terminal);
  session.attached = true;
  session.stdin_open = spec->process.terminal;
  bool pids = false;
  for (const auto& ns : spec->namespaces) pids = pids || ns.flag == CLONE_NEWPID;
  int code = supervise(session);
  // Its first process took the others along only if it was the first of a pid namespace.
  if (!pids)
    if (auto group = cgroup::open(started.layout, started.cgroup_path))
      if (auto s = cgroup::kill_all(*group); !s) (void)report(s.error());
  if (auto s = cgroup::remove(started.layout, started.cgroup_path); !s) (void)report(s.error());
  return code;
}

}  // namespace

int cmd_run(int argc, char** argv) {
  std::string bundle = ".", id;
  for (int i = 1; i < argc; ++i) {
    std::string_view arg = argv[i];
    if ((arg == "--bundle" || arg == "-b") && i + 1 < argc) bundle = argv[++i];
    else if (arg.starts_with("--bundle=")) bundle = arg.substr(9);
    else if (id.empty() && !arg.starts_with('-')) id = arg;
    else id = "/";
  }
  if (!valid_id(id)) {
    (void)usage("secure-runtime run [--bundle DIR] ID    (ID: letters, digits, _ . + -)");
    return 125;
  }
  return run_bundle(bundle, id);
}

}  // namespace secure::runtime
