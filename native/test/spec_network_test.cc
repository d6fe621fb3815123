// SPDX-License-Identifier: Apache-2.0
#include "check.h"
#include "spec.h"

namespace {

// A plan whose network is a good one with `changes` put in its place: "\"driver\":\"host\"" replaces the driver.
std::string network(const std::string& changes, const std::string& namespaces = R"({"type":"mount"},{"type":"network"})",
                    const std::string& files = "", const std::string& process = R"(,"capabilities":{})") {
  std::string object = R"("driver":"bridge","bridge":"secure0","subnet4":"10.203.0.0/16","subnet6":"fd7c:5ec0:e01::/64",)"
                       R"("address4":"","address6":"","egress":"none","hostAccess":false,"ports":[])";
  // The first of two members of one name counts.
  if (!changes.empty()) object = changes + "," + object;
  return R"({"ociVersion":"1.3.0","process":{"args":["x"])" + process + R"(},"linux":{"namespaces":[)" + namespaces +
         R"(]},"secure":{"schemaVersion":1,"layers":[{"path":"/l"}],"network":{)" + object + "}" + files + "}}";
}

std::string with_files(const std::string& files) { return network("", R"({"type":"mount"},{"type":"network"})", R"(,"files":)" + files); }

std::string problem(const std::string& text) {
  auto spec = secure::spec::parse(text);
  return spec ? "" : spec.error().code + " " + spec.error().message;
}

#define REFUSED(text, where)                                                                \
  do {                                                                                      \
    const std::string why_ = problem(text), start_ = "CONFIG_INVALID /secure/" + std::string(where) + " "; \
    CHECK_EQ(why_.substr(0, start_.size()), start_);                                        \
  } while (0)

std::string port(const std::string& protocol, const std::string& address, const std::string& host, const std::string& container) {
  return R"({"protocol":")" + protocol + R"(","hostAddress":")" + address + R"(","hostPort":)" + host + R"(,"containerPort":)" + container + "}";
}
std::string ports(const std::string& list) { return network(R"("ports":[)" + list + "]"); }

}  // namespace

TEST(spec_network_is_read) {
  CHECK_EQ(problem(network("")), "");
  auto spec = secure::spec::parse(
      network(R"("egress":[53,443],"hostAccess":true,"address4":"10.203.4.5","address6":"fd7c:5ec0:e01::405","ports":[)" +
              port("udp", "::", "0", "53") + "," + port("tcp", "127.0.0.1", "8080", "80") + "]"));
  if (!spec) check::failed(__FILE__, __LINE__, spec.error().text());
  REQUIRE(spec.ok() && spec->secure && spec->secure->network);
  const auto& got = *spec->secure->network;
  CHECK_EQ(got.bridge, "secure0");
  CHECK_EQ(got.subnet6, "fd7c:5ec0:e01::/64");
  CHECK_EQ(got.address4, "10.203.4.5");
  CHECK(!got.egress_any && got.host_access);
  CHECK(got.egress_ports == (std::vector<std::uint16_t>{53, 443}));
  REQUIRE(got.ports.size() == 2);
  CHECK_EQ(got.ports[1].host_port, 8080);
  CHECK_EQ(got.ports[0].protocol, "udp");
}

TEST(spec_network_refuses) {
  for (const char* driver : {"null", "\"host\"", "7"}) REFUSED(network(R"("driver":)" + std::string(driver)), "network/driver");
  for (const char* bridge : {"", "0secure", "../x", "a/b", "Secure0", "sixteen-letters-", "secure 0", ".", "-x", "a@1", "a\\n", "all", "default", "lo"})
    REFUSED(network(R"("bridge":")" + std::string(bridge) + "\""), "network/bridge");
  for (const char* subnet : {"", "10.203.0.0", "10.203.0.1/16", "10.203.0.0/30", "0.0.0.0/0", "10.0.0.0/7", "fd7c::/64", "10.203.0.0/16 ", "010.203.0.0/16"})
    REFUSED(network(R"("subnet4":")" + std::string(subnet) + "\""), "network/subnet4");
  for (const char* subnet : {"", "fd7c::/113", "fd7c::1/64", "10.203.0.0/16", "::/0"})
    REFUSED(network(R"("subnet6":")" + std::string(subnet) + "\""), "network/subnet6");
  // Fewer addresses than IPv4 has.
  REFUSED(network(R"("subnet4":"10.0.0.0/8","subnet6":"fd7c::/112")"), "network/subnet6");
  REFUSED(network(R"("subnet6":null,"address6":"fd7c:5ec0:e01::405")"), "network/address6");
  for (const char* address : {"10.204.0.1", "fd7c:5ec0:e01::405", "10.203.4.5/16", "../../x"})
    REFUSED(network(R"("address4":")" + std::string(address) + "\""), "network/address4");
  REFUSED(network(R"("address6":"fd7c:5ec0:e01:0:0:0:0:405")"), "network/address6");
  for (const char* egress : {"\"all\"", "null", "true"}) REFUSED(network(R"("egress":)" + std::string(egress)), "network/egress");
  REFUSED(network(R"("egress":[0])"), "network/egress/0");
  REFUSED(network(R"("egress":[53,65536])"), "network/egress/1");
  REFUSED(network(R"("egress":[53,53])"), "network/egress/1");
  REFUSED(network(R"("hostAccess":"yes")"), "network/hostAccess");
  // In the host's own network namespace it would be the host's.
  REFUSED(network("", R"({"type":"mount"})"), "network");
}

