// Options of the command line as keys of the configuration.
#include "config/command_line.h"

#include <gtest/gtest.h>

#include "config/parse.h"

namespace weir::config {
namespace {

// By the name of its option; `words` as the command line has them.
GivenFlag given(std::string_view name, std::vector<std::string> words = {}) {
  for (const Section* section : sections()) {
    if (section->flag.name == name) return {section, nullptr, std::move(words)};
    for (const Key& key : section->keys) {
      if (key.flag.name == name) return {section, &key, std::move(words)};
    }
  }
  ADD_FAILURE() << "there is no " << name;
  return {};
}

std::string refusal(std::vector<GivenFlag> flags, Config config = {}) {
  const Result<> applied = apply_flags(flags, config, sections());
  return applied ? "accepted" : applied.error().message;
}

TEST(CommandLine, WinsOverTheFile) {
  Config config = *parse(
      "[collect]\nlisten = [\"1\"]\nthreads = 2\n[store]\nflush_interval = \"1s\"\n"
      "[[sampling]]\nexporter = \"192.0.2.1\"\nrate = 1\n[[sampling]]\nexporter = \"192.0.2.2\"\nrate = 2\n");
  const std::vector<GivenFlag> flags = {given("--listen", {"2055", "[::1]:0"}),
                                        given("--threads", {"003"}),
                                        given("--cpus", {"1", "0"}),
                                        given("--flush-interval", {"2s"}),
                                        given("--other"),
                                        given("--spread", {"datagram"}),
                                        given("--sampling", {"192.0.2.1=4000000000", "2001:db8::1=5"})};
  const Result<> applied = apply_flags(flags, config, sections());
  ASSERT_TRUE(applied) << applied.error().message;
  EXPECT_EQ(config.collect.listen, (std::vector<std::string>{"2055", "[::1]:0"}));
  EXPECT_EQ(config.collect.threads, 3u);
  EXPECT_EQ(config.collect.cpus, (std::vector<uint64_t>{1, 0}));
  EXPECT_EQ(config.collect.spread, "datagram");
  EXPECT_TRUE(config.collect.other);
  EXPECT_EQ(config.store.flush_interval, Micros{2'000'000});
  ASSERT_EQ(config.sampling.size(), 3u);
  EXPECT_EQ(config.sampling[0], (Sampling{*IpAddress::parse("192.0.2.2"), 2}));
  EXPECT_EQ(config.sampling[1], (Sampling{*IpAddress::parse("192.0.2.1"), 4'000'000'000}));
  EXPECT_EQ(config.sampling[2], (Sampling{*IpAddress::parse("2001:db8::1"), 5}));
}

TEST(CommandLine, FileNamesNeedNotBeUtf8) {
  Config config;
  const std::vector<GivenFlag> flags = {given("--store", {"a\xff\x01\"b"})};
  ASSERT_TRUE(apply_flags(flags, config, sections()));
  EXPECT_EQ(config.store.directory, "a\xff\x01\"b");
}

TEST(CommandLine, ProblemsNameTheOption) {
  EXPECT_EQ(refusal({given("--threads", {"x"})}),
            "--threads: \"x\" is not allowed: collect.threads must be a whole number from 1 to 256");
  EXPECT_EQ(refusal({given("--threads", {"0"})}),
            "--threads: 0 is not allowed: collect.threads must be a whole number from 1 to 256");
  EXPECT_EQ(refusal({given("--cpus", {"0", "x"})}),
            "--cpus: \"0 x\" is not allowed: collect.cpus must be a list of whole numbers from 0 to 1023, each once");
  EXPECT_TRUE(
      refusal({given("--listen", {"70000"})}).starts_with("--listen: \"70000\" is not allowed: collect.listen"));
  EXPECT_TRUE(
      refusal({given("--flush-interval", {"5"})}).starts_with("--flush-interval: \"5\" is not allowed: store."));
  EXPECT_TRUE(refusal({given("--log-level", {"loud"})}).starts_with("--log-level: \"loud\" is not allowed: log.level"));
}

TEST(CommandLine, SamplingIsExporterAndRate) {
  for (const std::string entry : {"192.0.2.1", "192.0.2.1=", "=5", ""}) {
    EXPECT_EQ(refusal({given("--sampling", {entry})}),
              "--sampling " + entry + ": it must be EXPORTER=RATE, such as 192.0.2.1=1000");
  }
  EXPECT_EQ(refusal({given("--sampling", {"192.0.2.1=0"})}),
            "--sampling 192.0.2.1=0: 0 is not allowed: sampling.rate must be a whole number from 1 to 4294967295");
  EXPECT_TRUE(refusal({given("--sampling", {"host=1"})}).starts_with("--sampling host=1: \"host\" is not allowed:"));
  EXPECT_EQ(refusal({given("--sampling", {"192.0.2.1=1", "192.0.2.1=2"})}),
            "--sampling: 192.0.2.1 has a rate already: each exporter may appear once");
}

TEST(CommandLine, TogetherWithTheFile) {
  EXPECT_EQ(refusal({given("--listen-tls", {"4740"})}),
            "--listen-tls needs tls.certificate (--tls-certificate)\n--listen-tls needs tls.key (--tls-key)");
  EXPECT_EQ(refusal({given("--tls-key", {"k"})}), "--tls-key needs tls.certificate (--tls-certificate)");
  const Config with_files = *parse("[tls]\ncertificate = \"c\"\nkey = \"k\"\n");
  EXPECT_EQ(refusal({given("--listen-tls", {"4740"})}, with_files), "accepted");
  EXPECT_EQ(refusal({given("--listen-tls", {"4740"}), given("--tls-certificate", {"c"}), given("--tls-key", {"k"})}),
            "accepted");
}

}  // namespace
}  // namespace weir::config
