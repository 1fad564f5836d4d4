#include "filter/filter.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <random>
#include <sstream>

#include "filter/test_generator.h"

namespace weir::filter {
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
      {"flags in [2, 18]", "flags in [2, 18]"},
      {"not flags SA", "not flags any SA"},
      {"not flags =SA", "not flags =SA"},
      {"not (flags AS)", "not (flags SA)"},
      {"not (flags SA or flags R)", "not (flags SA or flags R)"},
      {"flags any RF", "flags any FR"},
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
      {"ingress acl 0x1f", "ingress acl = 31"},
      {"ingress ace 31", "ingress acl = 31"},
      {"egress acl >= 0x10", "egress acl >= 16"},
      {"egress acl != 'outside'", "egress acl != 'outside'"},
      {"ingress acl outside", "ingress acl = 'outside'"},
      {"egress vrf 5", "egress vrf = 5"},
      {"observation domain id 256", "observation domain id = 256"},
  });
}

TEST(FilterParser, UnderstandsWhatWasMissing) {
  expect_meanings({
      {"bps > 1m", "bps > 1000000"},
      {"pps 5", "pps = 5"},
      {"bpp <= 64", "bpp <= 64"},
      {"flows > 1", "flows > 1"},
      {"flow 1", "flows = 1"},
      {"out packets > 3", "out packets > 3"},
      {"out bytes 3k", "out bytes = 3000"},
      {"dst tos 8", "dst tos = 8"},
      {"tos in [8, 16]", "tos in [8, 16]"},
      {"min ttl < 5", "min ttl < 5"},
      {"max ttl 255", "max ttl = 255"},
      {"ttl equal", "ip_ttl = ip_ttl_max"},
      {"engine-type 1", "engine-type = 1"},
      {"engine id = 3", "engine-id = 3"},
      {"asa denied ingress", "asa event = 3 and asa xevent = 1001"},
      {"asa event denied nosyn", "asa event = 3 and asa xevent = 1004"},
      {"not asa denied egress", "not (asa event = 3 and asa xevent = 1002)"},
      {"src port in nat pblock", "src_port >= port_block_start and src_port <= port_block_end"},
      {"port in pblock",
       "src_port >= port_block_start and src_port <= port_block_end or dst_port >= port_block_start and dst_port <= "
       "port_block_end"},
      {"vlan in [1 2]", "vlan in [1, 2]"},
      {"mac in [00:00:5e:00:53:01]", "mac in [00:00:5e:00:53:01]"},
      {"bytes in [1k 2k]", "bytes in [1000, 2000]"},
      {"asa event in [denied, create]", "asa event in [3, 1]"},
      {"tun ip 10.0.0.1", "tun ip 10.0.0.1"},
      {"src tunip 10.0.0.1", "src tun ip 10.0.0.1"},
      {"tun proto gre", "tun proto = 47"},
      {"src or dst port 80", "src port = 80 or dst port = 80"},
      {"dst and src port > 1023", "dst port > 1023 and src port > 1023"},
      {"src and dst net 10/8", "src net 10.0.0.0/8 and dst net 10.0.0.0/8"},
      {"src and dst ip in [10.0.0.1, 10.0.0.2]", "src ip in [10.0.0.1, 10.0.0.2] and dst ip in [10.0.0.1, 10.0.0.2]"},
      {"in and out if 3", "in if = 3 and out if = 3"},
      {"port 1 or src and dst port 2", "port = 1 or src port = 2 and dst port = 2"},
      {"first seen >= 2026-11-22T14:05", "first seen >= 2026-11-22T14:05:00.000000Z"},
      {"last seen < 2026", "last seen < 2026-01-01T00:00:00.000000Z"},
      {"last seen < 2026-11-22T14", "last seen < 2026-11-22T14:00:00.000000Z"},
      {"first seen > 2026/11/22.14:05:01", "first seen > 2026-11-22T14:05:01.000000Z"},
  });
}