// What the kernel does about it is in network_namespace_test.
TEST(spec_network_does_not_give_the_devices_of_the_host) {
  const std::string plain = R"({"type":"mount"},{"type":"network"})", user = plain + R"(,{"type":"user"})";
  const auto with = [](const std::string& set) { return R"(,"capabilities":{")" + set + R"(":["CAP_NET_ADMIN"]})"; };
  REFUSED(network("", plain, "", with("bounding")), "network");
  REFUSED(network("", plain, "", ""), "network");  // nothing said: all of them
  const std::string mapped = R"(],"uidMappings":[{"containerID":0,"hostID":100000,"size":1}],"gidMappings":[{"containerID":0,"hostID":100000,"size":1}],"x":[)";
  CHECK_EQ(problem(network("", user + mapped, "", with("bounding"))), "");
}

TEST(spec_network_refuses_ports) {
  REFUSED(ports(port("sctp", "0.0.0.0", "80", "80")), "network/ports/0/protocol");
  for (const char* address : {"", "localhost", "0", "127.1", "[::]", "fe80::1%eth0", "0:0:0:0:0:0:0:0"})
    REFUSED(ports(port("tcp", address, "80", "80")), "network/ports/0/hostAddress");
  REFUSED(ports(port("tcp", "0.0.0.0", "65536", "80")), "network/ports/0/hostPort");
  REFUSED(ports(port("tcp", "0.0.0.0", "-1", "80")), "network/ports/0/hostPort");
  REFUSED(ports(port("tcp", "0.0.0.0", "null", "80")), "network/ports/0/hostPort");
  REFUSED(ports(port("tcp", "0.0.0.0", "80", "0")), "network/ports/0/containerPort");
  REFUSED(network(R"("subnet6":null,"address6":null,"ports":[)" + port("tcp", "::", "80", "80") + "]"), "network/ports/0/hostAddress");
  const std::string one = port("tcp", "127.0.0.1", "80", "80");
  REFUSED(ports(one + "," + port("tcp", "127.0.0.1", "80", "81")), "network/ports/1");
  CHECK_EQ(problem(ports(one + "," + port("udp", "127.0.0.1", "80", "80") + "," + port("tcp", "127.0.0.2", "80", "80"))), "");
  CHECK_EQ(problem(ports(port("tcp", "127.0.0.1", "0", "80") + "," + port("tcp", "127.0.0.1", "0", "80"))), "");
  std::string many;
  for (int i = 1; i <= 1024; ++i) many += (i == 1 ? "" : ",") + port("tcp", "0.0.0.0", std::to_string(i), "80");
  CHECK_EQ(problem(ports(many)), "");
  REFUSED(ports(many + "," + port("tcp", "0.0.0.0", "2000", "80")), "network/ports");
}

TEST(spec_files_have_harmless_names) {
  auto spec = secure::spec::parse(with_files(R"([{"name":"resolv.conf","parts":["a","","b"]},{"name":"hosts","parts":[]}])"));
  REQUIRE(spec.ok());
  CHECK_EQ(spec->secure->files[0].parts.size(), 3U);
  for (const char* name : {"", ".", "..", ".hidden", "a/b", "/etc/passwd", "a b", "a\\n", "config.json", "log", "log.1", "upper", "work", "exit.json"})
    REFUSED(with_files(R"([{"name":")" + std::string(name) + R"(","parts":[]}])"), "files/0/name");
  REFUSED(with_files(R"([{"name":"a\u0000b","parts":[]}])"), "files/0/name");
  REFUSED(with_files(R"([{"name":"a","parts":[]},{"name":"a","parts":[]}])"), "files/1/name");
  REFUSED(with_files(R"([{"name":"a","parts":"text"}])"), "files/0/parts");
  REFUSED(with_files(R"([{"name":"a","parts":["\u0000"]}])"), "files/0/parts/0");
  REFUSED(with_files(R"({})"), "files");
  std::string many;
  for (int i = 0; i <= 64; ++i) many += (i == 0 ? "" : ",") + std::string(R"({"name":"f)") + std::to_string(i) + R"(","parts":[]})";
  REFUSED(with_files("[" + many + "]"), "files");
}
