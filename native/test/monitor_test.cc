// SPDX-License-Identifier: Apache-2.0
// The parts of the monitor that can be looked at without a container.
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "attach.h"
#include "check.h"
#include "detach_keys.h"
#include "health.h"
#include "json.h"
#include "record_fixture.h"
#include "record_lifecycle.h"
#include "restart.h"
#include "watched.h"

using namespace secure;
using namespace secure::runtime;
using fixture::Store;

TEST(monitor_backs_off_and_comes_back) {
  unsigned wait = 0;
  std::vector<unsigned> waits;
  for (int i = 0; i < 12; ++i) waits.push_back(wait = restart::backoff(wait, 9'999));
  CHECK_EQ(waits[0], 100U);
  CHECK_EQ(waits[1], 200U);
  CHECK_EQ(waits[9], 51'200U);
  CHECK_EQ(waits[10], 60'000U);
  CHECK_EQ(waits[11], 60'000U);
  CHECK_EQ(restart::backoff(60'000, 10'000), 100U);
}

TEST(monitor_restarts_as_the_policy_says) {
  using spec::Restart;
  CHECK(!restart::wanted(Restart::no, 0, 0, 1));
  CHECK(restart::wanted(Restart::always, 0, 1000, 0));
  CHECK(!restart::wanted(Restart::on_failure, 0, 0, 0));
  CHECK(restart::wanted(Restart::on_failure, 0, 1000, 1));
  CHECK(restart::wanted(Restart::on_failure, 3, 2, 137));
  CHECK(!restart::wanted(Restart::on_failure, 3, 3, 137));
}

TEST(monitor_detach_keys_are_read) {
  CHECK_EQ(parse_detach_keys("ctrl-p,ctrl-q").value_or("?"), "\x10\x11");
  CHECK_EQ(parse_detach_keys("ctrl-[,a,~").value_or("?"), "\x1b" "a~");
  CHECK_EQ(parse_detach_keys("").value_or("?"), "");
  for (const char* bad : {"ctrl-", "ctrl-P", "ctrl-1", "ab", ",", "a,", "\x01", "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q"}) CHECK(!parse_detach_keys(bad));
}

TEST(monitor_detach_keys_are_found_wherever_the_input_is_cut) {
  struct Case {
    const char *keys, *typed, *passed;
    bool detached;
  };
  for (const Case& c : {Case{"\x10\x11", "ab\x10\x11z", "ab", true}, Case{"\x10\x11", "a\x10\x10\x11", "a\x10", true},
                        Case{"\x10\x11", "\x10z\x11", "\x10z\x11", false}, Case{"aab", "aaab", "a", true}, Case{"aab", "xaa", "x", false},
                        Case{"", "\x10\x11", "\x10\x11", false}}) {
    const std::string typed = c.typed;
    for (std::size_t cut = 0; cut <= typed.size(); ++cut) {
      DetachKeys keys{c.keys};
      bool first = false, second = false;
      std::string passed = keys.filter(std::string_view(typed).substr(0, cut), first);
      if (!first) passed += keys.filter(std::string_view(typed).substr(cut), second);
      CHECK_EQ(passed, c.passed);
      CHECK_EQ(first || second, c.detached);
    }
  }
}

TEST(monitor_health_counts) {
  const auto ask = [](const std::string& before, int code, bool early = false) { return health::after(before, {"s", "e", "said", code}, 3, early); };
  std::string json = health::first();
  CHECK(health::status_of(json) == health::Status::starting);
  json = ask(json, 1, true);
  json = ask(ask(json, 1, true), 1, true);
  CHECK(health::status_of(json) == health::Status::starting);
  json = ask(ask(json, 1), 1);
  CHECK(health::status_of(json) == health::Status::starting);
  json = ask(json, -1);
  CHECK(health::status_of(json) == health::Status::unhealthy);
  json = ask(json, 0);
  CHECK(health::status_of(json) == health::Status::healthy);
  // One success ends the start period.
  CHECK(health::status_of(ask(ask(ask(json, 1, true), 1, true), 1, true)) == health::Status::unhealthy);
  for (int i = 0; i < 10; ++i) json = ask(json, i);
  auto document = json::parse(json, "health");
  REQUIRE(document.ok());
  CHECK_EQ((*document)["log"].Size(), 5U);
  CHECK_EQ((*document)["log"][4]["exitCode"].GetInt(), 9);
  CHECK_EQ((*document)["failingStreak"].GetUint(), 9U);
}

TEST(monitor_health_begins_anew_where_the_file_is_damaged) {
  for (const char* bad : {"", "{", "[]", R"({"status":1,"log":{}})", R"({"status":"fine","failingStreak":-1})"}) {
    const std::string json = health::after(bad, {"s", "e", "", 1}, 3, false);
    CHECK(health::status_of(json) == health::Status::starting);
    CHECK(json::parse(json, "health").ok());
  }
}

TEST(monitor_attach_socket_is_for_its_owner) {
  Store store;
  const std::string id = record::new_id();
  auto listener = attach::listen(store.roots, id);
  REQUIRE(listener.ok());
  struct stat st {};
  CHECK(::stat((store.roots.run + "/containers/" + id + "/attach").c_str(), &st) == 0 && (st.st_mode & 0777) == 0600);
  CHECK(::stat((store.roots.run + "/containers/" + id).c_str(), &st) == 0 && (st.st_mode & 0777) == 0700);
  attach::Clients clients(std::move(*listener), true, false);
  auto mine = attach::connect(store.roots, id);
  REQUIRE(mine.ok());
  clients.accept();
  std::array<char, attach::kMostData + 1> buffer{};
  attach::Message message{};
  REQUIRE(attach::receive(mine->get(), buffer, message));
  CHECK(message.kind == attach::Kind::hello && message.data == std::string_view("\x01"));
  // Another user who got hold of the directory all the same.
  (void)::chmod((store.roots.run + "/containers/" + id).c_str(), 0755);
  for (std::string path = store.roots.run + "/containers"; path.size() > 4; path.resize(path.rfind('/'))) (void)::chmod(path.c_str(), 0755);
  (void)::chmod((store.roots.run + "/containers/" + id + "/attach").c_str(), 0666);
  const pid_t pid = ::fork();
  if (pid == 0) {
    if (::setresgid(65534, 65534, 65534) < 0 || ::setresuid(65534, 65534, 65534) < 0) ::_exit(2);
    auto theirs = attach::connect(store.roots, id);
    if (!theirs) ::_exit(0);
    pollfd p{theirs->get(), POLLIN, 0};
    (void)::poll(&p, 1, 5000);
    std::array<char, 64> part{};
    attach::Message none{};
    ::_exit(attach::receive(theirs->get(), part, none) ? 1 : 0);
  }
  // What nobody accepts keeps its client waiting, so it is accepted until the client is gone.
  int status = -1;
  for (int i = 0; i < 600 && ::waitpid(pid, &status, WNOHANG) == 0; ++i) {
    clients.accept();
    ::usleep(10'000);
  }
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST(monitor_does_not_wait_for_a_client_that_does_not_read) {
  Store store;
  const std::string id = record::new_id();
  auto listener = attach::listen(store.roots, id);
  REQUIRE(listener.ok());
  attach::Clients clients(std::move(*listener), false, false);
  auto slow = attach::connect(store.roots, id);
  REQUIRE(slow.ok());
  clients.accept();
  constexpr std::uint64_t kRound = 5000;
  std::uint64_t sent = 0;
  for (int i = 0; i < 400; ++i, sent += kRound) clients.broadcast(attach::Kind::out, std::string(kRound, 'x'));
  std::uint64_t got = 0, lost = 0;
  std::array<char, attach::kMostData + 1> buffer{};
  attach::Message message{};
  const auto read_all = [&] {
    while (attach::receive(slow->get(), buffer, message)) {
      if (message.kind == attach::Kind::out) got += message.data.size();
      std::uint64_t one = 0;
      if (message.kind == attach::Kind::lost && message.data.size() == sizeof one) std::memcpy(&one, message.data.data(), sizeof one);
      lost += one;
    }
  };
  read_all();
  CHECK(got > 0 && got < sent);
  clients.broadcast(attach::Kind::out, "z");
  read_all();
  CHECK_EQ(got + lost, sent + 1);
}

TEST(monitor_is_heard_to_its_end_by_who_still_types) {
  std::array<int, 2> pair{};
  REQUIRE(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair.data()) == 0);
  const Fd client(pair[0]);
  Fd monitor(pair[1]);
  CHECK_EQ(attach::send(client.get(), attach::Kind::input, "unread"), 0);
  CHECK_EQ(attach::send(monitor.get(), attach::Kind::out, "last words"), 0);
  CHECK_EQ(attach::send(monitor.get(), attach::Kind::exit, "\x03"), 0);
  monitor.reset();
  std::array<char, attach::kMostData + 1> buffer{};
  attach::Message message{};
  REQUIRE(attach::receive(client.get(), buffer, message));
  CHECK(message.kind == attach::Kind::out && message.data == "last words");
  REQUIRE(attach::receive(client.get(), buffer, message));
  CHECK(message.kind == attach::Kind::exit && message.data == "\x03");
  CHECK(!attach::receive(client.get(), buffer, message) && errno == EPIPE);
}

TEST(monitor_without_a_log_keeps_its_streams) {
  std::array<int, 2> pipe{};
  REQUIRE(::pipe2(pipe.data(), O_CLOEXEC) == 0);
  const Fd program(pipe[1]);
  Watched watched{};
  watched.in = watched.err = watched.terminal = watched.pidfd = watched.listener = -1;
  watched.out = pipe[0];
  watched.log_path[0] = '/';  // a directory
  Session session = session_of(watched);
  REQUIRE(session.ends.out.valid());
  CHECK_EQ(session.ends.out.get(), pipe[0]);
  CHECK(::fcntl(pipe[0], F_GETFD) >= 0);
  session.log.write("stdout", "dropped\n");
}

TEST(monitor_stop_request_is_seen) {
  Store store;
  const std::string id = record::new_id();
  CHECK(!record::stop_requested(store.roots, id));
  CHECK(record::request_stop(store.roots, id).ok());
  CHECK(record::request_stop(store.roots, id).ok());
  CHECK(record::stop_requested(store.roots, id));
}
