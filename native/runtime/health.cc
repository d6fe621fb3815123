// SPDX-License-Identifier: Apache-2.0
#include "health.h"

#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <algorithm>

#include "json.h"
#include "process.h"
#include "watch.h"

namespace secure::runtime::health {

namespace {

constexpr rapidjson::SizeType kKept = 5;
// The probe ends its command in time; this is for a probe that cannot.
constexpr unsigned kGrace = 10'000;  // ms

const char* name(Status status) { return status == Status::starting ? "starting" : status == Status::healthy ? "healthy" : "unhealthy"; }

rapidjson::Document read(const std::string& json) {
  rapidjson::Document out;
  if (out.Parse(json.c_str(), json.size()).HasParseError() || !out.IsObject()) out.SetObject();
  return out;
}

}  // namespace

Status status_of(const std::string& json) {
  const rapidjson::Document document = read(json);
  const auto found = document.FindMember("status");
  if (found == document.MemberEnd() || !found->value.IsString()) return Status::starting;
  const std::string_view text = found->value.GetString();
  return text == "healthy" ? Status::healthy : text == "unhealthy" ? Status::unhealthy : Status::starting;
}

std::string first() { return R"({"status":"starting","failingStreak":0,"log":[]})"; }

std::string after(const std::string& before, const Answer& answer, unsigned retries, bool in_start_period) {
  const rapidjson::Document old = read(before);
  Status status = status_of(before);
  const auto streak = old.FindMember("failingStreak");
  unsigned failures = streak != old.MemberEnd() && streak->value.IsUint() ? streak->value.GetUint() : 0;
  if (answer.exit_code == 0) {
    status = Status::healthy;
    failures = 0;
  } else if (status != Status::starting || !in_start_period) {
    failures = std::min(failures + 1, 1'000'000U);
    if (failures >= retries) status = Status::unhealthy;
  }
  rapidjson::Document out(rapidjson::kObjectType);
  auto& a = out.GetAllocator();
  out.AddMember("status", rapidjson::StringRef(name(status)), a);
  out.AddMember("failingStreak", failures, a);
  rapidjson::Value log(rapidjson::kArrayType);
  if (const auto found = old.FindMember("log"); found != old.MemberEnd() && found->value.IsArray()) {
    const auto all = found->value.GetArray();
    for (rapidjson::SizeType i = all.Size() >= kKept ? all.Size() - (kKept - 1) : 0; i < all.Size(); ++i) log.PushBack(rapidjson::Value(all[i], a), a);
  }
  rapidjson::Value entry(rapidjson::kObjectType);
  entry.AddMember("start", rapidjson::Value(answer.start, a), a);
  entry.AddMember("end", rapidjson::Value(answer.end, a), a);
  entry.AddMember("exitCode", answer.exit_code, a);
  entry.AddMember("output", rapidjson::Value(answer.output, a), a);
  log.PushBack(entry, a);
  out.AddMember("log", log, a);
  return json::dump(out);
}

bool in_start_period(const Watched& watched) { return clock_ms() < watched.started + watched.health_start_period; }

bool record_answer(const Watched& watched, const Answer& answer) {
  const record::Roots roots = roots_of(watched);
  return record::write_health(roots, watched.id, after(record::read_health(roots, watched.id), answer, watched.health_retries, in_start_period(watched))).ok();
}

Check::Check(const Watched& watched) : w_(watched) {
  if (!w_.has_health) return;
  next_ = clock_ms() + (w_.health_start_period > 0 ? std::min(w_.health_interval, w_.health_start_interval) : w_.health_interval);
}

int Check::wait_ms() const {
  if (!w_.has_health) return -1;
  const std::uint64_t now = clock_ms(), then = pid_ > 0 ? deadline_ : next_;
  return then <= now ? 0 : static_cast<int>(std::min<std::uint64_t>(then - now, 3'600'000));
}

void Check::step() {
  if (!w_.has_health) return;
  const std::uint64_t now = clock_ms();
  if (pid_ > 0) {
    pollfd p{probe_.get(), POLLIN, 0};
    if (::poll(&p, 1, 0) > 0) finish();
    else if (now >= deadline_) give_up();
  } else if (now >= next_) {
    begin();
  }
}

void Check::begin() {
  const pid_t pid = ::fork();
  if (pid == 0) {
    (void)::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    process::reset_signals();
    ::_exit(probe(w_));
  }
  next_ = clock_ms() + w_.health_interval;
  if (pid < 0) return;
  pid_ = pid;
  probe_ = Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  deadline_ = clock_ms() + w_.health_timeout + kGrace;
  if (!probe_.valid()) stop();
}

// What it should have noticed itself: somebody has stopped the probe, or it waits in the kernel.
void Check::give_up() {
  stop();
  const std::string now = record::now_rfc3339();
  (void)record_answer(w_, {now, now, "the probe did not come back", -1});
  finish();
}

void Check::finish() {
  if (pid_ > 0) (void)reap(pid_);
  pid_ = 0;
  probe_.reset();
  const bool early = in_start_period(w_) && status_of(record::read_health(roots_of(w_), w_.id)) == Status::starting;
  next_ = clock_ms() + (early ? std::min(w_.health_interval, w_.health_start_interval) : w_.health_interval);
}

void Check::stop() {
  if (pid_ <= 0) return;
  (void)::kill(pid_, SIGKILL);
  (void)reap(pid_);
  pid_ = 0;
  probe_.reset();
}

}  // namespace secure::runtime::health
