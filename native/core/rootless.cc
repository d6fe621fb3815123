// SPDX-License-Identifier: Apache-2.0
#include "rootless.h"

#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <algorithm>

#include "sync.h"
#include "userns.h"

namespace secure::rootless {

namespace {

bool only_own(const std::vector<spec::IdMap>& map, std::uint32_t id) { return map.size() == 1 && map[0].size == 1 && map[0].host == id; }

Status write_own(const std::string& proc, const char* file, const spec::IdMap& map) {
  return write_file_once(AT_FDCWD, proc + file, std::to_string(map.container) + " " + std::to_string(map.host) + " 1\n", Stage::userns);
}

// More than any of their messages.
constexpr std::size_t kWords = 512;

// What it said before it gave up, on one line.
std::string last_words(int fd) {
  std::string text(kWords, '\0');
  ssize_t n = 0;
  do {
    n = ::read(fd, text.data(), text.size());
  } while (n < 0 && errno == EINTR);
  text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

Error refused(const char* program, int status, const std::string& words) {
  const std::string what = program + std::string(words.empty() ? " refused the mappings" : " refused the mappings: ") + words;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
    return fail(Stage::userns, "TOOL_MISSING", 0, std::string(program) + " cannot be executed", "install the package uidmap");
  if (::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
    return fail(Stage::userns, "USERNS_FAILED", 0, what, "no_new_privs is set here (a service's NoNewPrivileges, a container): the program gets no rights to map ids with");
  return fail(Stage::userns, "USERNS_FAILED", 0, what,
              "grant the ids in /etc/subuid and /etc/subgid, or map only your own; the program needs its set-user-id bit, on a file system without nosuid");
}

// Set-user-id programs: found in fixed places, never through the caller's PATH, and with nothing of the caller's environment.
Status run_mapper(const char* program, pid_t pid, const std::vector<spec::IdMap>& map) {
  std::vector<std::string> words{program, std::to_string(pid)};
  for (const auto& m : map)
    for (auto n : {m.container, m.host, m.size}) words.push_back(std::to_string(n));
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return fail(Stage::userns, "USERNS_FAILED", errno, "make a pipe");
  Fd said(ends[0]), says(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return fail(Stage::userns, "USERNS_FAILED", errno, std::string("run ") + program);
  if (child == 0) {
    char* const none[] = {nullptr};
    if (::dup2(says.get(), STDERR_FILENO) < 0) ::_exit(126);
    for (const char* dir : {"/usr/bin/", "/bin/", "/usr/local/bin/"}) ::execve((std::string(dir) + program).c_str(), argv.data(), none);
    ::_exit(127);
  }
  says.reset();
  const std::string text = last_words(said.get());
  said.reset();
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return fail(Stage::userns, "USERNS_FAILED", errno, std::string("wait for ") + program);
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return Ok{};
  return refused(program, status, text);
}

// In the process that stayed outside.
Status map(pid_t pid, const std::vector<spec::IdMap>& uids, const std::vector<spec::IdMap>& gids) {
  const std::string proc = "/proc/" + std::to_string(pid) + "/";
  if (only_own(gids, ::getegid())) {
    // Otherwise a process could drop a group that a file's mode denies (CVE-2014-8989).
    SECURE_TRY(write_file_once(AT_FDCWD, proc + "setgroups", "deny", Stage::userns));
    SECURE_TRY(write_own(proc, "gid_map", gids[0]));
  } else {
    SECURE_TRY(run_mapper("newgidmap", pid, gids));
  }
  if (only_own(uids, ::geteuid())) return write_own(proc, "uid_map", uids[0]);
  return run_mapper("newuidmap", pid, uids);
}

[[noreturn]] void stay_outside(pid_t parent, int sync, const std::vector<spec::IdMap>& uids, const std::vector<spec::IdMap>& gids) {
  if (auto go = sync::expect(sync, sync::Kind::built); !go) ::_exit(1);
  if (auto s = map(parent, uids, gids); !s) {
    sync::send_error(sync, s.error(), 1);
    ::_exit(1);
  }
  (void)sync::send(sync, sync::Kind::joined);
  ::_exit(0);
}

}  // namespace

bool needed() { return ::geteuid() != 0; }

Status enter(const std::vector<spec::IdMap>& uids, const std::vector<spec::IdMap>& gids, userns::Groups groups) {
  if (uids.empty() || gids.empty())
    return fail(Stage::config, "CONFIG_INVALID", 0, "without root a container needs a user namespace with /linux/uidMappings and /linux/gidMappings", "secure-runtime spec --rootless writes such a config");
  SECURE_LET(pair, sync::channel());
  const pid_t self = ::getpid();
  const pid_t helper = ::fork();
  if (helper < 0) return fail(Stage::userns, "USERNS_FAILED", errno, "make a process that maps ids");
  if (helper == 0) {
    pair.first.reset();
    stay_outside(self, pair.second.get(), uids, gids);
  }
  pair.second.reset();
  auto entered = [&]() -> Status {
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
      return fail(Stage::userns, "USERNS_FAILED", errno, "make a user namespace",
                  errno == EPERM || errno == EACCES ? "unprivileged user namespaces may be switched off: sysctl kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns"
                  : errno == ENOSPC ? "sysctl user.max_user_namespaces" : "");
    SECURE_TRY(sync::send(pair.first.get(), sync::Kind::built));
    SECURE_TRY(sync::expect(pair.first.get(), sync::Kind::joined));
    SECURE_TRY(userns::become_root(groups));
    // What is mounted here from now on is nobody else's.
    if (::mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) < 0) return fail(Stage::rootfs, "MOUNT_FAILED", errno, "keep mounts to this namespace");
    return Ok{};
  }();
  pair.first.reset();
  while (::waitpid(helper, nullptr, 0) < 0 && errno == EINTR) {
  }
  return entered;
}

}  // namespace secure::rootless
