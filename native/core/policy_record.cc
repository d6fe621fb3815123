// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include "fd.h"
#include "json.h"
#include "policy.h"
#include "record.h"
#include "warning.h"

namespace secure::policy {

namespace {

using Allocator = rapidjson::Document::AllocatorType;

rapidjson::Value list(const std::vector<Finding>& findings, Allocator& a) {
  rapidjson::Value out(rapidjson::kArrayType);
  for (const auto& one : findings) {
    rapidjson::Value entry(rapidjson::kObjectType);
    entry.AddMember("control", rapidjson::Value(one.control, a), a).AddMember("at", rapidjson::Value(one.at, a), a).AddMember("text", rapidjson::Value(one.text, a), a);
    out.PushBack(entry, a);
  }
  return out;
}

Status append(const std::string& path, const std::string& line) {
  const std::size_t slash = path.rfind('/');
  Fd root(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
  SECURE_LET(dir, make_dirs(root.get(), path.substr(1, slash == 0 ? 0 : slash - 1), 0750));
  Fd file(::openat(dir.get(), path.c_str() + slash + 1, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0640));
  if (!file.valid()) return fail(Stage::io, "WRITE_FAILED", errno, "open " + path);
  // One write(2), so that lines of others stay whole.
  return write_all(file.get(), line, path);
}

}  // namespace

void record(const Policy& policy, const Report& report, std::string_view command, std::string_view id) {
  if (policy.log.size() < 2 || policy.log[0] != '/') return;
  rapidjson::Document line(rapidjson::kObjectType);
  auto& a = line.GetAllocator();
  const auto text = [&](std::string_view value) { return rapidjson::Value(value.data(), static_cast<rapidjson::SizeType>(value.size()), a); };
  line.AddMember("time", text(record::now_rfc3339()), a).AddMember("command", text(command), a).AddMember("id", text(id), a);
  line.AddMember("decision", text(report.refused.empty() ? "allow" : "refuse"), a).AddMember("policy", text(policy.name), a).AddMember("digest", text(policy.digest), a);
  line.AddMember("refused", list(report.refused, a), a).AddMember("tightened", list(report.tightened, a), a);
  if (auto s = append(policy.log, json::dump(line) + "\n"); !s) warning::emit("the decision of the policy is not written: " + s.error().text());
}

}  // namespace secure::policy
