// Defaults stand twice, in config.h and in the options of the parts, which know nothing of the configuration. They
// agree.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "app/weir/known_sections.h"
#include "app/weir/settings_bindings.h"
#include "config/document.h"
#include "config/parse.h"

namespace weir::app {
namespace {

// How many options two settings have, of those that a key fills alone; each that differs is a failure.
template <class... Bindings>
int compare(const std::tuple<Bindings...>& bindings, Settings& a, Settings& b, const std::string& name);

template <auto Member, class Target>
int compare_one(const Binding<Member, Target>& binding, Settings& a, Settings& b, const std::string& name) {
  if constexpr (requires { std::tuple_size<Target>::value; }) {
    return compare(binding.target, a, b, name);
  } else if constexpr (requires { binding.target(a); }) {
    EXPECT_TRUE(binding.target(a) == binding.target(b)) << "option " << name;
    return 1;
  } else {
    return 0;
  }
}

template <class... Bindings>
int compare(const std::tuple<Bindings...>& bindings, Settings& a, Settings& b, const std::string& name) {
  int number = 0;
  int compared = 0;
  std::apply(
      [&](const auto&... each) { ((compared += compare_one(each, a, b, name + "." + std::to_string(++number))), ...); },
      bindings);
  return compared;
}

TEST(Settings, DefaultsOfThePartsAreThoseOfTheConfiguration) {
  Settings parts;
  Settings configured;
  ASSERT_TRUE(fill(config::Config{}, kConfigBindings, configured));
  // A number such as 4.2 is the second member of the fourth section of Config.
  EXPECT_GT(compare(kConfigBindings, parts, configured, "Config"), 30);
  EXPECT_EQ(parts.collector.store.directory, configured.collector.store.directory);
  EXPECT_EQ(parts.collector.receiver.spread, configured.collector.receiver.spread);
}

TEST(Settings, DocumentationIsCurrent) {
  std::ifstream file(WEIR_SOURCE_DIR "/docs/configuration.md");
  std::stringstream text;
  text << file.rdbuf();
  EXPECT_EQ(text.str(), config::markdown(known_sections()))
      << "docs/configuration.md is out of date: run weir check --markdown > docs/configuration.md";
}

TEST(Settings, WhatShouldNotBeIsToldAndWorks) {
  const auto told = [](std::string_view text) {
    const auto config = config::parse(text, known_sections());
    EXPECT_TRUE(config);
    const auto all = settings(*config);
    EXPECT_TRUE(all);
    std::string lines;
    for (const std::string& warning : warnings(*all)) lines += warning.substr(0, warning.find(' ')) + ";";
    return lines;
  };
  EXPECT_EQ(told(""), "");
  EXPECT_EQ(told("[limits]\ntemplates = 1000000\n"), "") << "as weir check --example has it";
  EXPECT_EQ(told("[limits]\ntemplates = 7\n[templates]\nredis = \"rediss://x\"\nredis_verify = false\n"),
            "limits.templates;templates.redis_verify;");
}

TEST(Settings, ValuesBecomeThoseOfTheirOptions) {
  const auto config = config::parse(R"(
[collect]
listen = ["127.0.0.1:1"]
spread = "datagram"
cpus = [3]
socket_buffer = "1MiB"
[tls]
certificate = "c"
key = "k"
[store]
directory = "d"
[retention]
max_size = "2MiB"
[limits]
early_age = "90s"
idle_time = "1500ms"
memory = "1GiB"
[[sampling]]
exporter = "192.0.2.1"
rate = 4294967295
)");
  ASSERT_TRUE(config);
  Settings all;
  ASSERT_TRUE(fill(*config, kConfigBindings, all));
  EXPECT_EQ(all.collector.listen.at(0).to_string(), "127.0.0.1:1");
  EXPECT_EQ(all.collector.receiver.spread, net::Spread::datagram);
  EXPECT_EQ(all.collector.cpus, std::vector<size_t>{3});
  EXPECT_EQ(all.collector.receiver.socket_buffer_bytes, 1u << 20);
  EXPECT_EQ(all.tls.certificate, "c");
  EXPECT_EQ(all.tls.client_ca, "");
  EXPECT_EQ(all.collector.state_file, "d/templates.state");
  EXPECT_EQ(all.collector.store.max_bytes, 2u << 20);
  EXPECT_EQ(all.collector.decoder.limits.early_age, std::chrono::seconds{90});
  EXPECT_EQ(all.collector.streams.idle_time, std::chrono::milliseconds{1500});
  EXPECT_EQ(all.collector.memory_limit_bytes, 1u << 30);
  EXPECT_EQ(all.collector.decoder.sampling_rates.at(*IpAddress::parse("192.0.2.1")), 4'294'967'295u);
}

}  // namespace
}  // namespace weir::app
