#include "query/filter.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <random>

#include "query/filter_generator.h"

namespace weir::query {
namespace {

// What a text means, printed in the canonical way.
std::string meaning(std::string_view text) {
  const auto filter = parse_filter(text);
  return filter ? to_string(*filter) : filter.error().show(text);
}

struct MeaningRow {
  std::string_view text;
  std::string_view meaning;
};

void expect_meanings(std::initializer_list<MeaningRow> rows) {
  for (const MeaningRow& row : rows) EXPECT_EQ(meaning(row.text), row.meaning) << row.text;
}

TEST(FilterParser, UnderstandsProtocols) {
  expect_meanings({
      {"", "any"},
      {"  # a comment only", "any"},
      {"any", "any"},
      {"IPv4", "ipv4"},
      {"ipv6", "ipv6"},
      {"proto tcp", "proto = 6"},
      {"proto 17", "proto = 17"},
      {"proto ipv6", "proto = 41"},
      {"proto != icmp6", "proto != 58"},
      {"proto in [tcp, 17 icmp]", "proto in [6, 17, 1]"},
  });
}

TEST(FilterParser, UnderstandsAddresses) {
  expect_meanings({
      {"ip 192.0.2.1", "ip 192.0.2.1"},
      {"SRC Host 2001:DB8::1", "src ip 2001:db8::1"},
      {"dst ip = 192.0.2.1", "dst ip 192.0.2.1"},
      {"src ip in [192.0.2.1 198.51.100.0/24,10/8]", "src ip in [192.0.2.1, 198.51.100.0/24, 10.0.0.0/8]"},
      {"ip in [2001:db8::/32]", "net 2001:db8::/32"},
      {"net 10/8", "net 10.0.0.0/8"},
      {"net 172.16/12", "net 172.16.0.0/12"},
      {"src net 192.0.2.77 255.255.255.0", "src net 192.0.2.0/24"},
      {"dst net 2001:db8::1/33", "dst net 2001:db8::/33"},
      {"net 0.0.0.0/0", "net 0.0.0.0/0"},
      {"net ::/0", "net ::/0"},
      {"net ::ffff:0:0/96", "net 0.0.0.0/0"},
      {"exporter ip 10.0.0.1", "exporter ip 10.0.0.1"},
      {"router net 10/8", "exporter net 10.0.0.0/8"},
      {"next ip 10.0.0.1", "next ip 10.0.0.1"},
      {"bgp next ip 10.0.0.1", "bgp next ip 10.0.0.1"},
  });
}

TEST(FilterParser, UnderstandsNumbers) {
  expect_meanings({
      {"port 80", "port = 80"},
      {"src port > 1023", "src port > 1023"},
      {"dst port ge 0x400", "dst port >= 1024"},
      {"port lt 10", "port < 10"},
      {"port <= 10", "port <= 10"},
      {"port != 80", "port != 80"},
      {"port in [80,443 8080]", "port in [80, 443, 8080]"},
      {"src as 64500", "src as = 64500"},
      {"as in [1 4200000000]", "as in [1, 4200000000]"},
      {"if 3", "if = 3"},
      {"in if 3", "in if = 3"},
      {"out if 3", "out if = 3"},
      {"packets > 10k", "packets > 10000"},
      {"bytes >= 3M", "bytes >= 3000000"},
      {"in bytes > 1g", "bytes > 1000000000"},
      {"bytes < 2t", "bytes < 2000000000000"},
      {"bytes 18446744073709551615", "bytes = 18446744073709551615"},
      {"duration > 500", "duration > 500"},
  });
}

TEST(FilterParser, UnderstandsFieldsOfHeaders) {
  expect_meanings({
      {"flags S", "flags S"},
      {"flags SA", "flags SA"},
      {"flags =S", "flags =S"},
      {"flags = AS", "flags =SA"},
      {"flags X", "flags FSRPAU"},
      {"flags 18", "flags = 18"},
      {"flags > 0", "flags > 0"},
      {"tos 184", "tos = 184"},
      {"src tos 8", "tos = 8"},
      {"icmp-type 8", "icmp-type = 8"},
      {"icmp code > 3", "icmp-code > 3"},
      {"vlan 7", "vlan = 7"},
      {"src vlan != 7", "src vlan != 7"},
      {"mac 00-00-5E-00-53-01", "mac = 00:00:5e:00:53:01"},
      {"in src mac 00:00:5e:00:53:01", "in src mac = 00:00:5e:00:53:01"},
      {"dst mask < 24", "dst mask < 24"},
      {"next as 64500", "next as = 64500"},
      {"ttl le 1", "ttl <= 1"},
      {"etherType 0x86dd", "ethertype = 34525"},
      {"fwdstat Noroute", "fwdstat = 131"},
      {"flowdir egress", "flowdir = 1"},
      {"mpls label1 16", "mpls label1 = 16"},
      {"mpls any > 1k", "mpls any > 1000"},
  });
}

TEST(FilterParser, UnderstandsWhatFirewallsAndTunnelsTell) {
  expect_meanings({
      {"nat event addpblk", "nat event = 16"},
      {"nat event 3", "nat event = 3"},
      {"nat pblock start >= 1024", "nat pblock start >= 1024"},
      {"src nat ip 192.0.2.1", "src nat ip 192.0.2.1"},
      {"nat net 192.0.2.0/24", "nat net 192.0.2.0/24"},
      {"dst nat port 80", "dst nat port = 80"},
      {"inner ip 2001:db8::1", "inner ip 2001:db8::1"},
      {"inner dst net 10/8", "inner dst net 10.0.0.0/8"},
      {"inner src port 53", "inner src port = 53"},
      {"inner proto udp", "inner proto = 17"},
      {"inner proto in [tcp udp]", "inner proto in [6, 17]"},
      {"asa event denied", "asa event = 3"},
      {"asa user alice", "asa user = 'alice'"},
      {"asa user != \"it's\"", "asa user != \"it's\""},
      {"ingress acl 0x1f", "ingress acl = '0x1f'"},
      {"egress vrf 5", "egress vrf = 5"},
      {"observation domain id 256", "observation domain id = 256"},
  });
}

TEST(FilterParser, NotBindsTighterThanAndThanOr) {
  constexpr MeaningRow kRows[] = {
      {"proto tcp and port 80 or port 53", "proto = 6 and port = 80 or port = 53"},
      {"port 1 or port 2 and port 3", "port = 1 or port = 2 and port = 3"},
      {"(port 1 or port 2) and port 3", "(port = 1 or port = 2) and port = 3"},
      {"not port 1 and port 2", "not port = 1 and port = 2"},
      {"not (port 1 and port 2)", "not (port = 1 and port = 2)"},
      {"!port 1 && !(port 2||port 3)", "not port = 1 and not (port = 2 or port = 3)"},
      {"not not any", "not not any"},
      {"port 1 or port 2 or port 3", "port = 1 or port = 2 or port = 3"},
      {"((port 1))", "port = 1"},
      {"port 1 # web\n and # more\n port 2", "port = 1 and port = 2"},
  };
  for (const MeaningRow& row : kRows) EXPECT_EQ(meaning(row.text), row.meaning) << row.text;
}

TEST(FilterParser, ErrorsSayWhereAndWhatWasExpected) {
  struct Row {
    std::string_view text;
    size_t position;
    std::string_view part;  // of the message
  };
  constexpr Row kRows[] = {
      {"src port htp", 9, "expected a port from 0 to 65535, found 'htp'"},
      {"port 65536", 5, "expected a port"},
      {"vlan 65536", 5, "expected a number up to 65535, found '65536'"},
      {"vlan", 4, "expected a number up to 65535, found the end"},
      {"nat event gone", 10, "or one of ADD DELETE EXHAUST"},
      {"mac 00:00:5e:00:53", 4, "expected a MAC address"},
      {"mac 00:00:5e:00:53:0g", 4, "expected a MAC address"},
      {"asa user > alice", 11, "before a text"},
      {"src nat 5", 8, "'ip' or 'net'"},
      {"mpls label11 5", 0, "expected a condition"},
      {"port", 4, "found the end"},
      {"proto nosuch", 6, "a name such as tcp"},
      {"proto 256", 6, "from 0 to 255"},
      {"ip www.example.com", 3, "names are not looked up"},
      {"ip 192.0.2.256", 3, "an address"},
      {"ip in 192.0.2.1", 6, "expected '['"},
      {"ip in []", 7, "an address or a prefix"},
      {"ip in [192.0.2.1", 16, "or ']'"},
      {"net 10", 4, "10/8"},
      {"net 10.0.0.0", 12, "netmask"},
      {"net 10.0.0.0 255.0.255.0", 13, "netmask"},
      {"net 10/33", 4, "a network"},
      {"src", 3, "after 'src'"},
      {"src if 3", 4, "'port', 'as' or 'tos' after 'src'"},
      {"dst tos 3", 4, "after 'dst'"},
      {"in port 3", 3, "after 'in'"},
      {"exporter port 3", 9, "'ip' or 'net' after 'exporter'"},
      {"colour blue", 0, "a condition (any, ip"},
      {"port 80 port 81", 8, "'and', 'or' or the end"},
      {"(port 80", 8, "')'"},
      {"port 80)", 7, "'and', 'or' or the end"},
      {"port 80 and", 11, "a condition"},
      {"bytes > 99999999999999999999", 8, "a number of bytes"},
      {"bytes > 18446744073709551615k", 8, "a number of bytes"},
      {"bytes > -1", 8, "a number of bytes"},
      {"flags Q", 6, "letters of FSRPAUECX"},
      {"flags > S", 6, "only '='"},
      {"port 80 and 'x", 12, "quote is not closed"},
      {"port 80; drop table", 7, "unexpected character ';'"},
      {"port \xff", 5, "unexpected character '\\xff'"},
  };
  for (const Row& row : kRows) {
    const auto filter = parse_filter(row.text);
    ASSERT_FALSE(filter) << row.text;
    EXPECT_EQ(filter.error().position, row.position) << row.text;
    EXPECT_NE(filter.error().message.find(row.part), std::string::npos) << row.text << ": " << filter.error().message;
  }
}

TEST(FilterParser, ErrorsShowThePlaceWithACaret) {
  EXPECT_EQ(meaning("src port htp"),
            "filter: expected a port from 0 to 65535, found 'htp', at character 10\n"
            "  src port htp\n"
            "           ^");
  // Of several lines and of a long line only what is near.
  EXPECT_NE(meaning("port 1\nand port x").find("\n  and port x\n           ^"), std::string::npos);
  std::string long_line = "port 1";
  for (int i = 0; i < 100; ++i) long_line += " or port 1";
  const std::string shown = meaning(long_line + " or x " + long_line);
  EXPECT_NE(shown.find("\n  ..."), std::string::npos) << shown;
  EXPECT_LT(shown.size(), 500u);
}

TEST(FilterParser, LimitsHoldAgainstHostileText) {
  const auto nested = [](size_t depth, std::string_view open, std::string_view close) {
    std::string text;
    for (size_t i = 0; i < depth; ++i) text += open;
    text += "any";
    for (size_t i = 0; i < depth; ++i) text += close;
    return parse_filter(text);
  };
  EXPECT_TRUE(nested(kMaxFilterDepth, "(", ")"));
  EXPECT_FALSE(nested(kMaxFilterDepth + 1, "(", ")"));
  EXPECT_TRUE(nested(kMaxFilterDepth, "not ", ""));
  EXPECT_FALSE(nested(kMaxFilterDepth + 1, "!", ""));

  const auto list = [](size_t entries) {
    std::string text = "port in [";
    for (size_t i = 0; i < entries; ++i) text += "1 ";
    return parse_filter(text + "]");
  };
  EXPECT_TRUE(list(kMaxFilterListEntries));
  EXPECT_FALSE(list(kMaxFilterListEntries + 1));

  EXPECT_TRUE(parse_filter("any" + std::string(kMaxFilterBytes - 3, ' ')));
  EXPECT_FALSE(parse_filter("any" + std::string(kMaxFilterBytes - 2, ' ')));
}

TEST(FilterText, PrintedFiltersParseToTheSameTree) {
  std::mt19937 random(20261122);
  FilterGenerator generator(random);
  for (int i = 0; i < 5000; ++i) {
    const Filter filter = generator.filter(4);
    const std::string text = to_string(filter);
    const auto parsed = parse_filter(text);
    ASSERT_TRUE(parsed) << text << "\n" << parsed.error().show(text);
    EXPECT_TRUE(*parsed == filter) << text << "\n" << to_string(*parsed);
  }
}

}  // namespace
}  // namespace weir::query
