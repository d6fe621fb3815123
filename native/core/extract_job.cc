// SPDX-License-Identifier: Apache-2.0
#include "extract_job.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <csignal>
#include <memory>
#include <span>

#include "extract_channel.h"
#include "extract_process.h"
#include "sha256.h"
#include "tar.h"

namespace secure::extract {

namespace {

constexpr std::size_t kPiece = 256U << 10;
constexpr int kPipeSize = 1 << 20;

// Of each kind; a layer with more is not one that anybody would read a report on.
constexpr std::size_t kMaxNotes = 10'000;

struct Pipe {
  Fd read, write;
};

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) < 0) return fail(Stage::io, "CONFINEMENT_FAILED", errno, "make a pipe");
  Pipe pipe{Fd(ends[0]), Fd(ends[1])};
  // Fewer switches; beyond the user's limit it stays as it is.
  (void)::fcntl(pipe.write.get(), F_SETPIPE_SZ, kPipeSize);
  return pipe;
}

Status nonblocking(const Fd& fd) {
  // The open file description of a pipe end that only this process keeps.
  if (::fcntl(fd.get(), F_SETFL, O_NONBLOCK) == 0) return Ok{};
  return fail(Stage::io, "CONFINEMENT_FAILED", errno, "prepare a pipe");
}

bool again(int err) { return err == EAGAIN || err == EINTR; }

class Supervisor {
 public:
  Supervisor(const Job& job, Worker decompressor, Worker extractor, Fd in, Fd out)
      : job_(job),
        decompressor_(std::move(decompressor)),
        extractor_(std::move(extractor)),
        in_(std::move(in)),
        out_(std::move(out)),
        buffer_(new std::uint8_t[kPiece]) {}

  Result<Report> run() {
    SECURE_TRY(nonblocking(in_));
    SECURE_TRY(nonblocking(out_));
    while (!done_) {
      // Never blocked on one of them while another waits for us.
      pollfd fds[3] = {{extractor_.channel(), POLLIN, 0},
                       {pending_.empty() ? in_.get() : -1, POLLIN, 0},
                       {pending_.empty() ? -1 : out_.get(), POLLOUT, 0}};
      if (::poll(fds, 3, -1) < 0 && errno != EINTR) return fail(Stage::io, "CONFINEMENT_FAILED", errno, "poll");
      if (fds[0].revents != 0) SECURE_TRY(listen());
      if (fds[1].revents != 0) SECURE_TRY(pull());
      if (fds[2].revents != 0) SECURE_TRY(push());
    }
    return std::move(report_);
  }

 private:
  // From the decompressor: hash before anybody else sees it.
  Status pull() {
    ssize_t n = ::read(in_.get(), buffer_.get(), kPiece);
    if (n < 0 && again(errno)) return Ok{};
    if (n < 0) return fail(Stage::io, "READ_FAILED", errno, "read from the decompressor");
    if (n == 0) return end_of_input();
    pending_ = {buffer_.get(), static_cast<std::size_t>(n)};
    hash_.update(pending_);
    report_.bytes += pending_.size();
    return Ok{};
  }

  Status end_of_input() {
    in_.reset();
    // The extractor must not take the end of a broken stream for the end of the archive.
    auto last = expect(decompressor_.channel(), Say::done);
    if (!last) return last.error().code == "CHANNEL_CLOSED" ? decompressor_.obituary() : std::move(last.error());
    report_.diff_id = hash_.digest();
    if (!job_.diff_id.empty() && report_.diff_id != job_.diff_id)
      return fail(Stage::image, "DIGEST_MISMATCH", 0,
                  "the layer's diff id is " + report_.diff_id + ", the image's configuration says " + job_.diff_id,
                  "the image is damaged or forged: pull it again");
    out_.reset();
    return Ok{};
  }