TEST(FilterParser, UnderstandsTheSpellingsOfEveryVersion) {
  expect_meanings({
      {"inet", "ipv4"},
      {"xip 10.0.0.1", "nat ip 10.0.0.1"},
      {"src nip 10.0.0.1", "src nat ip 10.0.0.1"},
      {"dst xnet 10/8", "dst nat net 10.0.0.0/8"},
      {"src xlate ip 10.0.0.1", "src nat ip 10.0.0.1"},
      {"xport 5", "nat port = 5"},
      {"dst nport > 5", "dst nat port > 5"},
      {"bgpnext ip 10.0.0.1", "bgp next ip 10.0.0.1"},
      {"pblock start 5", "nat pblock start = 5"},
      {"src nat host 10.0.0.1", "src nat ip 10.0.0.1"},
      {"in packets 5", "packets = 5"},
      {"nat event create", "nat event = 1"},
      {"asa event term", "asa event = 2"},
  });
}

TEST(FilterParser, UnderstandsColumnsByName) {
  expect_meanings({
      {"src_addr = 10.0.0.1", "src_addr = 10.0.0.1"},
      {"src_addr 10/8", "src_addr = 10.0.0.0/8"},
      {"src_addr in [10.0.0.1, 10.1/16]", "src_addr in [10.0.0.1, 10.1.0.0/16]"},
      {"dst_addr != 10.0.0.1", "dst_addr != 10.0.0.1"},
      {"dst_addr >= 2001:db8::1", "dst_addr >= 2001:db8::1"},
      {"SAMPLING_RATE > 1", "sampling_rate > 1"},
      {"type in [3, 4]", "type in [3, 4]"},
      {"dst_port https", "dst_port = 443"},
      {"proto = tcp", "proto = 6"},
      {"src_mac 00:00:5e:00:53:01", "src_mac = 00:00:5e:00:53:01"},
      {"url = x", "url = 'x'"},
      {"url != 'it''", "filter: this quote is not closed, at character 12\n  url != 'it''\n             ^"},
      {"url like 'a%'", "url like 'a%'"},
      {"url ~ '^/a.*b$'", "url ~ '^/a.*b$'"},
      {"url in [a 'b c']", "url in ['a', 'b c']"},
      {"user_name >= m", "user_name >= 'm'"},
      {"time_received > '2026-11-22 14:05'", "time_received > 2026-11-22T14:05:00.000000Z"},
      {"SRC_PORT = Dst_Port", "src_port = dst_port"},
      {"src as != dst_as", "src as != dst_as"},
      {"ip = next_hop", "ip = next_hop"},
      {"time_flow_end < time_flow_start", "time_flow_end < time_flow_start"},
      {"bytes > post_bytes", "bytes > post_bytes"},
      {"url = http_host", "url = http_host"},
      {"url = 'http_host'", "url = 'http_host'"},
      {"user_name url", "user_name = 'url'"},
      {"if name 'Gi0/1'", "if name = 'Gi0/1'"},
      {"in if \"Gi0/1\"", "in if name = 'Gi0/1'"},
      {"out if like 'Gi%'", "out if name like 'Gi%'"},
      {"exporter 10.0.0.1", "exporter ip 10.0.0.1"},
      {"port http", "port = 80"},
      {"dst port in [domain, 443]", "dst port in [53, 443]"},
  });
}

