// SPDX-License-Identifier: Apache-2.0
#include "extract_process.h"

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstring>

#include "extract_channel.h"
#include "lsm.h"
#include "sync.h"

namespace secure::extract {

namespace {

constexpr std::size_t kPiece = 256U << 10;

Status decompress_all(int layer, int out, const Limits& limits) {
  decompress::FileSource file(layer);
  decompress::Stream stream(file, {.max_bytes = limits.max_bytes, .max_ratio = limits.max_ratio});
  auto buffer = std::make_unique<std::array<std::uint8_t, kPiece>>();
  for (;;) {
    SECURE_LET(n, stream.read(*buffer));
    if (n == 0) return Ok{};
    SECURE_TRY(write_all(out, {reinterpret_cast<const char*>(buffer->data()), n}, "to the extractor"));
  }
}

Requests requests_over(int channel) {
  Requests r;
  r.set_opaque = [channel](int dir) -> Status {
    SECURE_TRY(send(channel, Say::opaque, 0, {}, dir));
    SECURE_LET(answer, expect(channel, Say::answer));
    if (answer.number != 0) return io_error(static_cast<int>(answer.number), "mark as opaque", "a directory");
    return Ok{};
  };
  r.note = [channel](Note note, const std::string& path) {
    return send(channel, Say::note, static_cast<std::uint64_t>(note), path);
  };
  return r;
}

// Namespaces, id map by the starting process where there is one to be written, then the rest.
Status confine_self(const confine::Confinement& confinement, int channel) {
  SECURE_TRY(confine::isolate());
  SECURE_TRY(send(channel, Say::ready));
  SECURE_LET(go, expect(channel, Say::go));
  return confine::enter(confinement);
}

// `work` runs in the new process and gives the number that its last message carries.
template <typename Work>
Result<Worker> start(const confine::Confinement& confinement, std::initializer_list<int> keep, Work work) {
  SECURE_LET(ends, sync::channel());
  const int channel = ends.second.get();
  const pid_t pid = ::fork();
  if (pid < 0) return fail(Stage::clone, "CONFINEMENT_FAILED", errno, "start a confined process");
  if (pid == 0) {
    int fds[8] = {channel, confinement.root.get(), confinement.ruleset.get()};
    std::size_t count = 3;
    for (int fd : keep) fds[count++] = fd;
    if (confinement.role == confine::Role::extractor) lsm::create_files_for_containers();
    Status status = confine::keep_only(std::span(fds, count));
    if (status) status = confine_self(confinement, channel);
    Result<std::uint64_t> result = status ? work(channel) : Result<std::uint64_t>(std::move(status.error()));
    // Nobody left to tell: the starting process is gone, and with it the target's purpose.
    if (result)
      (void)send(channel, Say::done, *result);
    else
      (void)send_error(channel, result.error());
    ::_exit(result ? 0 : 1);
  }
  Worker worker(pid, std::move(ends.first));
  ends.second.reset();
  auto ready = expect(worker.channel(), Say::ready);
  if (!ready) return ready.error().code == "CHANNEL_CLOSED" ? worker.obituary() : std::move(ready.error());
  // A decompressor owns nothing and needs no id.
  if (confinement.role == confine::Role::extractor) SECURE_TRY(confine::map_ids(pid));
  SECURE_TRY(send(worker.channel(), Say::go));
  return worker;
}

}  // namespace

Worker::~Worker() {
  if (pid_ < 0) return;
  (void)::kill(pid_, SIGKILL);
  while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) continue;
}

Error Worker::obituary() {
  (void)::kill(pid_, SIGKILL);  // without a channel it is of no use, whatever it is doing
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) continue;
  pid_ = -1;
  std::string how = "ended with code " + std::to_string(WEXITSTATUS(status));
  if (WIFSIGNALED(status)) how = std::string("was killed by SIG") + (::sigabbrev_np(WTERMSIG(status)) ?: "?");
  return fail(Stage::image, "EXTRACTOR_DIED", 0, "the confined process that reads the layer " + how,
              "SIGSYS: a system call that it must not make; SIGKILL: perhaps no memory; do not trust the layer");
}

Result<Worker> start_decompressor(int layer, int out, const Limits& limits, bool require_landlock) {
  SECURE_LET(confinement, confine::prepare(confine::Role::decompressor, -1, require_landlock));
  return start(confinement, {layer, out}, [&](int) -> Result<std::uint64_t> {
    SECURE_TRY(decompress_all(layer, out, limits));
    return std::uint64_t{0};
  });
}

Result<Worker> start_extractor(int in, int target, const Options& options, bool require_landlock) {
  SECURE_LET(confinement, confine::prepare(confine::Role::extractor, target, require_landlock));
  return start(confinement, {in}, [&](int channel) -> Result<std::uint64_t> {
    decompress::FileSource archive(in);
    return unpack(archive, confinement.root.get(), options, requests_over(channel));
  });
}

}  // namespace secure::extract
