// SPDX-License-Identifier: Apache-2.0
#include "report.h"

#include <unistd.h>

#include <cstdlib>
#include <string>

#include "fd.h"
#include "help.h"
#include "json.h"
#include "oci.h"
#include "record.h"

namespace secure::runtime {

namespace {
bool json_errors = false;
char** arguments = nullptr;

// Messages carry names out of images and files; a terminal must not obey them.
std::string printable(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto byte = [&](std::size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U; };
    // U+0080 to U+009F, two bytes in UTF-8, are control characters as well: U+009B starts what ESC [ does.
    bool c1 = byte(i) == 0xC2 && byte(i + 1) >= 0x80 && byte(i + 1) < 0xA0;
    if (c1) ++i;
    if (c1 || byte(i) < 0x20 || byte(i) == 0x7f) out += '?';
    else out += text[i];
  }
  return out;
}
}  // namespace

// An entry in the shape of logrus, which runc uses and engines read back.
static std::string log_line(const char* level, const std::string& message) {
  rapidjson::Document doc(rapidjson::kObjectType);
  auto& a = doc.GetAllocator();
  if (!globals().log_json)
    return "time=\"" + record::now_rfc3339() + "\" level=" + level + " msg=" + json::dump(rapidjson::Value(message, a)) + "\n";
  doc.AddMember("level", rapidjson::StringRef(level), a);
  doc.AddMember("msg", rapidjson::Value(message, a), a);
  doc.AddMember("time", rapidjson::Value(record::now_rfc3339(), a), a);
  return json::dump(doc) + "\n";
}

static Fd open_log(const std::string& path) { return Fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600)); }

// To the file of --log.
static void write_log(const char* level, const std::string& message) {
  const std::string& path = globals().log;
  if (path.empty()) return;
  if (Fd file = open_log(path); file.valid()) (void)write_all(file.get(), log_line(level, message), path);
}

Status check_log() {
  const std::string& path = globals().log;
  if (path.empty() || open_log(path).valid()) return Ok{};
  const int err = errno;
  return fail(Stage::config, "LOG_FAILED", err, "open the log " + path, err == ENOENT ? "its directory is not there" : "");
}

void debug(const std::string& message) {
  if (!globals().debug) return;
  if (globals().log.empty()) (void)write_all(STDERR_FILENO, log_line("debug", message), "standard error");
  else write_log("debug", message);
}

void set_error_format(const char* format) { json_errors = std::string_view(format) == "json"; }

void set_process_arguments(char** argv) { arguments = argv; }
char** process_arguments() { return arguments; }

int report(const Error& error, int exit_code) {
  std::string text;
  if (json_errors) {
    rapidjson::Document doc(rapidjson::kObjectType);
    auto& a = doc.GetAllocator();
    auto add = [&](const char* key, const std::string& value) {
      doc.AddMember(rapidjson::StringRef(key), rapidjson::Value(value, a), a);
    };
    add("code", error.code);
    add("stage", std::string(stage_name(error.stage)));
    add("message", error.text());
    add("hint", error.hint);
    doc.AddMember("errno", error.err, a);
    text = json::dump(doc) + "\n";
  } else {
    text = "secure-runtime: error " + error.code + ": " + printable(error.text()) + "\n";
    if (!error.hint.empty()) text += "  hint: " + printable(error.hint) + "\n";
  }
  (void)write_all(STDERR_FILENO, text, "standard error");
  write_log("error", error.text() + (error.hint.empty() ? "" : " (" + error.hint + ")"));
  return exit_code;
}

void warn(const std::string& text) {
  (void)write_all(STDERR_FILENO, "secure-runtime: warning: " + printable(text) + "\n", "standard error");
  write_log("warning", text);
}

int usage(const char* synopsis) {
  (void)write_all(STDERR_FILENO, "usage: " + as_called(synopsis) + "\n", "standard error");
  return 2;
}

record::Roots roots_from_env() {
  record::Roots roots;
  // Only for a caller who could name any path anyway: never in a set-user-id context.
  if (const char* state = ::secure_getenv("SECURE_STATE_ROOT"); state != nullptr && *state == '/') roots.state = state;
  if (const char* run = ::secure_getenv("SECURE_RUN_ROOT"); run != nullptr && *run == '/') roots.run = run;
  return roots;
}

}  // namespace secure::runtime
