// Keys and values as text.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <utility>

#include "config/keys.h"
#include "config/overloaded.h"
#include "config/size.h"

namespace weir::config {
namespace {

constexpr uint64_t kSecond = 1'000'000;  // microseconds

std::string in_quotes(std::string_view text) { return fmt::format("\"{}\"", text); }

std::string duration_to_toml(uint64_t us) {
  constexpr std::array<std::pair<uint64_t, std::string_view>, 4> units = {
      {{86'400 * kSecond, "d"}, {3600 * kSecond, "h"}, {60 * kSecond, "m"}, {kSecond, "s"}}};
  for (const auto& [unit, name] : units) {
    if (us >= unit && us % unit == 0) return fmt::format("\"{}{}\"", us / unit, name);
  }
  return us == 0 ? "\"0s\"" : fmt::format("\"{}ms\"", us / 1000);
}

// Empty: there is no value.
std::string to_toml(bool value) { return value ? "true" : "false"; }
std::string to_toml(uint64_t value) { return fmt::to_string(value); }
std::string to_toml(ByteSize value) { return in_quotes(size_to_string(value.bytes)); }
std::string to_toml(Micros value) { return duration_to_toml(static_cast<uint64_t>(value.count())); }
std::string to_toml(const std::string& value) { return in_quotes(value); }
std::string to_toml(const std::filesystem::path& value) { return in_quotes(value.string()); }
std::string to_toml(const RedisUrl& value) { return in_quotes(value.to_string()); }
std::string to_toml(const IpAddress& value) { return in_quotes(value.to_string()); }
std::string to_toml(const Element& value) { return in_quotes(to_string(value)); }
std::string to_toml(const std::vector<std::string>& texts) {
  std::vector<std::string> all;
  all.reserve(texts.size());
  for (const std::string& text : texts) all.push_back(in_quotes(text));
  return fmt::format("[{}]", fmt::join(all, ", "));
}
std::string to_toml(const std::vector<Network>& networks) {
  std::vector<std::string> all;
  for (const Network& network : networks) all.push_back(in_quotes(network.text));
  return fmt::format("[{}]", fmt::join(all, ", "));
}
std::string to_toml(const std::vector<uint64_t>& numbers) {
  return numbers.empty() ? std::string() : fmt::format("[{}]", fmt::join(numbers, ", "));
}
template <class Value>
std::string to_toml(const std::optional<Value>& value) {
  return value ? to_toml(*value) : std::string();
}

std::string sizes_allowed(const Key& key) {
  if (key.most == kMostBytes) {
    return fmt::format("a size of at least {}, such as \"512MiB\" or \"10GB\"", size_to_string(key.least));
  }
  return fmt::format("a size from {} to {}, such as \"32MiB\"", size_to_string(key.least), size_to_string(key.most));
}

std::string durations_allowed(const Key& key) {
  return fmt::format("a duration from {} to {}: a number with ms, s, m, h, d or w", duration_to_toml(key.least),
                     duration_to_toml(key.most));
}

std::string texts_allowed(const Key& key) {
  if (key.choices.empty()) return "a text that is not empty";
  std::string words = "one of \"";
  for (const char c : key.choices) words += c == ' ' ? std::string("\", \"") : std::string(1, c);
  return words + "\"";
}

}  // namespace

std::string full_name(const Section& section, const Key& key) { return fmt::format("{}.{}", section.name, key.name); }

std::string allowed(const Key& key) {
  return std::visit(
      Overloaded{
          [](bool*) -> std::string { return "true or false"; },
          [&](uint64_t*) { return fmt::format("a whole number from {} to {}", key.least, key.most); },
          [&](ByteSize*) { return sizes_allowed(key); },
          [&](std::optional<ByteSize>*) { return sizes_allowed(key); },
          [&](Micros*) { return durations_allowed(key); },
          [&](std::optional<Micros>*) { return durations_allowed(key); },
          [&](std::string*) { return texts_allowed(key); },
          [](IpAddress*) -> std::string { return "an IPv4 or IPv6 address, such as \"192.0.2.1\" or \"2001:db8::1\""; },
          [](Element*) -> std::string { return "\"ENTERPRISE:NUMBER\", such as \"9:44940\"; enterprise 0 is IANA"; },
          [&](std::optional<std::string>*) { return texts_allowed(key); },
          [&](std::vector<std::string>*) {
            return fmt::format("a list of \"PORT\", \"ADDRESS:PORT\" or \"[IPV6-ADDRESS]:PORT\", each once{}",
                               key.least > 0 ? ", at least one" : "");
          },
          [&](std::vector<uint64_t>*) {
            return fmt::format("a list of whole numbers from {} to {}, each once", key.least, key.most);
          },
          [](std::vector<Network>*) -> std::string {
            return "a list of addresses and networks, such as \"192.0.2.0/24\" or \"2001:db8::1\", each once";
          },
          [](std::optional<std::filesystem::path>*) -> std::string { return "a file; \"\" for none"; },
          [](std::optional<RedisUrl>*) -> std::string {
            return "\"redis://HOST\", \"redis://[USER]:PASSWORD@HOST:PORT/DATABASE\", or rediss:// for TLS";
          },
      },
      key.type);
}

std::string value_text(const Field& value) {
  return std::visit([](const auto* v) { return to_toml(*v); }, value);
}

std::string default_text(const Section& section, const Key& key) {
  if (!key.example.empty()) return {};
  Config defaults;
  return value_text(key.field(section.values(section, defaults)));
}

std::string flag_help(const Section& section, const Key& key) {
  std::string text = default_text(section, key);
  std::erase_if(text, [](char c) { return c == '"' || c == '[' || c == ']' || c == ','; });
  const bool is_flag = std::holds_alternative<bool*>(key.type);
  return is_flag || text.empty() ? std::string(key.flag.help) : fmt::format("{} (default: {})", key.flag.help, text);
}

}  // namespace weir::config
