#include "web/guard/guard.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <array>

namespace seine::web {
namespace {

AddressKind kind(std::string_view text) {
  const auto address = IpAddress::parse(text);
  EXPECT_TRUE(address) << text;
  return address ? classify(*address) : AddressKind::kReserved;
}

TEST(Address, EdgesOfIpv4Ranges) {
  const std::pair<const char*, AddressKind> rows[] = {
      {"0.255.255.255", AddressKind::kUnspecified},  {"1.0.0.0", AddressKind::kGlobal},
      {"9.255.255.255", AddressKind::kGlobal},       {"10.0.0.0", AddressKind::kPrivate},
      {"100.63.255.255", AddressKind::kGlobal},      {"100.100.100.200", AddressKind::kShared},
      {"100.128.0.0", AddressKind::kGlobal},         {"127.255.255.255", AddressKind::kLoopback},
      {"168.63.129.16", AddressKind::kCloudService}, {"168.63.129.17", AddressKind::kGlobal},
      {"169.254.169.254", AddressKind::kLinkLocal},  {"172.15.255.255", AddressKind::kGlobal},
      {"172.31.255.255", AddressKind::kPrivate},     {"172.32.0.0", AddressKind::kGlobal},
      {"192.0.0.192", AddressKind::kReserved},       {"192.0.1.0", AddressKind::kGlobal},
      {"198.19.255.255", AddressKind::kReserved},    {"198.20.0.0", AddressKind::kGlobal},
      {"223.255.255.255", AddressKind::kGlobal},     {"224.0.0.0", AddressKind::kMulticast},
      {"255.255.255.255", AddressKind::kReserved}};
  for (const auto& [text, expected] : rows) EXPECT_EQ(kind(text), expected) << text;
}

TEST(Address, Ipv6FormsThatCarryIpv4AreNeverGlobal) {
  for (const char* text : {"::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b:1::1",
                           "2002:7f00:1::", "2001:0:1::f5ff:fffe", "2606:4700::5efe:7f00:1",
                           "2606:4700::200:5efe:7f00:1", "::ffff:0:127.0.0.1"}) {
    EXPECT_EQ(kind(text), AddressKind::kTranslated) << text;
  }
  EXPECT_EQ(kind("2606:4700:4700::1111"), AddressKind::kGlobal);
  EXPECT_EQ(kind("::1"), AddressKind::kLoopback);
  EXPECT_EQ(kind("::"), AddressKind::kUnspecified);
  EXPECT_EQ(kind("2001:1ff::1"), AddressKind::kReserved);
  EXPECT_EQ(kind("2001:200::1"), AddressKind::kGlobal);
  EXPECT_EQ(kind("3fff:fff::1"), AddressKind::kDocumentation);
  EXPECT_EQ(kind("3fff:1000::1"), AddressKind::kGlobal);
  EXPECT_EQ(kind("fdff::1"), AddressKind::kPrivate);
  EXPECT_EQ(kind("febf::1"), AddressKind::kLinkLocal);
  EXPECT_EQ(kind("4000::1"), AddressKind::kReserved);
  EXPECT_EQ(kind("100::1"), AddressKind::kReserved);
}

TEST(Address, ParseTakesOneSpelling) {
  EXPECT_FALSE(IpAddress::parse("127.1"));
  EXPECT_FALSE(IpAddress::parse("0x7f.0.0.1"));
  EXPECT_FALSE(IpAddress::parse("fe80::1%eth0"));
  EXPECT_FALSE(IpAddress::parse("example.org"));
  EXPECT_EQ(IpAddress::parse("[2001:DB8::0001]")->to_string(), "2001:db8::1");
}

TEST(Address, ReadsSocketAddresses) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_addr.s_addr = htonl(0x7F000001);
  EXPECT_EQ(IpAddress::from_sockaddr(reinterpret_cast<const sockaddr*>(&in))->to_string(),
            "127.0.0.1");
  sockaddr unix_socket{};
  unix_socket.sa_family = AF_UNIX;
  EXPECT_FALSE(IpAddress::from_sockaddr(&unix_socket));
}

Refusal judged(std::string_view text, const GuardPolicy& policy = {},
               std::string_view address = "93.184.216.34") {
  const auto url = Url::parse(text);
  EXPECT_TRUE(url) << text;
  return judge(*url, std::array{*IpAddress::parse(address)}, policy);
}

TEST(Guard, RefusesByUrlAlone) {
  EXPECT_EQ(judged("http://example.com/"), Refusal::kNone);
  EXPECT_EQ(judged("ftp://example.com/"), Refusal::kScheme);
  EXPECT_EQ(judged("http://example.com:6379/"), Refusal::kPort);
  EXPECT_EQ(judged("http://a:b@example.com/"), Refusal::kCredentials);
  EXPECT_EQ(judged("http://127.1/"), Refusal::kAddress);
  EXPECT_EQ(judged("http://router/"), Refusal::kAddress);
  EXPECT_EQ(judged("http://metadata.google.internal./"), Refusal::kAddress);
  EXPECT_EQ(judged("http://printer.LOCAL/"), Refusal::kAddress);
}

TEST(Guard, OneBadAddressRefusesAll) {
  const auto url = *Url::parse("http://example.com/");
  const std::array addresses = {*IpAddress::parse("93.184.216.34"), *IpAddress::parse("10.0.0.1")};
  EXPECT_EQ(judge(url, addresses, {}), Refusal::kAddress);
  EXPECT_EQ(judge(url, {}, {}), Refusal::kAddress);
}

TEST(Guard, DomainListsCoverSubdomainsOnly) {
  const GuardPolicy policy{.allowed_domains = {"example.org"},
                           .denied_domains = {"bad.example.org"}};
  EXPECT_EQ(judged("http://www.example.org/", policy), Refusal::kNone);
  EXPECT_EQ(judged("http://notexample.org/", policy), Refusal::kDomain);
  EXPECT_EQ(judged("http://x.bad.example.org/", policy), Refusal::kDomain);
}

TEST(Guard, AnEndpointLiftsAddressRulesForItselfOnly) {
  const GuardPolicy policy{.endpoints = {*parse_endpoint("http://127.0.0.1:8888/")}};
  EXPECT_EQ(judged("http://127.0.0.1:8888/search?q=x", policy, "127.0.0.1"), Refusal::kNone);
  EXPECT_EQ(judged("http://127.0.0.1:8889/", policy, "127.0.0.1"), Refusal::kPort);
  EXPECT_EQ(judged("https://127.0.0.1:8888/", policy, "127.0.0.1"), Refusal::kPort);
  EXPECT_EQ(judged("http://127.0.0.1/", policy, "127.0.0.1"), Refusal::kAddress);
  EXPECT_FALSE(parse_endpoint("file:///etc"));
}

TEST(Guard, RefusalsDoNotTellPlacesApart) {
  const auto text = [](std::string_view host) {
    const auto url = *Url::parse("http://" + std::string(host) + "/");
    std::string message = refusal_error(judge(url, {}, {}), url).error().message;
    return message.replace(message.find(url.hostname()), url.hostname().size(), "HOST");
  };
  EXPECT_EQ(text("10.0.0.1"), text("unresolvable.example.com"));
  EXPECT_EQ(text("localhost"), text("127.0.0.1"));
}

}  // namespace
}  // namespace seine::web
