// SPDX-License-Identifier: Apache-2.0
#include "criu_message.h"

#include "protobuf.h"

namespace secure::criu {

namespace {

using protobuf::Writer;

Writer pair(const std::string& first, const std::string& second) {
  Writer out;
  out.text(1, first).text(2, second);
  return out;
}

Writer options(const Request& r) {
  Writer out;
  out.number(1, r.images_fd);
  if (r.pid > 0) out.number(2, r.pid);
  out.flag(3, r.leave_running).flag(4, r.ext_unix_sk).flag(5, r.tcp_established).flag(6, r.evasive_devices).flag(7, r.shell_job);
  out.flag(8, r.file_locks).number(9, 4).some(10, r.log_file);
  if (r.page_server_port != 0) {
    Writer server;
    out.message(11, server.text(1, r.page_server).number(2, r.page_server_port));
  }
  out.flag(12, r.notify).some(13, r.root).some(14, r.parent).flag(15, r.track_mem).flag(16, r.auto_dedup);
  if (r.work_fd >= 0) out.number(17, r.work_fd);
  out.flag(18, r.link_remap);
  for (const auto& [key, value] : r.ext_mounts) out.message(23, pair(key, value));
  out.number(24, r.cgroups != CgroupMode::ignore ? 1 : 0);
  for (const auto& [controller, path] : r.cgroup_roots) {
    Writer root;
    out.message(25, root.some(1, controller).text(2, path));
  }
  out.flag(26, r.rst_sibling);
  for (const auto& [key, fd] : r.inherit) {
    Writer inherit;
    out.message(27, inherit.text(1, key).number(2, fd));
  }
  out.flag(30, r.ext_masters);
  for (const auto& point : r.skip_mounts) out.text(31, point);
  out.number(34, static_cast<unsigned>(r.cgroups));
  for (const auto& one : r.external) out.text(37, one);
  if (r.empty_ns != 0) out.number(38, r.empty_ns);
  for (const auto& [type, file] : r.join_namespaces) out.message(39, pair(type, file));
  out.some(44, r.freeze_cgroup).flag(46, r.tcp_skip_in_flight).flag(48, r.lazy_pages);
  if (r.status_fd >= 0) out.number(49, r.status_fd);
  out.flag(50, r.orphan_pts_master).some(51, r.config_file).flag(52, r.tcp_close).some(53, r.lsm_profile).some(63, r.lsm_mount_context);
  if (r.network_lock != NetworkLock::by_default) out.number(64, static_cast<unsigned>(r.network_lock));
  return out;
}

// Fields of a message in the response. A message that is broken makes the whole response so.
template <typename Take>
bool each(std::string_view bytes, Take take) {
  protobuf::Reader reader(bytes);
  while (auto field = reader.next()) take(*field);
  return reader.ok();
}

}  // namespace

std::string encode(const Request& request) {
  Writer out;
  out.number(1, static_cast<unsigned>(request.type));
  if (request.type == Type::feature_check) {
    Writer features;
    out.message(5, features.flag(1, request.need_mem_track).flag(2, request.need_lazy_pages));
  } else if (request.type != Type::version) {
    out.message(2, options(request));
  }
  return out.bytes();
}

std::string encode_notified() {
  Writer out;
  return out.number(1, static_cast<unsigned>(Type::notify)).number(3, 1).bytes();
}

Result<Response> decode(std::string_view bytes) {
  Response out;
  bool has_type = false, has_success = false, whole = true;
  auto number = [](const protobuf::Field& field) { return static_cast<int>(field.value); };
  whole = each(bytes, [&](const protobuf::Field& field) {
    if (field.number == 1) has_type = true, out.type = static_cast<Type>(field.value);
    if (field.number == 2) has_success = true, out.success = field.value != 0;
    if (field.number == 4)
      whole = whole && each(field.text, [&](const protobuf::Field& f) { if (f.number == 1) out.pid = number(f); });
    if (field.number == 5)
      whole = whole && each(field.text, [&](const protobuf::Field& f) {
        if (f.number == 1) out.script = f.text;
        if (f.number == 2) out.pid = number(f);
      });
    if (field.number == 7) out.error = number(field);
    if (field.number == 8)
      whole = whole && each(field.text, [&](const protobuf::Field& f) {
        if (f.number == 1) out.mem_track = f.value != 0;
        if (f.number == 2) out.lazy_pages = f.value != 0;
      });
    if (field.number == 9) out.message = field.text;
    if (field.number == 10)
      whole = whole && each(field.text, [&](const protobuf::Field& f) {
        if (f.number == 1) out.major = number(f);
        if (f.number == 2) out.minor = number(f);
        if (f.number == 4) out.sublevel = number(f);
      });
  }) && whole;
  if (!whole || !has_type || !has_success) return fail(Stage::process, "CRIU_PROTOCOL", EPROTO, "what criu answered is no answer of its interface");
  return out;
}

}  // namespace secure::criu
