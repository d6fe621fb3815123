// SPDX-License-Identifier: Apache-2.0
#include "oci.h"

#include <unistd.h>

#include <climits>
#include <cstdlib>

#include "oci_policy.h"
#include "policy.h"
#include "record_lifecycle.h"
#include "report.h"

namespace secure::runtime {

namespace {

std::string default_root() {
  if (::geteuid() == 0) return "/run/secure-runtime";
  const char* run = ::secure_getenv("XDG_RUNTIME_DIR");
  return run != nullptr && *run == '/' ? std::string(run) + "/secure-runtime" : "/tmp/secure-runtime-" + std::to_string(::geteuid());
}

}  // namespace

Globals& globals() {
  static Globals all{default_root(), false, {}, false, false, "cgroupfs", {}};
  return all;
}

Status read_globals(int argc, char** argv, int& at) {
  Globals& all = globals();
  for (; at < argc && argv[at][0] == '-'; ++at) {
    std::string_view word = argv[at];
    const std::size_t eq = word.find('=');
    const std::string_view name = word.substr(0, eq);
    auto wrong = [&](const char* what) { return fail(Stage::config, "USAGE", 0, std::string(name) + " " + what); };
    if (name == "--help" || name == "-h") {
      argv[at] = const_cast<char*>("--help");
      return Ok{};
    }
    if (name == "--version" || name == "-v") {
      argv[at] = const_cast<char*>("--version");
      return Ok{};
    }
    if (name == "--debug") {
      all.debug = true;
      continue;
    }
    if (name == "--systemd-cgroup") {
      if (eq == std::string_view::npos || word.substr(eq) == "=true") all.cgroup_manager = "systemd";
      continue;
    }
    if (eq == std::string_view::npos && at + 1 >= argc) return wrong("needs a value");
    const std::string value(eq == std::string_view::npos ? std::string_view(argv[++at]) : word.substr(eq + 1));
    if (name == "--root") all.root = value, all.root_given = true;
    else if (name == "--log") all.log = value;
    else if (name == "--policy" && value.starts_with('/')) all.policy = value;
    else if (name == "--log-format" && (value == "json" || value == "text")) all.log_json = value == "json";
    else if (name == "--error-format" && (value == "json" || value == "text")) set_error_format(value.c_str());
    else if (name == "--cgroup-manager" && (value == "cgroupfs" || value == "systemd" || value == "disabled")) all.cgroup_manager = value;
    // Rootless is what the caller is, and the rest is how much others log.
    else if (name == "--rootless" || name == "--log-level" || name == "--criu") continue;
    else if (name == "--log-format" || name == "--error-format" || name == "--cgroup-manager" || name == "--policy") return wrong(("does not take '" + value + "'").c_str());
    else return wrong("is no option of secure-runtime");
  }
  if (!all.root.empty() && all.root[0] != '/') {
    char buf[PATH_MAX];
    if (::getcwd(buf, sizeof buf) != nullptr) all.root = std::string(buf) + "/" + all.root;
  }
  return check_log();
}

Result<Found> find(const std::string& id, bool lock) {
  Found out;
  auto root = oci::open_root(globals().root, false);
  if (!root) {
    if (root.error().code != "NOT_FOUND") return std::move(root.error());
    return fail(Stage::state, "NO_SUCH_CONTAINER", 0, "container '" + id + "' does not exist", "there is none below " + globals().root);
  }
  SECURE_LET(dir, oci::open(root->get(), id, lock));
  out.root = std::move(*root);
  out.dir = std::move(dir);
  SECURE_LET(state, oci::read_state(out.dir.get()));
  out.state = std::move(state);
  out.status = oci::status(out.dir.get(), out.state);
  return out;
}

Result<spec::Spec> config_of(const Found& found) {
  SECURE_LET(text, oci::read_config(found.dir.get()));
  SECURE_LET(spec, spec::parse(text));
  // What is kept is the config as the engine gave it.
  if (policy_holds()) policy::drop_annotations(spec);
  return spec;
}

Result<Fd> process_of(const Found& found) { return record::open_process(found.state.pid, found.state.pid_start); }

Result<cgroup::Group> group_of(const Found& found) {
  if (found.state.cgroup.empty())
    return fail(Stage::cgroup, "CGROUP_NOT_FOUND", 0, "container '" + found.state.id + "' has no cgroup of its own", "it was made with --cgroup-manager disabled");
  SECURE_LET(layout, cgroup::detect(found.state.cgroup));
  return cgroup::open(layout, found.state.cgroup);
}

}  // namespace secure::runtime
