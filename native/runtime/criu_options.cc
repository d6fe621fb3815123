// SPDX-License-Identifier: Apache-2.0
#include "criu_options.h"

#include <limits.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "criu_image.h"
#include "help.h"
#include "number.h"
#include "rootless.h"

namespace secure::runtime {

namespace {

constexpr const char* kDefaultImages = "checkpoint";

Error usage_of(const std::string& what, const std::string& hint = {}) { return fail(Stage::config, "USAGE", 0, what, hint); }

Status read_page_server(const std::string& text, criu::Request& out) {
  if (text.empty()) return Ok{};
  const std::size_t colon = text.rfind(':');
  std::string address = text.substr(0, std::min(colon, text.size()));
  if (address.size() > 1 && address[0] == '[' && address.back() == ']') address = address.substr(1, address.size() - 2);
  if (colon == std::string::npos || address.empty() || colon + 1 == text.size()) return usage_of("Use --page-server ADDRESS:PORT to specify page server, not '" + text + "'");
  const auto port = number::decimal(text.substr(colon + 1), 65535);
  if (!port || *port == 0) return usage_of("Invalid port number in --page-server '" + text + "'");
  out.page_server = address;
  out.page_server_port = static_cast<std::uint16_t>(*port);
  return Ok{};
}

Status read_network_lock(const std::string& text, criu::Request& out) {
  if (text.empty()) return Ok{};
  if (text == "iptables") out.network_lock = criu::NetworkLock::iptables;
  else if (text == "nftables") out.network_lock = criu::NetworkLock::nftables;
  else if (text == "skip") out.network_lock = criu::NetworkLock::skip;
  else return usage_of("--network-lock takes iptables, nftables or skip, not '" + text + "'");
  return Ok{};
}

}  // namespace

Args& describe_criu(Args& args, CriuOptions& to) {
  return args.text("image-path", '\0', to.image_path).text("work-path", '\0', to.work_path).text("manage-cgroups-mode", '\0', to.cgroups)
      .text("network-lock", '\0', to.network_lock).list("empty-ns", '\0', to.empty_ns).flag("tcp-established", '\0', to.tcp_established)
      .flag("ext-unix-sk", '\0', to.ext_unix_sk).flag("shell-job", '\0', to.shell_job).flag("file-locks", '\0', to.file_locks)
      .flag("lazy-pages", '\0', to.lazy_pages).flag("auto-dedup", '\0', to.auto_dedup);
}

Result<criu::Request> to_request(const CriuOptions& options) {
  criu::Request out;
  out.leave_running = options.leave_running;
  out.tcp_established = options.tcp_established;
  out.tcp_skip_in_flight = options.tcp_skip_in_flight;
  out.tcp_close = options.tcp_close;
  out.link_remap = options.link_remap;
  out.ext_unix_sk = options.ext_unix_sk;
  out.shell_job = options.shell_job;
  out.file_locks = options.file_locks;
  out.lazy_pages = options.lazy_pages;
  out.auto_dedup = options.auto_dedup;
  out.lsm_profile = options.lsm_profile;
  out.lsm_mount_context = options.lsm_mount_context;
  out.orphan_pts_master = true;
  out.notify = true;
  for (const auto& name : options.empty_ns) {
    if (name != "network") return usage_of("namespace \"" + name + "\" is not supported: --empty-ns takes network");
    out.empty_ns |= CLONE_NEWNET;
  }
  SECURE_TRY(read_page_server(options.page_server, out));
  SECURE_TRY(read_network_lock(options.network_lock, out));
  if (!options.lsm_profile.empty() && options.lsm_profile.find(':') == std::string::npos)
    return usage_of("--lsm-profile takes TYPE:NAME, not '" + options.lsm_profile + "'", "apparmor:PROFILE or selinux:LABEL");
  return out;
}

Result<std::optional<criu::CgroupMode>> cgroup_mode(const CriuOptions& options) {
  using Mode = std::optional<criu::CgroupMode>;
  if (options.cgroups.empty()) return Mode();
  if (options.cgroups == "soft") return Mode(criu::CgroupMode::soft);
  if (options.cgroups == "full") return Mode(criu::CgroupMode::full);
  if (options.cgroups == "strict") return Mode(criu::CgroupMode::strict);
  if (options.cgroups == "ignore") return Mode(criu::CgroupMode::ignore);
  return usage_of("Invalid manage-cgroups-mode value '" + options.cgroups + "'", "soft, full, strict or ignore");
}

Status check_root(const char* doing) {
  if (!rootless::needed()) return Ok{};
  return fail(Stage::process, "ROOT_NEEDED", EPERM, std::string(doing) + " takes root of the machine: CRIU cannot work without it", "run it as root, on a container of root's");
}

Result<Directories> open_directories(const CriuOptions& options, bool create) {
  Directories out;
  const std::string images = options.image_path.empty() ? kDefaultImages : options.image_path;
  SECURE_LET(opened, criu::open_images(images, create, "--image-path"));
  out.images = std::move(opened);
  out.log_directory = images;
  if (options.work_path.empty()) return out;
  SECURE_LET(work, criu::open_images(options.work_path, true, "--work-path"));
  out.work = std::move(work);
  out.log_directory = options.work_path;
  return out;
}

Result<std::string> config_file(const spec::Spec& spec) {
  std::string path = "/etc/criu/" + program_name() + ".conf";
  bool named = false;
  for (const auto& [key, value] : spec.annotations)
    if (key == "org.criu.config") path = value, named = true;
  if (path.empty()) return path;
  struct stat st {};
  if (::stat(path.c_str(), &st) < 0) {
    if (errno == ENOENT && !named) return std::string();
    return fail(Stage::config, "CONFIG_INVALID", errno, "annotation org.criu.config: open " + path);
  }
  if (path[0] != '/' || !S_ISREG(st.st_mode) || st.st_uid != 0 || (st.st_mode & 022) != 0)
    return fail(Stage::config, "CRIU_UNSAFE", EPERM, "the options of criu in " + path + " could have been written by somebody but root, and can name programs to run", "chown root, chmod go-w");
  return path;
}

Error with_log(Error error, const Directories& at, const std::string& log) {
  // A newer one says it with its answer.
  if (const std::string said = criu::complaints(at.logs(), log); !said.empty() && error.message.find("Error (") == std::string::npos) error.message += ": " + said;
  if (error.hint.empty()) error.hint = "all that criu did is in " + at.log_directory + "/" + log;
  return error;
}

}  // namespace secure::runtime
