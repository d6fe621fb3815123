// SPDX-License-Identifier: Apache-2.0
// What kills leave of networks: found, and nothing of the living touched.
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>

#include "network_fixture.h"

using namespace secure;
using check::contains;
using check::run;

namespace {

std::string joined(const std::vector<std::string>& lines) {
  std::string out;
  for (const auto& line : lines) out += line + "\n";
  return out;
}

std::uint64_t now_us() {
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::uint64_t>(t.tv_sec) * 1'000'000 + static_cast<std::uint64_t>(t.tv_nsec) / 1000;
}

std::string sweep(const fixture::Store& store) { return joined(network::sweep(store.roots)); }

spec::Network published() {
  auto out = plan();
  out.egress_any = true;
  out.host_access = true;
  out.ports = {{"tcp", "127.0.0.1", 8080, 80}, {"tcp", "::", 8081, 80}};
  return out;
}

}  // namespace

TEST(sweep_finds_the_dead_and_spares_the_living) {
  NETWORK_TEST();
  Member dead(store), alive(store);
  REQUIRE(dead.attach(published()));
  REQUIRE(alive.attach(plan()));
  CHECK_EQ(sweep(store), "");
  dead.die();
  const std::string lines = sweep(store);
  CHECK(contains(lines, "address " + dead.network.address4));
  CHECK(!contains(lines, alive.network.address4));
  const std::string table = run("nft list table inet secn0").out;
  for (const auto& address : {dead.network.address4, dead.network.address6}) CHECK(!contains(table, address));
  for (const auto& address : {alive.network.address4, alive.network.address6}) CHECK(contains(table, address));
  CHECK(contains(alive.inside("ip -o link"), "eth0"));
  CHECK_EQ(run("ip link show " + device(alive.id)).code, 0);
  CHECK_EQ(sweep(store), "");
  alive.die();
  CHECK(contains(sweep(store), "network secn0"));
  CHECK_EQ(left(store), "");
}

TEST(sweep_without_anything) {
  NETWORK_TEST();
  CHECK_EQ(sweep(store), "");
  REQUIRE(::mkdir((store.top + "/host").c_str(), 0700) == 0 || errno == EEXIST);
  REQUIRE(run("mkdir -p " + store.top + "/host/networks/odd " + store.top + "/host/networks/no@way").code == 0);
  CHECK_EQ(sweep(store), "");
}

// A device outlives its container when somebody has entered the container's namespace.
TEST(sweep_removes_devices_by_alias) {
  NETWORK_TEST();
  Member dead(store), alive(store);
  REQUIRE(alive.attach(plan()) && dead.attach(plan()));
  Fd held(::open(("/proc/" + std::to_string(dead.pid) + "/ns/net").c_str(), O_RDONLY | O_CLOEXEC));
  dead.die();
  REQUIRE(run("ip link add secabcdefabcdef type veth peer name other && ip link set secabcdefabcdef alias mine").code == 0);
  CHECK_EQ(run("ip link show " + device(dead.id)).code, 0);
  (void)sweep(store);
  CHECK(run("ip link show " + device(dead.id)).code != 0);
  CHECK_EQ(run("ip link show secabcdefabcdef").code, 0);
  CHECK_EQ(run("ip link show " + device(alive.id)).code, 0);
  REQUIRE(run("ip link del secabcdefabcdef").code == 0);
  CHECK(alive.detach().ok());
  CHECK_EQ(left(store), "");
}

TEST(sweep_removes_elements_that_nobody_has) {
  NETWORK_TEST();
  Member alive(store);
  REQUIRE(alive.attach(plan()));
  REQUIRE(run("nft add element inet secn0 egress4 '{ 10.203.200.200 : accept }' && nft add element inet secn0 host6 '{ fd7c:5ec0:e01::dead }'").code == 0);
  const std::string lines = sweep(store);
  CHECK(contains(lines, "elements of 10.203.200.200") && contains(lines, "elements of fd7c:5ec0:e01::dead"));
  CHECK(!contains(run("nft list table inet secn0").out, "10.203.200.200"));
  CHECK(contains(run("nft list table inet secn0").out, alive.network.address6));
  CHECK(alive.detach().ok());
  CHECK_EQ(left(store), "");
}

