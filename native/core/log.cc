// SPDX-License-Identifier: Apache-2.0
#include "log.h"

#include <sys/stat.h>

#include "record.h"

namespace secure::log {

namespace {
constexpr std::size_t kMaxLine = 16U << 10;
constexpr std::size_t kBatch = 16U << 10;  // short lines go to the file together

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

std::string numbered(const std::string& path, unsigned n) { return n == 0 ? path : path + "." + std::to_string(n); }

}  // namespace

Result<Writer> Writer::open(Settings settings) {
  Writer out;
  out.settings_ = std::move(settings);
  const std::string& path = out.settings_.path;
  if (path.empty()) return out;
  out.file_ = Fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600));
  if (!out.file_.valid()) return fail(Stage::monitor, errno == ENOSPC ? "NO_SPACE" : "LOG_FAILED", errno, "open the log " + path);
  struct stat st {};
  if (::fstat(out.file_.get(), &st) < 0 || !S_ISREG(st.st_mode))
    return fail(Stage::monitor, "LOG_FAILED", 0, "the log " + path + " is not a regular file");
  out.size_ = static_cast<std::uint64_t>(st.st_size);
  return out;
}

// The newest name is free last and taken first: a reader that knows a file by its inode finds all that came after it.
void Writer::rotate() {
  for (unsigned n = settings_.max_files; n-- > 1;) {
    const std::string from = numbered(settings_.path, n - 1), to = numbered(settings_.path, n);
    (void)::rename(from.c_str(), to.c_str());
  }
  if (settings_.max_files == 1) (void)::unlink(settings_.path.c_str());
  Fd next(::open(settings_.path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600));
  // No new file (no inodes left): the old one, by whatever name, is emptied, for the bound holds in any case.
  if (next.valid()) file_ = std::move(next);
  else if (::ftruncate(file_.get(), 0) < 0) return;
  size_ = 0;
}

void Writer::store() {
  if (batch_.empty()) return;
  if (write_all(file_.get(), batch_, "the log")) size_ += batch_.size();
  else (void)!::ftruncate(file_.get(), static_cast<off_t>(size_));
  batch_.clear();
  if (batch_.capacity() > 4 * kBatch) batch_.shrink_to_fit();
}

void Writer::emit(bool is_stderr, std::string& line) {
  const std::size_t before = batch_.size();
  append_entry(batch_, settings_.format, is_stderr, line, record::now_rfc3339());
  line.clear();
  if (size_ + batch_.size() > settings_.max_bytes && size_ + before > 0) {
    const std::string last = batch_.substr(before);
    batch_.resize(before);
    store();
    rotate();
    batch_ = last;
  }
  if (batch_.size() >= kBatch) store();
}

void Writer::write(std::string_view stream, std::string_view data) {
  if (!file_.valid()) return;
  const bool is_stderr = stream == "stderr";
  std::string& line = is_stderr ? err_ : out_;
  while (!data.empty()) {
    std::size_t end = data.find('\n');
    std::size_t take = end == std::string_view::npos ? data.size() : end + 1;
    if (line.size() + take > kMaxLine) take = kMaxLine - line.size();
    line.append(data.substr(0, take));
    data.remove_prefix(take);
    if (line.back() == '\n') {
      emit(is_stderr, line);
    } else if (line.size() >= kMaxLine) {
      std::string rest = line.substr(whole_characters(line));
      line.resize(line.size() - rest.size());
      emit(is_stderr, line);
      line = std::move(rest);
    }
  }
  store();
}

void Writer::flush() {
  if (!file_.valid()) return;
  if (!out_.empty()) emit(false, out_);
  if (!err_.empty()) emit(true, err_);
  store();
}

}  // namespace secure::log
