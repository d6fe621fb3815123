// SPDX-License-Identifier: Apache-2.0
// Our own files beside CRIU's images.
#include <algorithm>

#include "criu_image.h"
#include "json.h"

namespace secure::criu {

namespace {

constexpr const char* kRecord = "secure-runtime.json";
constexpr const char* kDescriptors = "descriptors.json";
constexpr std::size_t kLimit = 4U << 20;
constexpr std::size_t kShown = 4;  // lines of a log
constexpr int kVersion = 1;

Status write(int images, const char* name, const std::string& text) {
  Fd file(::openat(images, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file.valid()) return fail(Stage::state, errno == ENOSPC ? "NO_SPACE" : "WRITE_FAILED", errno, std::string("make ") + name + " beside the images");
  return write_all(file.get(), text, name);
}

Result<std::string> read(int images, const char* name) {
  SECURE_LET(file, open_nofollow(images, name, O_RDONLY | O_NONBLOCK));
  return read_fd(file.get(), kLimit, name);
}

const char* kind_name(Mount::Kind kind) { return kind == Mount::Kind::bind ? "bind" : kind == Mount::Kind::device ? "device" : "cgroup"; }

}  // namespace

std::string to_text(const Record& record) {
  rapidjson::Document doc(rapidjson::kObjectType);
  auto& a = doc.GetAllocator();
  doc.AddMember("version", kVersion, a);
  doc.AddMember("cgroupsByCriu", record.cgroups_by_criu, a);
  doc.AddMember("noNewPrivs", record.no_new_privs, a);
  doc.AddMember("networkLock", static_cast<unsigned>(record.network_lock), a);
  doc.AddMember("pid", record.pid, a);
  rapidjson::Value restrictions(rapidjson::kObjectType);
  for (const auto& [point, flags] : record.restrictions) restrictions.AddMember(rapidjson::Value(point, a), rapidjson::Value(flags, a), a);
  doc.AddMember("restrictions", restrictions, a);
  rapidjson::Value tasks(rapidjson::kArrayType);
  for (const auto& task : record.tasks) {
    rapidjson::Value item(rapidjson::kObjectType);
    item.AddMember("pid", task.pid, a);
    item.AddMember("facts", rapidjson::Value(task.facts, a), a);
    tasks.PushBack(item, a);
  }
  doc.AddMember("tasks", tasks, a);
  rapidjson::Value absent(rapidjson::kArrayType);
  for (const auto& name : record.absent) absent.PushBack(rapidjson::Value(name, a), a);
  doc.AddMember("absent", absent, a);
  rapidjson::Value mounts(rapidjson::kArrayType);
  for (const auto& mount : record.mounts) {
    rapidjson::Value item(rapidjson::kObjectType);
    item.AddMember("kind", rapidjson::StringRef(kind_name(mount.kind)), a);
    item.AddMember("point", rapidjson::Value(mount.point, a), a);
    item.AddMember("of", rapidjson::Value(mount.of, a), a);
    item.AddMember("rest", rapidjson::Value(mount.rest, a), a);
    mounts.PushBack(item, a);
  }
  doc.AddMember("mounts", mounts, a);
  return json::dump(doc);
}

Result<Record> parse_record(std::string_view text) {
  SECURE_LET(doc, json::parse(text, kRecord));
  json::Sink sink;
  json::Node root(&doc, &sink, "");
  Record out;
  if (root["version"].integer(0, INT32_MAX, 0) != kVersion) root["version"].report("is not that of this runtime");
  out.cgroups_by_criu = root["cgroupsByCriu"].boolean();
  out.no_new_privs = root["noNewPrivs"].boolean();
  out.network_lock = static_cast<NetworkLock>(root["networkLock"].integer(0, static_cast<unsigned>(NetworkLock::skip), 0));
  out.pid = static_cast<pid_t>(root["pid"].integer(0, INT32_MAX, 0));
  for (const auto& [point, flags] : root["restrictions"].members()) out.restrictions.emplace_back(point, flags.str());
  for (const auto& item : root["tasks"].items()) out.tasks.push_back({static_cast<pid_t>(item["pid"].integer(1, INT32_MAX, 1)), item["facts"].str()});
  out.absent = root["absent"].strings();
  for (const auto& item : root["mounts"].items()) {
    Mount mount;
    const std::string kind = item["kind"].str();
    if (kind == "bind") mount.kind = Mount::Kind::bind;
    else if (kind == "device") mount.kind = Mount::Kind::device;
    else if (kind == "cgroup") mount.kind = Mount::Kind::cgroup;
    else item.report("has an unknown kind");
    mount.point = item["point"].str();
    mount.of = item["of"].str();
    mount.rest = item["rest"].str();
    if (mount.point.empty() || mount.point[0] != '/') item.report("has no mount point");
    if (mount.rest.find("/..") != std::string::npos || (!mount.rest.empty() && mount.rest[0] != '/')) item.report("leads out of its source");
    out.mounts.push_back(std::move(mount));
  }
  if (sink.error) return fail(Stage::state, "IMAGES_CORRUPT", 0, std::string(kRecord) + ": " + sink.error->message, "it was not made by this version of secure-runtime");
  return out;
}

Status write_record(int images, const Record& record) { return write(images, kRecord, to_text(record)); }

void remove_record(int images) { (void)::unlinkat(images, kRecord, 0); }

Result<Record> read_record(int images) {
  auto text = read(images, kRecord);
  if (text) return parse_record(*text);
  if (text.error().err != ENOENT) return std::move(text.error());
  return fail(Stage::state, "IMAGES_MISSING", ENOENT, std::string("there is no whole checkpoint of this runtime at --image-path: it lacks ") + kRecord,
              "a pre-dump alone, or what another runtime has written, cannot be restored");
}

Status write_descriptors(int images, const std::vector<std::string>& names) {
  rapidjson::Document doc(rapidjson::kArrayType);
  for (const auto& name : names) doc.PushBack(rapidjson::Value(name, doc.GetAllocator()), doc.GetAllocator());
  return write(images, kDescriptors, json::dump(doc));
}

Result<std::vector<std::string>> read_descriptors(int images) {
  SECURE_LET(text, read(images, kDescriptors));
  SECURE_LET(doc, json::parse(text, kDescriptors));
  json::Sink sink;
  auto out = json::Node(&doc, &sink, "").strings();
  if (sink.error || out.size() > 3) return fail(Stage::state, "IMAGES_CORRUPT", 0, std::string(kDescriptors) + " is no list of three texts");
  return out;
}

std::string complaints(int directory, const std::string& log) {
  auto text = [&]() -> Result<std::string> {
    SECURE_LET(file, open_nofollow(directory, log, O_RDONLY | O_NONBLOCK));
    // Of a long one the end.
    const off_t size = ::lseek(file.get(), 0, SEEK_END);
    (void)::lseek(file.get(), std::max<off_t>(0, size - static_cast<off_t>(kLimit) + 1), SEEK_SET);
    return read_fd(file.get(), kLimit, log);
  }();
  if (!text) return {};
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text->size();) {
    const std::size_t end = std::min(text->find('\n', at), text->size());
    std::string line = text->substr(at, end - at);
    at = end + 1;
    // What it was doing is in the other lines; here is what went wrong, without its clock.
    const std::size_t error = line.find("Error (");
    if (error == std::string::npos) continue;
    line.erase(0, error + 6);
    for (char& c : line)
      if (c < 0x20 || c > 0x7e) c = ' ';
    lines.push_back(line.substr(0, 300));
  }
  std::string out;
  for (std::size_t i = lines.size() > kShown ? lines.size() - kShown : 0; i < lines.size(); ++i) (out += out.empty() ? "" : "; ") += lines[i];
  return out;
}

}  // namespace secure::criu