// The port's elements are still in the table: a new container gets the port all the same.
TEST(sweep_makes_way_for_a_port) {
  NETWORK_TEST();
  Member dead(store), next(store), rival(store);
  REQUIRE(dead.attach(published()));
  REQUIRE(rival.reserve(published()));
  CHECK(!rival.attach_reserved());
  CHECK_EQ(rival.error.code, "PORT_IN_USE");
  CHECK(rival.detach().ok());
  dead.die();
  REQUIRE(next.attach(published()));
  CHECK(contains(run("nft list map inet secn0 publish4").out, next.network.address4));
  CHECK(next.detach().ok());
  CHECK_EQ(left(store), "");
}

TEST(sweep_of_other_namespaces) {
  NETWORK_TEST();
  Member dead(store), alive(store);
  {
    check::Netns elsewhere;
    REQUIRE(run("ip link set lo up").code == 0);
    REQUIRE(dead.attach(plan()) && alive.attach(plan()));
    dead.die();
    netns.inside([&] {
      CHECK_EQ(sweep(store), "address " + dead.network.address4 + "\n");
      // From here it is nobody's: what a detach finds is not its own.
      CHECK(alive.detach().ok());
      return 0;
    });
    CHECK_EQ(run("ip link show secn0").code, 0);
    CHECK(contains(run("nft list table inet secn0").out, alive.network.address4));
    alive.die();
    (void)sweep(store);
    CHECK_EQ(left(store), "");
  }
}

TEST(sweep_after_sigkill_anywhere) {
  NETWORK_TEST();
  const auto life = [&] {
    for (;;) {
      Member member(store);
      if (!member.attach(published())) ::_exit(1);
      if (!member.detach()) ::_exit(2);
      member.die();
      if (!record::remove(store.roots, member.id, true)) ::_exit(3);
    }
  };
  // A life takes a few milliseconds, or hundreds on a busy machine under a sanitizer; the kills are spread over two of them.
  const std::uint64_t before = now_us();
  {
    Member member(store);
    REQUIRE(member.attach(published()));
    REQUIRE(member.detach());
    member.die();
    REQUIRE(record::remove(store.roots, member.id, true));
  }
  const std::uint64_t span = std::max<std::uint64_t>(2 * (now_us() - before), 40'000);
  constexpr int kKills = 60;
  int found = 0;
  for (int i = 0; i < kKills; ++i) {
    const pid_t pid = ::fork();
    if (pid == 0) {
      (void)::setpgid(0, 0);
      life();
    }
    (void)::setpgid(pid, pid);
    std::uint32_t random = 0;
    REQUIRE(::getrandom(&random, sizeof random, 0) == sizeof random);
    ::usleep(static_cast<useconds_t>(random % span));
    (void)::kill(-pid, SIGKILL);
    int status = 0;
    ::waitpid(pid, &status, 0);
    // Else it ended by itself: a start found what an earlier kill left, and could not cope.
    if (!WIFSIGNALED(status)) check::failed(__FILE__, __LINE__, "step " + std::to_string(WEXITSTATUS(status)));
    // Every other time the next start finds what the kill left.
    found += left(store).empty() ? 0 : 1;
    if (i % 2 == 0) continue;
    for (const auto& line : network::sweep(store.roots))
      if (line.starts_with("failed")) check::failed(__FILE__, __LINE__, line);
    // Namespaces of killed processes end a moment later.
    for (int tries = 0; tries < 100 && !left(store).empty(); ++tries) (void)::poll(nullptr, 0, 20);
    CHECK_EQ(left(store), "");
  }
  CHECK(found > kKills / 2);
}
