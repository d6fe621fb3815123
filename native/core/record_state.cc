// SPDX-License-Identifier: Apache-2.0
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>

#include "json.h"
#include "record_store.h"

namespace secure::record {

namespace {

constexpr std::size_t kMaxState = 1U << 20;
constexpr std::size_t kMaxHealth = 256U << 10;

// temp + rename, without fsync: this file means nothing after a power cut, for its boot id is then another.
Status write_volatile(int dir, const std::string& name, std::string_view text) {
  const std::string temporary = "." + name + ".tmp";
  (void)::unlinkat(dir, temporary.c_str(), 0);
  Fd file(::openat(dir, temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.valid()) return fail(Stage::state, errno == ENOSPC ? "NO_SPACE" : "STATE_UNWRITABLE", errno, "create " + name);
  auto status = write_all(file.get(), text, name);
  if (status && ::renameat(dir, temporary.c_str(), dir, name.c_str()) < 0)
    status = fail(Stage::state, "STATE_UNWRITABLE", errno, "rename to " + name);
  if (!status) (void)::unlinkat(dir, temporary.c_str(), 0);
  return status;
}

Error corrupt(const std::string& id, const std::string& file, const std::string& why) {
  return fail(Stage::state, "RECORD_CORRUPT", 0, file + " of container " + id + ": " + why,
              "secure-runtime delete --force " + id.substr(0, 12));
}

// The object in a file; nothing when there is no such file.
Result<std::optional<rapidjson::Document>> read_json(int containers, const std::string& id, const char* name) {
  auto dir = open_nofollow(containers, id, O_PATH | O_DIRECTORY);
  auto file = dir ? open_nofollow(dir->get(), name, O_RDONLY | O_NONBLOCK) : Result<Fd>(dir.error());
  if (!file) {
    if (file.error().err == ENOENT) return std::optional<rapidjson::Document>();
    return corrupt(id, name, file.error().text());
  }
  auto text = read_fd(file->get(), kMaxState, name);
  if (!text) return corrupt(id, name, text.error().message);
  auto document = json::parse(*text, "the file");
  if (!document) return corrupt(id, name, document.error().message);
  if (!document->IsObject()) return corrupt(id, name, "is not an object");
  return std::optional<rapidjson::Document>(std::move(*document));
}

void merge_run_state(const json::Node& root, State& out) {
  auto text = [&](const char* key, std::string& to) {
    if (auto value = root[key].str(); !value.empty()) to = std::move(value);
  };
  text("name", out.name);
  text("image", out.image);
  text("profile", out.profile);
  text("bundle", out.bundle);
  text("cgroup", out.cgroup);
  text("created", out.created);
  text("started", out.started);
  text("bootId", out.boot_id);
  out.pid = static_cast<pid_t>(root["pid"].integer(0, INT32_MAX, 0));
  out.pid_start = root["pidStart"].u64();
  out.monitor_pid = static_cast<pid_t>(root["monitorPid"].integer(0, INT32_MAX, 0));
  out.monitor_start = root["monitorStart"].u64();
  if (auto first = root["rangeStart"].u32(); first != 0) out.range_first = first;
  out.restarts = root["restarts"].u32();
  out.restarting = root["restarting"].boolean();
  if (auto last = root["last"]; last.present())
    out.last = State::Run{static_cast<int>(last["exitCode"].integer(0, 255, 255)), last["oomKilled"].boolean(), last["finished"].str(), last["error"].str()};
}

void merge_exit(const json::Node& root, State& out) {
  out.exit_code = static_cast<int>(root["exitCode"].integer(0, 255, 255));
  out.oom_killed = root["oomKilled"].boolean();
  out.finished = root["finished"].str();
  out.restarts = root["restarts"].u32();
  out.memory = {root["oomKills"].u64(), root["memoryLimit"].u64(), root["memoryPeak"].u64()};
  if (auto error = root["error"].str(); !error.empty()) out.last = State::Run{*out.exit_code, false, out.finished, std::move(error)};
}

// A pid that belongs to somebody else by now is dropped, so that nobody can signal it.
void drop_dead(State& state) {
  bool same_boot = !state.boot_id.empty() && state.boot_id == boot_id();
  if (!same_boot || !process_alive(state.monitor_pid, state.monitor_start)) state.monitor_pid = 0;
  if (!same_boot || !process_alive(state.pid, state.pid_start)) state.pid = 0;
}

std::string status_of(State& state, bool has_run_state, int containers) {
  const bool had_process = state.pid != 0;
  drop_dead(state);
  if (state.exit_code) {
    state.pid = 0;
    return "exited";
  }
  if (state.pid != 0) return "running";
  if (state.monitor_pid != 0) return state.restarting ? "restarting" : had_process ? "stopping" : "created";
  if (has_run_state) return "dead";
  // No process was recorded yet: on its way as long as its maker holds the lock.
  auto dir = open_nofollow(containers, state.id, O_RDONLY | O_DIRECTORY);
  return dir && !lock_fd(dir->get(), false, 0) ? "created" : "dead";
}

}  // namespace

Result<Fd> run_directory(const Roots& roots, const std::string& id) {
  SECURE_LET(containers, open_dir(roots.run, "containers", true));
  return make_dirs(containers.get(), id, 0700);
}

Status write_state(const Roots& roots, const State& state) {
  SECURE_LET(dir, run_directory(roots, state.id));
  rapidjson::Document document(rapidjson::kObjectType);
  auto& a = document.GetAllocator();
  auto text = [&](const char* key, const std::string& value) {
    document.AddMember(rapidjson::StringRef(key), rapidjson::Value(value, a), a);
  };
  text("id", state.id);
  text("name", state.name);
  text("image", state.image);
  text("profile", state.profile);
  text("bundle", state.bundle);
  text("cgroup", state.cgroup);
  text("created", state.created);
  text("started", state.started);
  text("bootId", state.boot_id.empty() ? boot_id() : state.boot_id);
  document.AddMember("pid", state.pid, a);
  document.AddMember("pidStart", state.pid_start != 0 ? state.pid_start : start_time(state.pid), a);
  document.AddMember("monitorPid", state.monitor_pid, a);
  document.AddMember("monitorStart", state.monitor_start != 0 ? state.monitor_start : start_time(state.monitor_pid), a);
  document.AddMember("rangeStart", state.range_first, a);
  document.AddMember("restarts", state.restarts, a);
  document.AddMember("restarting", state.restarting, a);
  if (state.last) {
    rapidjson::Value last(rapidjson::kObjectType);
    last.AddMember("exitCode", state.last->exit_code, a);
    last.AddMember("oomKilled", state.last->oom_killed, a);
    last.AddMember("finished", rapidjson::Value(state.last->finished, a), a);
    last.AddMember("error", rapidjson::Value(state.last->error, a), a);
    document.AddMember("last", last, a);
  }
  return write_volatile(dir.get(), "state.json", json::dump(document) + "\n");
}

Status write_exit(const Roots& roots, const std::string& id, const End& end) {
  SECURE_LET(containers, open_dir(roots.state, "containers", false));
  SECURE_LET(dir, open_nofollow(containers.get(), id, O_RDONLY | O_DIRECTORY));
  rapidjson::Document document(rapidjson::kObjectType);
  auto& a = document.GetAllocator();
  document.AddMember("exitCode", end.code, a);
  document.AddMember("oomKilled", end.memory.oom_kills > 0, a);
  document.AddMember("oomKills", end.memory.oom_kills, a);
  document.AddMember("memoryLimit", end.memory.limit, a);
  document.AddMember("memoryPeak", end.memory.peak, a);
  document.AddMember("restarts", end.restarts, a);
  document.AddMember("finished", rapidjson::Value(end.finished, a), a);
  if (!end.error.empty()) document.AddMember("error", rapidjson::Value(end.error, a), a);
  return write_atomic(dir.get(), "exit.json", json::dump(document) + "\n", 0600);
}

State read_run_state(int run, const std::string& id) {
  State out;
  out.id = id;
  json::Sink sink;
  if (auto document = read_json(run, id, "state.json"); document && *document)
    merge_run_state(json::Node(&**document, &sink, ""), out);
  drop_dead(out);
  return out;
}

Result<State> read_state(const Roots& roots, const std::string& id) {
  auto containers = open_dir(roots.state, "containers", false);
  bool exists = containers && valid_id(id) && owner_alive(containers->get(), id);
  if (!exists) {
    if (!containers && containers.error().err != ENOENT) return std::move(containers.error());
    return fail(Stage::state, "NO_SUCH_CONTAINER", 0, "there is no container " + id);
  }
  State out;
  out.id = id;
  out.bundle = record_path(roots, id);
  // Oldest source first; each later one knows better.
  auto config = read_config(containers->get(), id);
  if (!config && config.error().code == "RECORD_CORRUPT") return std::move(config.error());
  if (config) {
    out.name = config->name;
    out.image = config->image;
    out.profile = config->profile;
    out.cgroup = config->cgroup;
    out.created = config->created;
    out.range_first = config->range_first;
  }
  json::Sink sink;
  bool has_run_state = false;
  if (auto run = open_dir(roots.run, "containers", false)) {
    SECURE_LET(document, read_json(run->get(), id, "state.json"));
    has_run_state = document.has_value();
    if (document) merge_run_state(json::Node(&*document, &sink, ""), out);
  }
  SECURE_LET(ended, read_json(containers->get(), id, "exit.json"));
  if (ended) merge_exit(json::Node(&*ended, &sink, ""), out);
  if (sink.error) return corrupt(id, "the state", sink.error->message);
  out.status = status_of(out, has_run_state, containers->get());
  out.health = read_health(roots, id);
  return out;
}

Status write_health(const Roots& roots, const std::string& id, const std::string& json) {
  SECURE_LET(dir, run_directory(roots, id));
  return write_volatile(dir.get(), "health.json", json + "\n");
}

std::string read_health(const Roots& roots, const std::string& id) {
  auto run = open_dir(roots.run, "containers", false);
  if (!run) return {};
  auto dir = open_nofollow(run->get(), id, O_PATH | O_DIRECTORY);
  auto file = dir ? open_nofollow(dir->get(), "health.json", O_RDONLY | O_NONBLOCK) : Result<Fd>(std::move(dir.error()));
  auto text = file ? read_fd(file->get(), kMaxHealth, "health.json") : Result<std::string>(std::move(file.error()));
  if (!text) return {};
  // Nothing that is not an object gets into what we print.
  auto document = json::parse(*text, "health.json");
  return document && document->IsObject() ? json::dump(*document) : std::string();
}

void add_memory(State& state, const cgroup::Layout& layout) {
  if (state.pid == 0) return;
  if (auto group = cgroup::open(layout, state.cgroup)) state.memory = cgroup::memory_facts(*group);
}

}  // namespace secure::record
