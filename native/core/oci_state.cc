// SPDX-License-Identifier: Apache-2.0
#include "oci_state.h"

#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>

#include "json.h"
#include "record.h"
#include "record_store.h"

namespace secure::oci {

namespace {

constexpr std::size_t kMaxState = 1U << 20;
constexpr std::size_t kMaxConfig = 16U << 20;

secure::Status check_owner(int dir, const std::string& what) {
  struct stat st {};
  if (::fstat(dir, &st) < 0) return fail(Stage::state, "STATE_UNSAFE", errno, "look at " + what);
  if (st.st_uid != ::geteuid() || (st.st_mode & 022) != 0)
    return fail(Stage::state, "STATE_UNSAFE", EPERM, what + " can be written by somebody else", "it must belong to you: chmod 0700, or choose another --root");
  return Ok{};
}

// Without fsync: after a power cut there is no container that it could describe. The rename is for readers beside us.
secure::Status replace(int dir, const char* name, std::string_view text) {
  const std::string temp = std::string(".") + name;
  Fd file(::openat(dir, temp.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.valid()) return fail(Stage::state, errno == ENOSPC ? "NO_SPACE" : "WRITE_FAILED", errno, std::string("make ") + name);
  SECURE_TRY(write_all(file.get(), text, name));
  if (::renameat(dir, temp.c_str(), dir, name) < 0) return fail(Stage::state, "WRITE_FAILED", errno, std::string("rename to ") + name);
  return Ok{};
}

// dockerd names it below /var/run, which is a link of the system: what is there is followed, what is made is not.
secure::Status make_root(const std::string& path) {
  std::size_t end = path.size();
  Fd above;
  do {
    end = path.find_last_of('/', end - 1);
    above = Fd(::open(end == 0 ? "/" : path.substr(0, end).c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  } while (!above.valid() && errno == ENOENT && end > 0);
  if (!above.valid()) return fail(Stage::state, "STATE_FAILED", errno, "open " + path.substr(0, end) + ", in which the state root is to be made");
  SECURE_TRY(make_dirs(above.get(), path.substr(end + 1), 0700));
  return Ok{};
}

Error no_such(const std::string& id) {
  return fail(Stage::state, "NO_SUCH_CONTAINER", 0, "container '" + id + "' does not exist", "list shows those below this --root");
}

}  // namespace

std::string_view status_name(Status status) {
  switch (status) {
    case Status::creating: return "creating";
    case Status::created: return "created";
    case Status::running: return "running";
    case Status::paused: return "paused";
    case Status::stopped: return "stopped";
  }
  return "stopped";
}

std::size_t bad_character(std::string_view id) {
  return id.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.+-");
}

// Not hidden either: below the root of the states such names are for files on their way.
bool valid_id(std::string_view id) { return !id.empty() && id.size() <= 255 && id[0] != '.' && bad_character(id) == std::string_view::npos; }

Result<Fd> open_root(const std::string& path, bool create) {
  if (path.empty() || path[0] != '/')
    return fail(Stage::config, "USAGE", 0, "--root must be an absolute path, not '" + path + "'");
  Fd dir(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!dir.valid() && errno == ENOENT && create) {
    SECURE_TRY(make_root(path));
    dir = Fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  if (!dir.valid()) return fail(Stage::state, errno == ENOENT ? "NOT_FOUND" : "STATE_FAILED", errno, "open the state root " + path);
  SECURE_TRY(check_owner(dir.get(), path));
  return dir;
}

Result<Fd> reserve(int root, const std::string& id) {
  if (!valid_id(id))
    return fail(Stage::config, "ID_INVALID", 0, (bad_character(id) == std::string::npos ? "invalid container ID '" : "invalid character in the container ID '") + id + "'",
                "letters, digits, _ . + and - make one, at most 255 of them, and it starts with no dot");
  if (::mkdirat(root, id.c_str(), 0700) < 0) {
    if (errno == EEXIST)
      return fail(Stage::state, "CONTAINER_EXISTS", 0, "container with id '" + id + "' already exists", "delete it first, or choose another id");
    return fail(Stage::state, errno == ENOSPC ? "NO_SPACE" : "MKDIR_FAILED", errno, "make the directory of container " + id);
  }
  Fd dir(::openat(root, id.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (dir.valid() && ::flock(dir.get(), LOCK_EX | LOCK_NB) == 0) return dir;
  const int err = errno;
  (void)::unlinkat(root, id.c_str(), AT_REMOVEDIR);
  return fail(Stage::state, "STATE_FAILED", err, "lock the directory of container " + id);
}

Result<Fd> open(int root, const std::string& id, bool lock) {
  // An id that cannot exist does not.
  if (!valid_id(id)) return no_such(id);
  Fd dir(::openat(root, id.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!dir.valid()) {
    if (errno == ENOENT || errno == ENOTDIR) return no_such(id);
    return fail(Stage::state, "STATE_FAILED", errno, "open the directory of container " + id);
  }
  if (!lock) return dir;
  int rc;
  do {
    rc = ::flock(dir.get(), LOCK_EX);
  } while (rc < 0 && errno == EINTR);
  if (rc < 0) return fail(Stage::state, "STATE_FAILED", errno, "lock the directory of container " + id);
  // Deleted, and perhaps made anew, while we waited.
  if (!record::still_there(root, id, dir.get())) return no_such(id);
  return dir;
}

std::vector<std::string> ids(int root) {
  std::vector<std::string> out;
  for (auto& name : record::entries(root))
    if (valid_id(name) && name[0] != '.') out.push_back(std::move(name));
  return out;
}

secure::Status remove(int root, const std::string& id) { return remove_tree(root, id); }

secure::Status write_state(int dir, const State& state) {
  rapidjson::Document doc(rapidjson::kObjectType);
  auto& a = doc.GetAllocator();
  auto text = [&](const char* key, const std::string& value) { doc.AddMember(rapidjson::StringRef(key), rapidjson::Value(value, a), a); };
  text("id", state.id);
  text("ociVersion", state.oci_version);
  text("bundle", state.bundle);
  text("rootfs", state.rootfs);
  text("created", state.created);
  text("cgroup", state.cgroup);
  text("cgroupManager", state.cgroup_manager);
  text("systemdScope", state.systemd_scope);
  doc.AddMember("pid", state.pid, a);
  doc.AddMember("pidStart", state.pid_start, a);
  doc.AddMember("owner", state.owner, a);
  rapidjson::Value annotations(rapidjson::kObjectType);
  for (const auto& [key, value] : state.annotations) annotations.AddMember(rapidjson::Value(key, a), rapidjson::Value(value, a), a);
  doc.AddMember("annotations", annotations, a);
  return replace(dir, "state.json", json::dump(doc));
}

Result<State> read_state(int dir) {
  auto text = read_file(dir, "state.json", kMaxState);
  if (!text) {
    if (text.error().err == ENOENT)
      return fail(Stage::state, "CONTAINER_CREATING", 0, "the container is still being made, or its maker was killed", "delete --force removes what is left of it");
    return std::move(text.error());
  }
  return parse_state(*text);
}

Result<State> parse_state(std::string_view text) {
  SECURE_LET(doc, json::parse(text, "state.json"));
  json::Sink sink;
  json::Node root(&doc, &sink, "");
  State out;
  out.id = root["id"].str();
  out.oci_version = root["ociVersion"].str();
  out.bundle = root["bundle"].str();
  out.rootfs = root["rootfs"].str();
  out.created = root["created"].str();
  out.cgroup = root["cgroup"].str();
  out.cgroup_manager = root["cgroupManager"].str();
  out.systemd_scope = root["systemdScope"].str();
  out.pid = static_cast<pid_t>(root["pid"].integer(0, INT32_MAX, 0));
  out.pid_start = root["pidStart"].u64();
  out.owner = root["owner"].u32();
  for (const auto& [key, value] : root["annotations"].members()) out.annotations.emplace_back(key, value.str());
  if (sink.error) return fail(Stage::state, "STATE_CORRUPT", 0, "state.json: " + sink.error->message, "delete --force removes the container");
  return out;
}

Result<std::string> read_config(int dir) { return read_file(dir, "config.json", kMaxConfig); }
secure::Status write_config(int dir, std::string_view text) { return replace(dir, "config.json", text); }

}  // namespace secure::oci
