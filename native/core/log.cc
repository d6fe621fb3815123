// SPDX-License-Identifier: Apache-2.0
#include "log.h"

#include <sys/stat.h>

#include "json.h"
#include "record.h"

namespace secure::log {

namespace {
constexpr std::size_t kMaxLine = 16U << 10;

// Length of the longest prefix of `text` that does not end inside a UTF-8 sequence, so that a
// character is not torn in two by the cut.
std::size_t whole_characters(std::string_view text) {
  std::size_t n = text.size();
  std::size_t back = 0;
  while (back < 3 && back < n && (static_cast<unsigned char>(text[n - 1 - back]) & 0xC0) == 0x80) ++back;
  if (back == n) return n;
  unsigned char lead = static_cast<unsigned char>(text[n - 1 - back]);
  std::size_t need = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
  return need > back + 1 ? n - 1 - back : n;
}

// JSON must be UTF-8; a container may write anything. Bytes that are not become U+FFFD.
std::string valid_utf8(std::string_view in) {
  std::string out;
  std::size_t i = 0;
  while (i < in.size()) {
    unsigned char c = static_cast<unsigned char>(in[i]);
    std::size_t len = c < 0x80 ? 1 : (c >= 0xC2 && c < 0xE0) ? 2 : (c >= 0xE0 && c < 0xF0) ? 3 : (c >= 0xF0 && c < 0xF5) ? 4 : 0;
    bool ok = len != 0 && i + len <= in.size();
    for (std::size_t k = 1; ok && k < len; ++k) ok = (static_cast<unsigned char>(in[i + k]) & 0xC0) == 0x80;
    if (ok && len == 3) {
      unsigned char d = static_cast<unsigned char>(in[i + 1]);
      ok = !(c == 0xE0 && d < 0xA0) && !(c == 0xED && d >= 0xA0);
    }
    if (ok && len == 4) {
      unsigned char d = static_cast<unsigned char>(in[i + 1]);
      ok = !(c == 0xF0 && d < 0x90) && !(c == 0xF4 && d >= 0x90);
    }
    if (ok) {
      out.append(in.substr(i, len));
      i += len;
    } else {
      out += "\xEF\xBF\xBD";
      ++i;
    }
  }
  return out;
}

}  // namespace

Result<Writer> Writer::open(const std::string& path, std::uint64_t max_bytes) {
  Writer out;
  out.path_ = path;
  out.max_bytes_ = max_bytes;
  if (path.empty()) return out;
  out.file_ = Fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!out.file_.valid()) return fail(Stage::monitor, errno == ENOSPC ? "NO_SPACE" : "LOG_FAILED", errno, "open the log " + path);
  struct stat st {};
  if (::fstat(out.file_.get(), &st) == 0) out.size_ = static_cast<std::uint64_t>(st.st_size);
  return out;
}

void Writer::emit(std::string_view stream, std::string& line) {
  rapidjson::Document doc(rapidjson::kObjectType);
  auto& a = doc.GetAllocator();
  doc.AddMember("log", rapidjson::Value(valid_utf8(line), a), a);
  doc.AddMember("stream", rapidjson::Value(rapidjson::StringRef(stream.data(), static_cast<rapidjson::SizeType>(stream.size()))), a);
  doc.AddMember("time", rapidjson::Value(record::now_rfc3339(), a), a);
  std::string text = json::dump(doc) + "\n";
  line.clear();
  if (size_ + text.size() > max_bytes_ && size_ > 0) {
    std::string old = path_ + ".1";
    if (::rename(path_.c_str(), old.c_str()) == 0) {
      Fd next(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600));
      if (next.valid()) {
        file_ = std::move(next);
        size_ = 0;
      }
    }
  }
  // A full disk loses log lines, never the container: its output must not block on ours.
  if (write_all(file_.get(), text, "the log")) size_ += text.size();
}

void Writer::write(std::string_view stream, std::string_view data) {
  if (!file_.valid()) return;
  std::string& line = stream == "stderr" ? err_ : out_;
  while (!data.empty()) {
    std::size_t end = data.find('\n');
    std::size_t take = end == std::string_view::npos ? data.size() : end + 1;
    if (line.size() + take > kMaxLine) take = kMaxLine - line.size();
    line.append(data.substr(0, take));
    data.remove_prefix(take);
    if (line.back() == '\n') {
      emit(stream, line);
    } else if (line.size() >= kMaxLine) {
      std::string rest = line.substr(whole_characters(line));
      line.resize(line.size() - rest.size());
      emit(stream, line);
      line = std::move(rest);
    }
  }
}

void Writer::flush() {
  if (!file_.valid()) return;
  if (!out_.empty()) emit("stdout", out_);
  if (!err_.empty()) emit("stderr", err_);
}

}  // namespace secure::log
