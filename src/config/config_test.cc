// The configuration: what is accepted, every problem with its place, and that example and table agree with the parser.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "config/document.h"
#include "config/keys.h"
#include "config/listen.h"
#include "config/parse.h"
#include "config/size.h"

namespace weir::config {
namespace {

std::vector<std::string> problems_of(std::string_view text) {
  const auto config = parse(text);
  std::vector<std::string> lines;
  if (config) return lines;
  for (const Problem& problem : config.error()) lines.push_back(to_string(problem, "f"));
  return lines;
}

TEST(Config, EmptyFileIsTheDefaults) {
  const auto config = parse("");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->collect.listen, (std::vector<std::string>{"2055", "4739", "6343"}));
  EXPECT_EQ(config->collect.socket_buffer.bytes, 32u << 20);
  EXPECT_EQ(config->store.directory, "weir-data");
  EXPECT_EQ(config->store.flush_interval, Micros{5'000'000});
  EXPECT_FALSE(config->retention.max_age);
  EXPECT_FALSE(config->retention.max_size);
  EXPECT_TRUE(config->sampling.empty());
}

TEST(Config, KeysOfCollectAndLog) {
  const auto config = parse(R"(
[collect]
listen = ["0", "192.0.2.1:2055", "[2001:db8::1]:4739", ":6343"]
threads = 2
spread = "datagram"
cpus = [0, 3, 1023]
socket_buffer = "1MB"
gro = false
queue = 8
other = true
several_messages = false
[log]
level = "debug"
)");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->collect.listen[1], "192.0.2.1:2055");
  EXPECT_EQ(config->collect.threads, 2u);
  EXPECT_EQ(config->collect.spread, "datagram");
  EXPECT_EQ(config->collect.cpus, (std::vector<uint64_t>{0, 3, 1023}));
  EXPECT_EQ(config->collect.socket_buffer.bytes, 1'000'000u);
  EXPECT_FALSE(config->collect.gro);
  EXPECT_EQ(config->collect.queue, 8u);
  EXPECT_TRUE(config->collect.other);
  EXPECT_FALSE(config->collect.several_messages);
  EXPECT_EQ(config->log.level, "debug");
}

TEST(Config, KeysOfStoreAndRetention) {
  const auto config = parse(R"(
[store]
directory = "/var/lib/weir"
flush_interval = "500ms"
rows_per_segment = 4096
pending_rows = 65536
compact = false
compact_after = "1m"
delete_grace = "0s"
[retention]
max_age = "30d"
max_size = "1.5GiB"
)");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->store.directory, "/var/lib/weir");
  EXPECT_EQ(config->store.flush_interval, Micros{500'000});
  EXPECT_EQ(config->store.rows_per_segment, 4096u);
  EXPECT_EQ(config->store.pending_rows, 65'536u);
  EXPECT_FALSE(config->store.compact);
  EXPECT_EQ(config->store.compact_after, Micros{60'000'000});
  EXPECT_EQ(config->store.delete_grace, Micros{0});
  EXPECT_EQ(config->retention.max_age, Micros{int64_t{30} * 86'400 * 1'000'000});
  EXPECT_EQ(config->retention.max_size, ByteSize{uint64_t{3} << 29});
}

TEST(Config, KeysOfLimits) {
  const auto config = parse(R"(
[limits]
exporters = 10
templates_per_exporter = 11
templates = 12
fields_per_template = 13
early_bytes_per_exporter = "14B"
early_bytes = "15kB"
early_age = "16s"
template_lifetime = "17m"
)");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->limits.exporters, 10u);
  EXPECT_EQ(config->limits.templates_per_exporter, 11u);
  EXPECT_EQ(config->limits.templates, 12u);
  EXPECT_EQ(config->limits.fields_per_template, 13u);
  EXPECT_EQ(config->limits.early_bytes_per_exporter.bytes, 14u);
  EXPECT_EQ(config->limits.early_bytes.bytes, 15'000u);
  EXPECT_EQ(config->limits.early_age, Micros{16'000'000});
  EXPECT_EQ(config->limits.template_lifetime, Micros{17 * 60 * 1'000'000});
}

TEST(Config, KeysOfSamplingAndColumns) {
  const auto config = parse(R"(
[[sampling]]
exporter = "192.0.2.1"
rate = 1000
[[sampling]]
exporter = "2001:db8::1"
rate = 1
[[columns]]
name = "flow_class"
element = "9:44940"
type = "u32"
[[columns]]
name = "flow_class"
element = "0:40001"
type = "u32"
conversion = "mpls_label"
)");
  ASSERT_TRUE(config);
  ASSERT_EQ(config->sampling.size(), 2u);
  EXPECT_EQ(config->sampling[0].exporter, IpAddress::from_v4(0xc0000201));
  EXPECT_EQ(config->sampling[0].rate, 1000u);
  EXPECT_EQ(config->sampling[1].exporter, *IpAddress::parse("2001:db8::1"));
  ASSERT_EQ(config->columns.size(), 2u);
  EXPECT_EQ(config->columns[0], (Column{"flow_class", {9, 44940}, "u32", ""}));
  EXPECT_EQ(config->columns[1], (Column{"flow_class", {0, 40001}, "u32", "mpls_label"}));
}

struct BadCase {
  std::string_view name;
  std::string_view text;
  std::vector<std::string_view> want;  // the beginning of each line, in order
};

const BadCase kBad[] = {
    {"misspelt key",
     "[store]\nflush_intervall = \"5s\"\n",
     {"f:2:1: store.flush_intervall: there is no such key; did you mean \"flush_interval\"?"}},
    {"misspelt section",
     "[stroe]\ndirectory = \"x\"\n",
     {"f:1:2: stroe: there is no such section; did you mean \"store\"?"}},
    {"key of another section",
     "[collect]\nmax_age = \"1d\"\n",
     {"f:2:1: collect.max_age: there is no such key; max_age belongs below [retention]"}},
    {"key without its section",
     "threads = 2\n",
     {"f:1:1: threads: there is no such section; threads belongs below [collect]"}},
    {"unknown and not near", "[log]\nzzzzzzzz = 1\n", {"f:2:1: log.zzzzzzzz: there is no such key"}},
    {"number instead of duration",
     "[store]\nflush_interval = 5\n",
     {"f:2:18: store.flush_interval: 5 is not allowed: it must be a duration from \"100ms\" to \"1h\""}},
    {"duration without unit",
     "[store]\nflush_interval = \"5\"\n",
     {"f:2:18: store.flush_interval: \"5\" is not allowed"}},
    {"duration out of bounds",
     "[store]\nflush_interval = \"2h\"\n",
     {"f:2:18: store.flush_interval: \"2h\" is not allowed"}},
    {"duration beyond counting",
     "[retention]\nmax_age = \"1e300d\"\n",
     {"f:2:11: retention.max_age: \"1e300d\" is not allowed"}},
    {"negative",
     "[collect]\nthreads = -1\n",
     {"f:2:11: collect.threads: -1 is not allowed: it must be a whole number from 1 to 256"}},
    {"zero", "[collect]\nthreads = 0\n", {"f:2:11: collect.threads: 0 is not allowed"}},
    {"fraction", "[collect]\nthreads = 1.5\n", {"f:2:11: collect.threads: 1.5 is not allowed"}},
    {"text instead of flag",
     "[store]\ncompact = \"yes\"\n",
     {"f:2:11: store.compact: \"yes\" is not allowed: it must be true or false"}},
    {"a processor twice",
     "[collect]\ncpus = [0, 1, 0]\n",
     {"f:2:8: collect.cpus: a list is not allowed: it must be a list of whole numbers from 0 to 1023, each once"}},
    {"a processor too far",
     "[collect]\ncpus = [1024]\n",
     {"f:2:8: collect.cpus: a list is not allowed: it must be a list of whole numbers from 0 to 1023, each once"}},
    {"a processor as text",
     "[collect]\ncpus = [\"0\"]\n",
     {"f:2:8: collect.cpus: a list is not allowed: it must be a list of whole numbers from 0 to 1023, each once"}},
    {"size",
     "[collect]\nsocket_buffer = \"32 parsecs\"\n",
     {"f:2:17: collect.socket_buffer: \"32 parsecs\" is not allowed: it must be a size from 64KiB to 1GiB"}},
    {"address",
     "[[sampling]]\nexporter = \"192.0.2.256\"\nrate = 1\n",
     {"f:2:12: sampling.exporter: \"192.0.2.256\" is not allowed: it must be an IPv4 or IPv6 address"}},
    {"a network that is none",
     "[exporters]\nallow = [\"192.0.2.0/24\", \"192.0.2.0/33\"]\n",
     {"f:2:9: exporters.allow: a list is not allowed: it must be a list of addresses and networks, such as "
      "\"192.0.2.0/24\" or \"2001:db8::1\", each once"}},
    {"a relay that is none",
     "[exporters]\ntrusted_relays = [\"relay.example.net\"]\n",
     {"f:2:18: exporters.trusted_relays: a list is not allowed: it must be a list of addresses and networks"}},
    {"datagrams without end",
     "[limits]\ndatagrams_per_second = 1000001\n",
     {"f:2:24: limits.datagrams_per_second: 1000001 is not allowed: it must be a whole number from 0 to 1000000"}},
    {"rate zero", "[[sampling]]\nexporter = \"192.0.2.1\"\nrate = 0\n", {"f:3:8: sampling.rate: 0 is not allowed"}},
    {"missing in an array", "[[sampling]]\nexporter = \"192.0.2.1\"\n", {"f:1:1: sampling.rate: it is missing"}},
    {"exporter twice",
     "[[sampling]]\nexporter = \"192.0.2.1\"\nrate = 1\n[[sampling]]\nexporter = \"::ffff:192.0.2.1\"\nrate = 2\n",
     {"f:5:12: sampling.exporter: 192.0.2.1 has a rate already"}},
    {"column that is there",
     "[[columns]]\nname = \"bytes\"\nelement = \"9:1\"\ntype = \"u64\"\n",
     {"f:2:8: columns.name: there is a column bytes already"}},
    {"name of a column",
     "[[columns]]\nname = \"Flow Class\"\nelement = \"9:1\"\ntype = \"u64\"\n",
     {"f:2:8: columns.name: \"Flow Class\" is no name for a column"}},
    {"element without enterprise",
     "[[columns]]\nname = \"a\"\nelement = \"44940\"\ntype = \"u64\"\n",
     {"f:3:11: columns.element: \"44940\" is not allowed: it must be \"ENTERPRISE:NUMBER\""}},
    {"element zero",
     "[[columns]]\nname = \"a\"\nelement = \"9:32768\"\ntype = \"u64\"\n",
     {"f:3:11: columns.element:"}},
    {"element too large",
     "[[columns]]\nname = \"a\"\nelement = \"9:65536\"\ntype = \"u64\"\n",
     {"f:3:11: columns.element:"}},
    {"element that is a number",
     "[[columns]]\nname = \"a\"\nelement = 9\ntype = \"u64\"\n",
     {"f:3:11: columns.element:"}},
    {"type of a column",
     "[[columns]]\nname = \"a\"\nelement = \"9:1\"\ntype = \"u128\"\n",
     {"f:4:8: columns.type: \"u128\" is not allowed: it must be one of \"u8\", \"u16\""}},
    {"conversion of another type",
     "[[columns]]\nname = \"a\"\nelement = \"9:1\"\ntype = \"u64\"\nconversion = \"seconds\"\n",
     {"f:5:14: columns.conversion: column a: this conversion does not give its type"}},
    {"column without its type",
     "[[columns]]\nname = \"a\"\nelement = \"9:1\"\n",
     {"f:1:1: columns.type: it is missing"}},
    {"two types of a column, and a good one after it",
     "[[columns]]\nname = \"a\"\nelement = \"9:1\"\ntype = \"u8\"\n"
     "[[columns]]\nname = \"a\"\nelement = \"9:2\"\ntype = \"u64\"\n"
     "[[columns]]\nname = \"b\"\nelement = \"9:2\"\ntype = \"u64\"\n",
     {"f:6:8: columns.name: column a is there twice, with two types"}},
    {"one element twice",
     "[[columns]]\nname = \"a\"\nelement = \"9:1\"\ntype = \"u8\"\n"
     "[[columns]]\nname = \"a\"\nelement = \"9:1\"\ntype = \"u8\"\n",
     {"f:6:8: columns.name: column a takes element 9:1 twice"}},
    {"one bracket",
     "[sampling]\nexporter = \"192.0.2.1\"\nrate = 1\n",
     {"f:1:2: sampling: there may be several of it: write [[sampling]]"}},
    {"two brackets", "[[store]]\ndirectory = \"x\"\n", {"f:1:3: store: this is a section: write [store]"}},
    {"level",
     "[log]\nlevel = \"verbose\"\n",
     {"f:2:9: log.level: \"verbose\" is not allowed: it must be one of \"trace\", \"debug\", \"info\", \"warn\", "
      "\"error\""}},
    {"two words as a level", "[log]\nlevel = \"debug info\"\n", {"f:2:9: log.level: \"debug info\" is not allowed"}},
    {"empty directory", "[store]\ndirectory = \"\"\n", {"f:2:13: store.directory: \"\" is not allowed"}},
    {"no listener", "[collect]\nlisten = []\n", {"f:2:10: collect.listen: a list is not allowed"}},
    {"port too large", "[collect]\nlisten = [\"65536\"]\n", {"f:2:10: collect.listen"}},
    {"same port twice", "[collect]\nlisten = [\"2055\", \"2055\"]\n", {"f:2:10: collect.listen"}},
    {"listen as number", "[collect]\nlisten = [2055]\n", {"f:2:10: collect.listen"}},
    {"syntax", "[store]\ndirectory = \n", {"f:2:13: not TOML from here on: "}},
    {"all at once, in order",
     "[store]\ncompact = 1\nx1 = 2\n[collect]\nthreads = \"a\"\n[nope]\n",
     {"f:2:11: store.compact: 1 is not", "f:3:1: store.x1: there", "f:5:11: collect.threads: \"a\" is",
      "f:6:2: nope: there is"}},
    {"less room than one file",
     "[store]\npending_rows = 40000\n",
     {"f:2:16: store.pending_rows: 40000 is not allowed: it must be at least store.rows_per_segment, 524288"}},
    {"a letter that is no key", "\u00e4 = 1\n\u01e4 = 2\n", {"f:1:1: not TOML from here on: "}},
    {"control characters", "[store]\n\"a\\u001bb\" = 1\n", {"f:2:1: store.a\\x1bb: there is no such key"}},
};

TEST(Config, EveryProblemHasItsPlace) {
  for (const BadCase& bad : kBad) {
    const std::vector<std::string> got = problems_of(bad.text);
    ASSERT_EQ(got.size(), bad.want.size()) << bad.name << "\n" << (got.empty() ? "accepted" : got[0]);
    for (size_t i = 0; i < got.size(); ++i) EXPECT_TRUE(got[i].starts_with(bad.want[i])) << bad.name << "\n" << got[i];
  }
}

TEST(Config, ChangesAreNamed) {
  const Config from = *parse("[[sampling]]\nexporter = \"192.0.2.1\"\nrate = 10\n");
  EXPECT_TRUE(changes(from, from, sections()).empty());
  const auto to = parse(
      "[collect]\nthreads = 2\n[retention]\nmax_age = \"1d\"\n[[sampling]]\nexporter = \"192.0.2.1\"\nrate = 11\n");
  const std::vector<Change> found = changes(from, *to, sections());
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].name, "collect.threads");
  EXPECT_EQ(found[0].from, "1");
  EXPECT_EQ(found[0].to, "2");
  EXPECT_EQ(found[0].on_reload, OnReload::needs_restart);
  EXPECT_EQ(found[1].name, "retention.max_age");
  EXPECT_EQ(found[1].from, "");
  EXPECT_EQ(found[1].to, "\"1d\"");
  EXPECT_EQ(found[1].on_reload, OnReload::applied);
  EXPECT_EQ(found[2].name, "sampling");
}

TEST(Config, WhatNeedsARestartStaysAsItRuns) {
  const Config running = *parse("[collect]\nthreads = 3\n[store]\ndirectory = \"a\"\n[limits]\ntemplates = 5\n");
  const auto loaded = parse(
      "[collect]\nthreads = 4\nother = true\n[store]\ndirectory = \"b\"\n[templates]\nstate_file = \"c\"\n"
      "[limits]\ntemplates = 6\n[[sampling]]\nexporter = \"192.0.2.1\"\nrate = 10\n");
  const Config now = keep_running(running, *loaded, sections());
  EXPECT_EQ(now.collect.threads, 3u);
  EXPECT_EQ(now.store.directory, "a");
  EXPECT_FALSE(now.templates.state_file);
  EXPECT_TRUE(now.collect.other);
  EXPECT_EQ(now.limits.templates, 6u);
  EXPECT_EQ(now.sampling.size(), 1u);
  // Whatever the keys are: what is left to say of the two is what needs a restart.
  for (const Change& change : changes(now, *loaded, sections()))
    EXPECT_EQ(change.on_reload, OnReload::needs_restart) << change.name;
  for (const Change& change : changes(running, now, sections()))
    EXPECT_EQ(change.on_reload, OnReload::applied) << change.name;
  EXPECT_EQ(changes(now, *loaded, sections()).size(), 3u);
  EXPECT_EQ(changes(running, now, sections()).size(), 3u);
}

TEST(Config, ColumnsBecomeASchema) {
  const auto config = parse(
      "[[columns]]\nname = \"a\"\nelement = \"9:44940\"\ntype = \"text\"\n"
      "[[columns]]\nname = \"b_mac\"\nelement = \"0:300\"\ntype = \"mac\"\n");
  ASSERT_TRUE(config);
  EXPECT_EQ(changes(Config{}, *config, sections()).size(), 1u);
  const flow::SchemaPtr schema = flow_schema(config->columns).value();
  EXPECT_EQ(schema->size(), flow::kColumnCount + 2);
  EXPECT_EQ((*schema)[*schema->find("b_mac")].type, flow::ColumnType::mac);
  // The enterprise bit: NetFlow v9's number and IPFIX's.
  ASSERT_EQ(schema->configured().size(), 3u);
  EXPECT_EQ(schema->configured()[0].enterprise, 9u);
  EXPECT_EQ(schema->configured()[0].number, 44940 - 32768);
  EXPECT_EQ(schema->configured()[1].enterprise, 0u);
  EXPECT_EQ(schema->configured()[1].number, 44940);
  EXPECT_EQ(schema->configured()[1].column, schema->configured()[0].column);
}

TEST(Config, HugeFileIsRefused) {
  const std::vector<std::string> got = problems_of(std::string(kMaxFileBytes + 1, '#'));
  ASSERT_EQ(got.size(), 1u);
  EXPECT_TRUE(got[0].starts_with("f: larger than 1MiB")) << got[0];
}

TEST(Config, LoadNamesTheFile) {
  const auto config = load("/nonexistent/weir.toml", sections());
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().message, "cannot read the configuration /nonexistent/weir.toml: No such file or directory");
}

TEST(Config, ExampleIsAccepted) {
  const auto config = parse(example(sections()));
  ASSERT_TRUE(config) << problems_of(example(sections()))[0];
  // With every commented key switched on, too.
  std::string all = example(sections());
  for (const std::string_view hidden : {"# [[sampling", "# [[columns", "# max_age =", "# max_size =", "# exporter =",
                                        "# rate =", "# name =", "# element =", "# type =", "# conversion ="}) {
    const size_t at = all.find(hidden);
    ASSERT_NE(at, std::string::npos) << hidden;
    all.erase(at, 2);
  }
  const auto switched_on = parse(all);
  ASSERT_TRUE(switched_on) << problems_of(all)[0];
  EXPECT_EQ(switched_on->sampling.size(), 1u);
  EXPECT_EQ(switched_on->columns.size(), 1u);
  EXPECT_TRUE(switched_on->retention.max_age);
}

TEST(Config, DefaultsAreWithinTheirBounds) {
  for (const Section* section : sections()) {
    const bool array = section->array != nullptr;
    for (const Key& key : section->keys) {
      const std::string value =
          default_text(*section, key).empty() ? std::string(key.example) : default_text(*section, key);
      std::string text =
          fmt::format("{}{}{}\n{} = {}\n", array ? "[[" : "[", section->name, array ? "]]" : "]", key.name, value);
      const bool together = array || section->name == "tls" || section->name == "templates";  // keys need each other
      for (const Key& other : section->keys) {
        if (together && other.name != key.name && !other.example.empty())
          text += fmt::format("{} = {}\n", other.name, other.example);
      }
      EXPECT_TRUE(problems_of(text).empty()) << text << problems_of(text)[0];
    }
  }
}

TEST(Config, TablesNameKeysAndFlagsThatAreThere) {
  std::set<std::string_view> flags;
  for (const Section* section : sections()) {
    EXPECT_TRUE(section->flag.name.empty() || (section->array != nullptr && section->array->override != nullptr));
    std::set<std::string_view> names;
    for (const Key& key : section->keys) {
      const std::string name = full_name(*section, key);
      EXPECT_TRUE(names.insert(key.name).second) << name << " is there twice";
      EXPECT_TRUE(key.flag.name.empty() || flags.insert(key.flag.name).second) << key.flag.name << " is there twice";
      EXPECT_TRUE(key.flag.name.empty() || (key.flag.name.starts_with("--") && !key.flag.help.empty())) << name;
      EXPECT_TRUE(key.not_below.empty() || find_key(*section, key.not_below) != nullptr) << name;
      std::istringstream needs{std::string(key.needs)};
      for (std::string other; needs >> other;) {
        const size_t dot = other.rfind('.');
        ASSERT_NE(dot, std::string::npos) << name;
        const Section* found = find_section(sections(), other.substr(0, dot));
        ASSERT_NE(found, nullptr) << name;
        EXPECT_NE(find_key(*found, other.substr(dot + 1)), nullptr) << name;
      }
    }
  }
}

TEST(Config, TlsNeedsItsFiles) {
  EXPECT_EQ(problems_of("[collect]\nlisten_tls = [\"4740\"]\n"),
            (std::vector<std::string>{"f:2:14: collect.listen_tls needs tls.certificate",
                                      "f:2:14: collect.listen_tls needs tls.key"}));
  EXPECT_EQ(problems_of("[tls]\ncertificate = \"a\"\n"),
            (std::vector<std::string>{"f:2:15: tls.certificate needs tls.key"}));
  EXPECT_EQ(problems_of("[tls]\nkey = \"a\"\nclient_ca = \"b\"\n"),
            (std::vector<std::string>{"f:2:7: tls.key needs tls.certificate",
                                      "f:3:13: tls.client_ca needs tls.certificate"}));
  EXPECT_EQ(problems_of("[tls]\ncertificate = \"\"\nkey = 5\n").size(), 2u);
  const auto config = parse(R"(
[collect]
listen_tcp = []
listen_tls = ["[::1]:4740"]
[tls]
certificate = "c"
key = "k"
client_ca = "a"
[limits]
connections = 7
connections_per_exporter = 6
stream_bytes = "1MiB"
handshake_time = "5s"
message_time = "4s"
idle_time = "3h"
)");
  ASSERT_TRUE(config);
  EXPECT_TRUE(config->collect.listen_tcp.empty());
  EXPECT_EQ(config->collect.listen_tls[0], "[::1]:4740");
  EXPECT_EQ(config->tls.certificate, "c");
  EXPECT_EQ(config->tls.key, "k");
  EXPECT_EQ(config->tls.client_ca, "a");
  EXPECT_EQ(config->limits.connections, 7u);
  EXPECT_EQ(config->limits.connections_per_exporter, 6u);
  EXPECT_EQ(config->limits.stream_bytes.bytes, 1u << 20);
  EXPECT_EQ(config->limits.handshake_time, Micros{5'000'000});
  EXPECT_EQ(config->limits.message_time, Micros{4'000'000});
  EXPECT_EQ(config->limits.idle_time, Micros{10'800'000'000});
}

TEST(Config, PlaceOfAKey) {
  const std::string path = testing::TempDir() + "weir-place.toml";
  std::ofstream(path) << "[tls]\ncertificate = \"a\"\n  key = \"b\"\n";
  EXPECT_EQ(place(path, "tls", "key"), path + ":3:9");
  EXPECT_EQ(place(path, "tls", "client_ca"), path);
  EXPECT_EQ(place("/nowhere", "tls", "key"), "/nowhere");
}

TEST(Size, Parses) {
  const std::pair<std::string_view, std::optional<uint64_t>> cases[] = {{"0", 0},
                                                                        {"512", 512},
                                                                        {"512B", 512},
                                                                        {"10GB", 10'000'000'000},
                                                                        {"10G", 10'000'000'000},
                                                                        {"1KiB", 1024},
                                                                        {"1.5MiB", 3 << 19},
                                                                        {"1 TiB", 1ull << 40},
                                                                        {"2kb", 2000},
                                                                        {"1mb", 1'000'000},
                                                                        {"", std::nullopt},
                                                                        {"B", std::nullopt},
                                                                        {"-1B", std::nullopt},
                                                                        {"nan", std::nullopt},
                                                                        {"infGB", std::nullopt},
                                                                        {"1XB", std::nullopt},
                                                                        {"99999999TiB", std::nullopt},
                                                                        {"1e3", std::nullopt},
                                                                        {"1 0", std::nullopt}};
  for (const auto& [text, want] : cases) EXPECT_EQ(parse_size(text), want) << text;
}

TEST(Size, TextReadsBack) {
  for (const uint64_t bytes :
       {uint64_t{0}, uint64_t{1}, uint64_t{1000}, uint64_t{1024}, uint64_t{32} << 20, uint64_t{10'000'000'000}}) {
    EXPECT_EQ(parse_size(size_to_string(bytes)), bytes) << size_to_string(bytes);
  }
}

TEST(Listen, Forms) {
  for (const std::string_view good : {"0", "2055", ":2055", "192.0.2.1:2055", "0.0.0.0:0", "[::]:65535",
                                      "[2001:db8::1]:4739", "localhost:2055", "*:2055", "a-b.example:1"}) {
    EXPECT_TRUE(is_listen_address(good)) << good;
  }
  for (const std::string_view bad :
       {"", ":", "65536", "-1", "+1", "2055x", "192.0.2.1", "192.0.2:2055", "::1:2055", "[::1]2055", "[192.0.2.1]:2055",
        "192.0.2:2055", "ho st:2055", "[host]:2055", "[]:2055", "[::1:2055", "100000", "1 "}) {
    EXPECT_FALSE(is_listen_address(bad)) << bad;
  }
}

}  // namespace
}  // namespace weir::config