TEST(FilterParser, AsksTheWorldForWhatItMay) {
  World world;
  world.more_columns = [](std::string_view name) -> std::optional<flow::ColumnType> {
    if (name == "customer") return flow::ColumnType::text;
    if (name == "ratio") return flow::ColumnType::f64;
    return std::nullopt;
  };
  world.resolve = [](const std::string& name) -> std::expected<std::vector<IpAddress>, std::string> {
    if (name != "www.example.com") return std::unexpected("there is no host '" + name + "'");
    return std::vector{*IpAddress::parse("192.0.2.1"), *IpAddress::parse("2001:db8::1")};
  };
  world.read_file = [](const std::string& path, size_t most) -> std::expected<std::string, std::string> {
    if (path == "web.nf") return "port in [80 443]  # web\n";
    if (path == "list") return "[10.0.0.1,\n 10.0.0.2]";
    if (path == "loop") return "@include loop";
    if (path == "wrong") return "port 80\nand prt 81";
    if (path == "large") return std::string(most + 1, ' ');
    return std::unexpected("there is no file " + path);
  };
  const auto means = [&](std::string_view text) {
    const auto filter = parse_filter(text, world);
    return filter ? to_string(*filter) : filter.error().show(text);
  };
  EXPECT_EQ(means("customer = acme"), "customer = 'acme'");
  EXPECT_EQ(means("customer = user_name"), "customer = user_name");
  EXPECT_EQ(means("user_name = customer"), "user_name = customer");
  EXPECT_NE(means("ratio > 1").find("fractions"), std::string::npos);
  EXPECT_EQ(means("src ip www.example.com"), "src ip in [192.0.2.1, 2001:db8::1]");
  EXPECT_EQ(means("ip in [10.0.0.1, www.example.com]"), "ip in [10.0.0.1, 192.0.2.1, 2001:db8::1]");
  EXPECT_NE(means("ip nosuch.example").find("there is no host 'nosuch.example'"), std::string::npos);
  EXPECT_EQ(means("proto tcp and (@include web.nf) or port 1"), "proto = 6 and port in [80, 443] or port = 1");
  EXPECT_EQ(means("ip in @include 'list'"), "ip in [10.0.0.1, 10.0.0.2]");
  EXPECT_NE(means("@include loop").find("more than 10 files that include each other"), std::string::npos);
  EXPECT_NE(means("@include large").find("more than 1048576 bytes"), std::string::npos);
  EXPECT_NE(means("@include none").find("there is no file none"), std::string::npos);
  EXPECT_EQ(
      means("proto tcp or @include wrong"),
      "filter: expected a condition (any, ip, net, port, proto, as, if, packets, bytes, duration, flags, tos, the "
      "name of a column, and others: docs/filter.md), found 'prt': did you mean 'port'?, in wrong, line 2\n"
      "  and prt 81\n"
      "      ^");
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
      {"src port htp", 9, "expected a port from 0 to 65535 or a name such as https, found 'htp': did you mean"},
      {"port 65536", 5, "expected a port"},
      {"vlan 65536", 5, "expected a number up to 65535, found '65536'"},
      {"vlan", 4, "expected a number up to 65535, found the end"},
      {"nat event gone", 10, "or one of ADD CREATE DELETE EXHAUST"},
      {"mac 00:00:5e:00:53", 4, "expected a MAC address"},
      {"mac 00:00:5e:00:53:0g", 4, "expected a MAC address"},
      {"ingress acl > inside", 14, "expected the id of an access list"},
      {"src nat 5", 4, "after 'src'"},
      {"mpls label11 5", 5, "after 'mpls'"},
      {"port", 4, "found the end"},
      {"proto nosuch", 6, "a name such as tcp"},
      {"proto 256", 6, "from 0 to 255"},
      {"ip www.example.com", 3, "names are not looked up here"},
      {"ip 192.0.2.256", 3, "an address"},
      {"ip != 10/8", 6, "not net"},
      {"prto tcp", 0, "did you mean 'proto'?"},
      {"src prot 80", 4, "did you mean 'port'?"},
      {"port htps", 5, "did you mean 'https'?"},
      {"proto tpc", 6, "did you mean 'TCP'?"},
      {"scr port 80", 0, "did you mean 'src'?"},
      {"src_adr = 10.0.0.1", 0, "did you mean 'src_addr'?"},
      {"port 80 & port 90", 8, "write 'and'"},
      {"port like '8%'", 5, "is for texts"},
      {"in_if 'Gi0/1'", 6, "a number up to"},
      {"url ~ '('", 6, "not a regular expression"},
      {"first seen > yesterday", 13, "a time such as"},
      {"@include x", 0, "files are not included here"},
      {"@inclde x", 0, "only '@include FILE'"},
      {"url = '\xff'", 6, "not text in UTF-8"},
      {"src_port = src_addr", 11, "expected a number"},
      {"src and dst proto 6", 12, "after 'src'"},
      {"ident r1", 0, "there is no 'ident' here"},
      {"port 80 and src geo CH", 12, "there is no 'src geo' here: flows here have no countries"},
      {"mpls exp1 5", 0, "have the labels only"},
      {"sysid 3", 0, "ask with 'exporter ip'"},
      {"ip in 192.0.2.1", 6, "expected '['"},
      {"ip in []", 7, "an address or a prefix"},
      {"ip in [192.0.2.1", 16, "or ']'"},
      {"net 10", 4, "10/8"},
      {"net 10.0.0.0", 12, "netmask"},
      {"net 10.0.0.0 255.0.255.0", 13, "netmask"},
      {"net 10/33", 4, "a network"},
      {"src", 3, "after 'src'"},
      {"src if 3", 4, "'ip', 'net', 'nat', 'tun', 'port', 'as', 'mask', 'vlan' or 'mac' after 'src'"},
      {"in port 3", 3, "after 'in'"},
      {"exporter port 3", 9, "expected an address"},
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
  EXPECT_EQ(
      meaning("src port htp"),
      "filter: expected a port from 0 to 65535 or a name such as https, found 'htp': did you mean 'ftp'?, at character "
      "10\n"
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

  // What is several conditions counts as a pair of parentheses, since it is printed with them.
  const auto sides = [](size_t depth) {
    std::string text;
    for (size_t i = 0; i < depth; ++i) text += "not ";
    return parse_filter(text + "src and dst port 1");
  };
  EXPECT_TRUE(parse_filter(to_string(*sides(kMaxFilterDepth - 1))));
  EXPECT_FALSE(sides(kMaxFilterDepth));

  EXPECT_TRUE(parse_filter("url like '" + std::string(kMaxPatternBytes, '%') + "'"));
  EXPECT_FALSE(parse_filter("url like '" + std::string(kMaxPatternBytes + 1, '%') + "'"));

  World world;
  world.resolve = [](const std::string&) -> std::expected<std::vector<IpAddress>, std::string> {
    return std::vector{IpAddress::from_v4(1)};
  };
  const auto hosts = [&](size_t count) {
    std::string text = "ip in [";
    for (size_t i = 0; i < count; ++i) text += "www ";
    return parse_filter(text + "]", world);
  };
  EXPECT_TRUE(hosts(kMaxHostNames));
  EXPECT_FALSE(hosts(kMaxHostNames + 1));

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

std::string documentation() {
  std::ifstream file(WEIR_SOURCE_DIR "/docs/filter.md");
  return {std::istreambuf_iterator<char>(file), {}};
}

// Each line of a block is a filter; "# refused: ..." behind it says that it is none, and why.
TEST(FilterDocumentation, ExamplesAreWhatTheySay) {
  const std::string text = documentation();
  size_t examples = 0;
  for (size_t block = text.find("```filter\n"); block != std::string::npos;
       block = text.find("```filter\n", block + 1)) {
    const size_t begin = text.find('\n', block) + 1;
    std::istringstream lines(text.substr(begin, text.find("```", begin) - begin));
    for (std::string line; std::getline(lines, line); ++examples) {
      const auto filter = parse_filter(line);
      constexpr std::string_view kRefused = "# refused: ";
      const size_t refused = line.find(kRefused);
      if (refused == std::string::npos) {
        ASSERT_TRUE(filter) << filter.error().show(line);
        EXPECT_TRUE(*parse_filter(to_string(*filter)) == *filter) << line;
      } else {
        ASSERT_FALSE(filter) << line;
        EXPECT_NE(filter.error().message.find(line.substr(refused + kRefused.size())), std::string::npos)
            << line << "\n"
            << filter.error().message;
      }
    }
  }
  EXPECT_GT(examples, 40u);
}

TEST(FilterDocumentation, NamesEveryField) {
  const std::string text = documentation();
  for (const FieldRef& field : all_fields()) {
    if (field->column || field->words.starts_with("mpls label")) continue;
    EXPECT_NE(text.find("`" + field->words + "`"), std::string::npos) << field->words;
  }
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
}  // namespace weir::filter
