// SPDX-License-Identifier: Apache-2.0
// secure-extract: unpack one layer into an empty directory.
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <charconv>
#include <cstdio>
#include <cstring>
#include <string_view>

#include "commands.h"
#include "extract_job.h"
#include "fd.h"
#include "process.h"
#include "report.h"
#include "sha256.h"

namespace secure::runtime {

namespace {

constexpr const char* kSynopsis =
    "secure-extract --target DIR [--diff-id sha256:HEX] [--max-bytes N] [--max-entries N] [--max-depth N] [--max-ratio N]\n"
    "               [--devices skip|error] [--userxattr] [--without-landlock] LAYER|-";

struct Arguments {
  std::string target, layer;
  extract::Job job;
};

template <typename T>
bool number(const char* text, T& out) {
  const char* end = text + std::strlen(text);
  auto [stop, error] = std::from_chars(text, end, out);
  return error == std::errc() && stop == end && out > 0;
}

bool option(std::string_view name, const char* value, Arguments& a) {
  extract::Limits& limits = a.job.options.limits;
  if (name == "--max-bytes") return number(value, limits.max_bytes);
  if (name == "--max-entries") return number(value, limits.max_entries);
  if (name == "--max-depth") return number(value, limits.max_depth);
  if (name == "--max-ratio") return number(value, limits.max_ratio);
  if (name == "--target") {
    a.target = value;
    return !a.target.empty();
  }
  if (name == "--diff-id") {
    a.job.diff_id = value;
    return is_sha256_digest(a.job.diff_id);
  }
  if (name != "--devices") return false;
  const bool skip = std::strcmp(value, "skip") == 0;
  a.job.options.devices = skip ? extract::Devices::skip : extract::Devices::error;
  return skip || std::strcmp(value, "error") == 0;
}

bool parse(int argc, char** argv, Arguments& a) {
  for (int i = 1; i < argc; i++) {
    const std::string_view arg = argv[i];
    if (arg == "--without-landlock") {
      a.job.require_landlock = false;
    } else if (arg == "--userxattr") {
      a.job.user_xattr = true;
    } else if (arg.starts_with("--")) {
      if (i + 1 >= argc || !option(arg, argv[i + 1], a)) return false;
      i++;
    } else {
      if (!a.layer.empty()) return false;
      a.layer = arg;
    }
  }
  return !a.target.empty() && !a.layer.empty();
}

Status must_be_empty(int dir, const std::string& path) {
  Fd copy(::openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  DIR* entries = copy.valid() ? ::fdopendir(copy.get()) : nullptr;
  if (entries == nullptr) return fail(Stage::image, "OPEN_FAILED", errno, "read " + path);
  (void)copy.release();
  bool empty = true;
  while (const dirent* e = ::readdir(entries))
    if (std::strcmp(e->d_name, ".") != 0 && std::strcmp(e->d_name, "..") != 0) empty = false;
  ::closedir(entries);
  if (empty) return Ok{};
  return fail(Stage::image, "TARGET_NOT_EMPTY", ENOTEMPTY, path + " has files in it",
              "a layer is unpacked into a new directory only");
}

// As a JSON string. Names are bytes, JSON is UTF-8: what is not becomes U+FFFD.
std::string quote(std::string_view text) {
  std::string out = "\"";
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    std::size_t length = 0;
    if (c < 0x80) length = 1;
    else if (c >= 0xc2 && c < 0xe0) length = 2;
    else if (c >= 0xe0 && c < 0xf0) length = 3;
    else if (c >= 0xf0 && c < 0xf5) length = 4;
    for (std::size_t k = 1; k < length; k++)
      if (i + k >= text.size() || (static_cast<unsigned char>(text[i + k]) & 0xc0) != 0x80) length = 0;
    if (length > 2) {
      const auto second = static_cast<unsigned char>(text[i + 1]);
      // Overlong forms, surrogates and beyond U+10FFFF.
      if ((c == 0xe0 && second < 0xa0) || (c == 0xed && second > 0x9f) || (c == 0xf0 && second < 0x90) ||
          (c == 0xf4 && second > 0x8f))
        length = 0;
    }
    if (length == 0) {
      out += "\\ufffd";
      i++;
      continue;
    }
    if (c < 0x20 || c == 0x7f || c == '"' || c == '\\') {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\u%04x", c);
      out += escaped;
    } else {
      out += text.substr(i, length);
    }
    i += length;
  }
  return out + '"';
}

std::string list(const std::vector<std::string>& items) {
  std::string out = "[";
  for (const std::string& item : items) {
    if (out.size() > 1) out += ',';
    out += quote(item);
  }
  return out + "]";
}

std::string to_json(const extract::Report& r) {
  return "{\"diffId\":" + quote(r.diff_id) + ",\"bytes\":" + std::to_string(r.bytes) +
         ",\"entries\":" + std::to_string(r.entries) + ",\"setid\":" + list(r.setid) +
         ",\"fileCapabilities\":" + list(r.file_capabilities) + ",\"devices\":" + list(r.devices) +
         ",\"opaqueRoot\":" + (r.opaque_root ? "true" : "false") + "}\n";
}

Result<extract::Report> run(Arguments& a) {
  SECURE_LET(target, open_nofollow(AT_FDCWD, a.target, O_RDONLY | O_DIRECTORY));
  SECURE_TRY(must_be_empty(target.get(), a.target));
  Fd layer;
  if (a.layer == "-") {
    // Away from 0, which the confined processes replace.
    layer = Fd(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3));
    if (!layer.valid()) return fail(Stage::image, "OPEN_FAILED", errno, "read the layer from stdin");
  } else {
    SECURE_LET(file, open_nofollow(AT_FDCWD, a.layer, O_RDONLY | O_NOCTTY));
    layer = std::move(file);
  }
  a.job.layer = layer.get();
  a.job.target = target.get();
  return extract::run(a.job);
}


int extract(int argc, char** argv) {
  Arguments arguments;
  if (!parse(argc, argv, arguments)) return usage(kSynopsis);
  auto result = run(arguments);
  if (!result) return report(result.error());
  if (auto written = write_all(STDOUT_FILENO, to_json(*result), "the result"); !written) return report(written.error());
  return 0;
}

}  // namespace
}  // namespace secure::runtime

int main(int argc, char** argv) {
  if (!secure::process::open_standard_streams()) return 125;
  secure::process::reset_signals();
  (void)::umask(0022);
  int at = 1;
  if (at + 1 < argc && std::string_view(argv[at]) == "--error-format") {
    secure::runtime::set_error_format(argv[at + 1]);
    at += 2;
  }
  // Options begin where a command's name would stand.
  return secure::runtime::extract(argc - at + 1, argv + at - 1);
}
