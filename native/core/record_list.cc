// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "json.h"
#include "record_store.h"

namespace secure::record {

namespace {

bool is_hex(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

}  // namespace

Result<std::string> resolve(const Roots& roots, const std::string& text) {
  auto none = [&] {
    return fail(Stage::state, "NO_SUCH_CONTAINER", 0, "there is no container " + text.substr(0, 128),
                "secure-runtime list shows all of them");
  };
  if (!valid_id(text)) return none();
  auto containers = open_dir(roots.state, "containers", false);
  if (!containers) return containers.error().err == ENOENT ? none() : std::move(containers.error());
  // The full id first: nobody can hide a container behind a name that looks like its id.
  if (owner_alive(containers->get(), text)) return text;
  if (auto names = open_dir(roots.state, "names", false)) {
    std::string id = link_target(names->get(), text);
    if (valid_id(id) && owner_alive(containers->get(), id)) return id;
  }
  if (!is_hex(text)) return none();
  std::string found;
  for (auto& id : entries(containers->get())) {
    if (!id.starts_with(text) || !is_hex(id)) continue;
    if (!found.empty())
      return fail(Stage::state, "AMBIGUOUS_ID", 0, "more than one container has an id that begins with " + text,
                  "give more of its digits, or its name");
    found = std::move(id);
  }
  if (found.empty()) return none();
  return found;
}

Result<std::vector<State>> list(const Roots& roots) {
  std::vector<State> out;
  auto containers = open_dir(roots.state, "containers", false);
  if (!containers) {
    if (containers.error().err == ENOENT) return out;
    return std::move(containers.error());
  }
  for (auto& id : entries(containers->get())) {
    if (!valid_id(id)) continue;  // a hidden record in the making
    auto state = read_state(roots, id);
    if (state) {
      out.push_back(std::move(*state));
    } else if (state.error().code != "NO_SUCH_CONTAINER") {
      State broken;
      broken.bundle = record_path(roots, id);
      broken.id = std::move(id);
      broken.status = "corrupt";
      out.push_back(std::move(broken));
    }
  }
  std::stable_sort(out.begin(), out.end(), [](const State& a, const State& b) { return a.created < b.created; });
  return out;
}

std::string to_json(const State& state) {
  rapidjson::Document document(rapidjson::kObjectType);
  auto& a = document.GetAllocator();
  auto value = [&](const char* key, rapidjson::Value v) { document.AddMember(rapidjson::StringRef(key), v, a); };
  auto text = [&](const char* key, const std::string& v) { value(key, rapidjson::Value(v, a)); };
  // Absent is null, never "" or 0: a reader must not take it for a value.
  auto optional_text = [&](const char* key, const std::string& v) {
    value(key, v.empty() ? rapidjson::Value() : rapidjson::Value(v, a));
  };
  auto optional_number = [&](const char* key, std::int64_t v) { value(key, v == 0 ? rapidjson::Value() : rapidjson::Value(v)); };
  text("id", state.id);
  optional_text("name", state.name);
  optional_text("image", state.image);
  optional_text("profile", state.profile);
  text("status", state.status);
  optional_number("pid", state.pid);
  optional_number("monitorPid", state.monitor_pid);
  optional_text("created", state.created);
  optional_text("started", state.started);
  optional_text("finished", state.finished);
  value("exitCode", state.exit_code ? rapidjson::Value(*state.exit_code) : rapidjson::Value());
  // Killed processes of a container that goes on count too.
  value("oomKilled", rapidjson::Value(state.oom_killed || state.memory.oom_kills > 0));
  rapidjson::Value memory(rapidjson::kObjectType);
  memory.AddMember("oomKills", state.memory.oom_kills, a);
  memory.AddMember("limit", state.memory.limit == 0 ? rapidjson::Value() : rapidjson::Value(state.memory.limit), a);
  memory.AddMember("peak", state.memory.peak == 0 ? rapidjson::Value() : rapidjson::Value(state.memory.peak), a);
  value("memory", std::move(memory));
  value("restarts", rapidjson::Value(state.restarts));
  value("lastRun", rapidjson::Value());
  if (state.last) {
    rapidjson::Value last(rapidjson::kObjectType);
    last.AddMember("exitCode", state.last->exit_code, a);
    last.AddMember("oomKilled", state.last->oom_killed, a);
    last.AddMember("finished", rapidjson::Value(state.last->finished, a), a);
    last.AddMember("error", state.last->error.empty() ? rapidjson::Value() : rapidjson::Value(state.last->error, a), a);
    document["lastRun"] = last;
  }
  value("health", rapidjson::Value());
  if (rapidjson::Document health; !state.health.empty() && !health.Parse(state.health.c_str()).HasParseError())
    document["health"].CopyFrom(health, a);
  optional_text("cgroup", state.cgroup);
  optional_number("rangeStart", state.range_first);
  text("bundle", state.bundle);
  return json::dump(document);
}

}  // namespace secure::record
