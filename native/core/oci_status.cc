// SPDX-License-Identifier: Apache-2.0
// What a container is at this moment, and how that is told.
#include <sys/socket.h>

#include "cgroup.h"
#include "json.h"
#include "oci_state.h"
#include "record_store.h"
#include "socket_address.h"

namespace secure::oci {

namespace {

constexpr const char* kGate = "start";

bool frozen(const State& state) {
  auto layout = cgroup::detect(state.cgroup);
  if (!layout) return false;
  auto group = cgroup::open(*layout, state.cgroup);
  if (!group) return false;
  return cgroup::is_frozen(*group);
}

}  // namespace

Status status(int dir, const State& state) {
  // A zombie has ended; only whoever started it has not looked yet.
  if (state.pid <= 0 || !record::process_alive(state.pid, state.pid_start)) return Status::stopped;
  if (has_gate(dir)) return Status::created;
  return !state.cgroup.empty() && frozen(state) ? Status::paused : Status::running;
}

std::string to_json(const State& state, Status status, pid_t pid, bool more) {
  rapidjson::Document doc(rapidjson::kObjectType);
  auto& a = doc.GetAllocator();
  auto text = [&](const char* key, const std::string& value) { doc.AddMember(rapidjson::StringRef(key), rapidjson::Value(value, a), a); };
  text("ociVersion", state.oci_version);
  text("id", state.id);
  // In the order that runc prints, which some read by.
  if (status != Status::creating || pid > 0) doc.AddMember("pid", status == Status::stopped ? 0 : pid, a);
  text("status", std::string(status_name(status)));
  text("bundle", state.bundle);
  if (more) {
    text("rootfs", state.rootfs);
    text("created", state.created);
    text("owner", state.owner == 0 ? "root" : std::to_string(state.owner));
    text("cgroup", state.cgroup);
    if (!state.systemd_scope.empty()) text("systemd-scope", state.systemd_scope);
  }
  rapidjson::Value annotations(rapidjson::kObjectType);
  for (const auto& [key, value] : state.annotations) annotations.AddMember(rapidjson::Value(key, a), rapidjson::Value(value, a), a);
  if (!state.annotations.empty()) doc.AddMember("annotations", annotations, a);
  return json::dump(doc);
}

Result<Fd> make_gate(int dir) {
  Fd sock(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  sockaddr_un address = address_in(dir, kGate);
  if (!sock.valid() || ::bind(sock.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) < 0 || ::listen(sock.get(), 1) < 0)
    return fail(Stage::state, "GATE_FAILED", errno, "make the socket that the container waits at");
  return sock;
}

bool has_gate(int dir) { return ::faccessat(dir, kGate, F_OK, AT_SYMLINK_NOFOLLOW) == 0; }

Result<Fd> open_gate(int dir) {
  Fd sock(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  sockaddr_un address = address_in(dir, kGate);
  if (!sock.valid() || ::connect(sock.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) < 0)
    return fail(Stage::state, "START_FAILED", errno, "reach the container's waiting process");
  return sock;
}

secure::Status remove_gate(int dir) {
  if (::unlinkat(dir, kGate, 0) < 0 && errno != ENOENT) return fail(Stage::state, "STATE_FAILED", errno, "remove the start socket");
  return Ok{};
}

}  // namespace secure::oci
