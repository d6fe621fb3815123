// SPDX-License-Identifier: Apache-2.0
#include "enforced.h"

#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "enforced_parts.h"
#include "json.h"
#include "probe_worker.h"
#include "record.h"

namespace secure::enforced {

namespace {

constexpr unsigned kMountsTimeoutMs = 5000;

Error not_running(const std::string& id) {
  return fail(Stage::state, "CONTAINER_NOT_RUNNING", 0, "container " + id.substr(0, 12) + " is not running",
              "start it first: only a live process can be asked");
}

std::string printable(const std::string& text) {
  std::string out;
  for (char c : text) out += c >= 0x20 && c < 0x7f ? c : '?';
  return out;
}

rapidjson::Value to_value(const std::vector<Control>& controls, rapidjson::Document::AllocatorType& a) {
  rapidjson::Value list(rapidjson::kArrayType);
  for (const auto& control : controls) {
    rapidjson::Value item(rapidjson::kObjectType);
    const auto text = [&](const char* key, const std::string& value) {
      item.AddMember(rapidjson::StringRef(key), rapidjson::Value(printable(value), a), a);
    };
    text("control", control.name);
    text("planned", control.planned.empty() ? "none" : control.planned);
    rapidjson::Value state;
    if (control.in_force) state.SetBool(*control.in_force);
    item.AddMember("inForce", state, a);
    text("actual", control.actual);
    text("evidence", control.evidence);
    item.AddMember("required", control.required, a);
    list.PushBack(item, a);
  }
  return list;
}

// The worker's answer comes back as the same JSON.
void read_controls(const std::string& text, std::vector<Control>& out) {
  auto document = json::parse(text, "the worker's answer");
  if (!document) return;
  json::Sink sink;
  for (const auto& item : json::Node(&*document, &sink, "").items()) {
    Control control;
    control.name = item["control"].str();
    control.planned = item["planned"].str();
    if (control.planned == "none") control.planned.clear();
    if (item["inForce"].present()) control.in_force = item["inForce"].boolean();
    control.actual = item["actual"].str();
    control.evidence = item["evidence"].str();
    out.push_back(std::move(control));
  }
}

void prove_mounts_in_worker(const Subject& subject, std::vector<Control>& out) {
  const auto answer = probe::in_worker(kMountsTimeoutMs, [&] {
    std::vector<Control> found;
    prove_mounts(subject, found);
    rapidjson::Document document(rapidjson::kArrayType);
    return json::dump(to_value(found, document.GetAllocator()));
  });
  if (answer) return read_controls(*answer, out);
  for (const char* name : {"rootfs", "masked-paths", "readonly-paths", "mounts"})
    out.push_back({name, "as in the plan", std::nullopt, "a file system of the container does not answer",
                   "/proc/PID/mountinfo", false});
}

// Reasons say what is required; a control that they do not mention is required when it is planned.
void set_required(json::Node reasons, std::vector<Control>& controls) {
  for (auto& control : controls) control.required = !control.planned.empty();
  for (const auto& reason : reasons.items())
    for (auto& control : controls)
      if (control.name == reason["control"].str()) control.required = reason["required"].boolean(true);
}

}  // namespace

Result<Proof> prove(const std::string& id, pid_t pid, std::uint64_t start, std::string_view config, const std::string& group) {
  SECURE_LET(plan, spec::parse(config));
  if (!group.empty()) plan.cgroups_path = group;
  SECURE_LET(document, json::parse(config, "config.json"));
  Subject subject;
  subject.pid = pid;
  subject.start = start;
  subject.plan = &plan;
  Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  subject.proc = Fd(::open(("/proc/" + std::to_string(pid)).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!pidfd.valid() || !subject.proc.valid() || record::start_time(pid) != start) return not_running(id);
  subject.status = read_text(subject, "status");

  Proof proof{id, pid, {}};
  auto& controls = proof.controls;
  prove_ids(subject, controls);
  prove_rights(subject, controls);
  prove_namespaces(subject, controls);
  prove_mounts_in_worker(subject, controls);
  prove_cgroup(subject, controls);
  prove_limits(subject, controls);
  prove_landlock(subject, controls);
  json::Sink sink;
  set_required(json::Node(&document, &sink, "")["secure"]["reasons"], controls);

  // Readable: it has ended since. A pid that was reused in between shows here too, since the pidfd stays with the first.
  pollfd gone{pidfd.get(), POLLIN, 0};
  if (::poll(&gone, 1, 0) != 0 || record::start_time(pid) != start) return not_running(id);
  return proof;
}

std::string to_json(const Proof& proof) {
  rapidjson::Document document(rapidjson::kObjectType);
  auto& a = document.GetAllocator();
  document.AddMember("schemaVersion", 1, a);
  document.AddMember("id", rapidjson::Value(proof.id, a), a);
  document.AddMember("pid", static_cast<int>(proof.pid), a);
  document.AddMember("controls", to_value(proof.controls, a), a);
  return json::dump(document);
}

}  // namespace secure::enforced