  Status push() {
    ssize_t n = ::write(out_.get(), pending_.data(), pending_.size());
    if (n < 0 && again(errno)) return Ok{};
    if (n < 0) {
      // The extractor is ending; its last word says why.
      out_.reset();
      in_.reset();
      pending_ = {};
      return Ok{};
    }
    pending_ = pending_.subspan(static_cast<std::size_t>(n));
    return Ok{};
  }

  Status listen() {
    auto message = receive(extractor_.channel());
    if (!message) return extractor_.obituary();
    switch (message->say) {
      case Say::note: return take_note(message->number, std::move(message->text));
      case Say::opaque: return send(extractor_.channel(), Say::answer, set_opaque(message->fd));
      case Say::error: return std::move(message->error);
      case Say::done: return finish(message->number);
      case Say::ready:
      case Say::go:
      case Say::answer: break;
    }
    return extractor_.obituary();
  }

  // The one thing that a confined process cannot do. Gives errno. The extractor can only have opened a
  // directory below its own root; that it is a directory there is looked at all the same.
  std::uint64_t set_opaque(const Fd& dir) const {
    struct stat target {}, st {};
    if (::fstat(job_.target, &target) < 0 || ::fstat(dir.get(), &st) < 0) return EBADF;
    if (!S_ISDIR(st.st_mode) || st.st_dev != target.st_dev) return ENOTDIR;
    const char* name = job_.user_xattr ? "user.overlay.opaque" : "trusted.overlay.opaque";
    return ::fsetxattr(dir.get(), name, "y", 1, 0) == 0 ? 0U : static_cast<std::uint64_t>(errno);
  }

  Status take_note(std::uint64_t kind, std::string path) {
    std::vector<std::string>* list = nullptr;
    if (kind == static_cast<std::uint64_t>(Note::opaque_root)) {
      report_.opaque_root = true;
      return Ok{};
    }
    if (kind == static_cast<std::uint64_t>(Note::setid)) list = &report_.setid;
    if (kind == static_cast<std::uint64_t>(Note::file_capability)) list = &report_.file_capabilities;
    if (kind == static_cast<std::uint64_t>(Note::device)) list = &report_.devices;
    if (list == nullptr) return extractor_.obituary();
    if (list->size() == kMaxNotes)
      return fail(Stage::image, "LIMIT_EXCEEDED", 0,
                  "more than " + std::to_string(kMaxNotes) + " set-id files, file capabilities or device nodes");
    list->push_back(std::move(path));
    return Ok{};
  }

  Status finish(std::uint64_t entries) {
    // Done before the end of its input: not our code any more.
    if (report_.diff_id.empty()) return extractor_.obituary();
    report_.entries = entries;
    done_ = true;
    return Ok{};
  }

  const Job& job_;
  Worker decompressor_, extractor_;
  Fd in_, out_;
  std::unique_ptr<std::uint8_t[]> buffer_;
  std::span<const std::uint8_t> pending_;
  Sha256 hash_;
  Report report_;
  bool done_ = false;
};

Result<Report> supervise(const Job& job) {
  SECURE_LET(first, make_pipe());
  SECURE_LET(second, make_pipe());
  SECURE_LET(decompressor, start_decompressor(job.layer, first.write.get(), job.options.limits, job.require_landlock));
  first.write.reset();
  SECURE_LET(extractor, start_extractor(second.read.get(), job.target, job.options, job.require_landlock));
  second.read.reset();
  return Supervisor(job, std::move(decompressor), std::move(extractor), std::move(first.read), std::move(second.write))
      .run();
}

}  // namespace

Result<Report> run(const Job& job) {
  // A confined process that ends early must not end this one.
  struct sigaction ignore {}, before {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &before);
  auto report = supervise(job);
  ::sigaction(SIGPIPE, &before, nullptr);
  if (!report) return report;
  // One for all files. What delayed allocation could not place is reported here.
  if (::syncfs(job.target) < 0) return io_error(errno, "write out", "the layer");
  return report;
}

}  // namespace secure::extract
