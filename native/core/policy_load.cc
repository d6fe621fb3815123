// SPDX-License-Identifier: Apache-2.0
// From the directory to a policy that nobody but root can have written, whole to the last byte.
#include <sys/stat.h>
#include <sys/utsname.h>

#include <array>

#include "fd.h"
#include "policy.h"
#include "sha256_small.h"

namespace secure::policy {

namespace {

constexpr std::size_t kMaxPolicy = 1U << 20;
constexpr const char* kHint = "secure policy compile POLICY writes it; until then no container is made";

Error untrusted(const std::string& path, const char* why) {
  return fail(Stage::config, "POLICY_UNTRUSTED", 0, path + " " + why + ": somebody else could have written the policy", "chown root:root and chmod go-w it, look at what it says, and compile the policy again");
}

// Nobody but root can put another file in its place; in a directory such as /tmp nobody can either, as long as it is sticky.
Status check_owner(int fd, const std::string& path, bool directory) {
  struct stat st {};
  if (::fstat(fd, &st) < 0) return fail(Stage::config, "POLICY_MISSING", errno, "look at " + path, kHint);
  if (directory ? !S_ISDIR(st.st_mode) : !S_ISREG(st.st_mode)) return untrusted(path, directory ? "is no directory" : "is no regular file");
  if (st.st_uid != 0) return untrusted(path, "is not root's");
  if ((st.st_mode & 0022) != 0 && !(directory && (st.st_mode & S_ISVTX) != 0)) return untrusted(path, "is writable by others");
  return Ok{};
}

// Component by component, through no link.
Result<Fd> open_directory(const std::string& path) {
  if (path.empty() || path[0] != '/') return fail(Stage::config, "USAGE", 0, "--policy takes the absolute path of a directory, not '" + path + "'");
  Fd at(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!at.valid()) return fail(Stage::config, "POLICY_MISSING", errno, "open /", kHint);
  std::string so_far;
  for (std::size_t from = 1; from <= path.size();) {
    const std::size_t end = std::min(path.find('/', from), path.size());
    const std::string name = path.substr(from, end - from);
    from = end + 1;
    if (name.empty()) continue;
    SECURE_TRY(check_owner(at.get(), so_far.empty() ? "/" : so_far, true));
    so_far += "/" + name;
    Fd next(::openat(at.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!next.valid()) return fail(Stage::config, "POLICY_MISSING", errno, "there is no policy: open " + so_far, kHint);
    at = std::move(next);
  }
  SECURE_TRY(check_owner(at.get(), path, true));
  return at;
}

Result<std::string> read_owned(int dir, const std::string& name, const std::string& path) {
  Fd file(::openat(dir, name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file.valid() && errno == ELOOP) return untrusted(path, "is a link");
  if (!file.valid()) return fail(Stage::config, "POLICY_MISSING", errno, "there is no policy: open " + path, kHint);
  SECURE_TRY(check_owner(file.get(), path, false));
  auto text = read_fd(file.get(), kMaxPolicy, path);
  if (!text) return fail(Stage::config, "POLICY_CORRUPT", text.error().err, text.error().message, kHint);
  return text;
}

bool is_digest(std::string_view text) {
  constexpr std::string_view kPrefix = "sha256:";
  return text.size() == kPrefix.size() + 64 && text.starts_with(kPrefix) && text.find_first_not_of("0123456789abcdef", kPrefix.size()) == std::string_view::npos;
}

}  // namespace

Result<Policy> load(const std::string& directory) {
  SECURE_LET(dir, open_directory(directory));
  SECURE_LET(current, read_owned(dir.get(), "current", directory + "/current"));
  if (!current.ends_with('\n') || !is_digest(std::string_view(current).substr(0, current.size() - 1)))
    return fail(Stage::config, "POLICY_CORRUPT", 0, directory + "/current is not one line with a digest", kHint);
  std::string digest = current.substr(0, current.size() - 1);
  const std::string name = digest.substr(digest.find(':') + 1) + ".json", path = directory + "/" + name;
  SECURE_LET(text, read_owned(dir.get(), name, path));
  if (sha256_hex(text) != digest.substr(digest.find(':') + 1)) return fail(Stage::config, "POLICY_CORRUPT", 0, path + " is not what it was when it was compiled: its digest is another", kHint);
  return parse(text, std::move(digest));
}

}  // namespace secure::policy
