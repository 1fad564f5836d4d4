// A table of flags and some 80 lines that read it: CLI11 would cost 640 KiB of resident memory here, of which a whole
// scrape takes less.
#include "app/weir_host/settings.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>
#include <variant>

#include "app/weir_host/collector_flags.h"
#include "base/time.h"
#include "host/registry.h"

namespace weir::app {
namespace {

// The flags of node_exporter that have no meaning here, so that its command lines can be kept.
constexpr auto kIgnored = std::to_array<std::string_view>({
    "runtime.gomaxprocs",
    "log.format",
    "collector.netclass.netlink",
    "collector.netdev.netlink",
});
// Collectors that only node_exporter has: turning them off is granted.
constexpr auto kNodeExporterOnly = std::to_array<std::string_view>({
    "drbd",
    "drm",
    "logind",
    "ntp",
    "nvmesubsystem",
    "pcidevice",
    "runit",
    "supervisord",
    "swap",
    "sysctl",
});

// The settings while they are read: what --collector.NAME said, by position in the registry.
struct Parsing {
  Settings settings;
  std::vector<std::optional<bool>> turned;
  std::vector<host::Selection*> included;  // by a flag
  std::vector<host::Selection*> excluded;
  bool disable_defaults = false;
  bool print = false;
  bool help = false;
  bool version = false;
  bool markdown = false;
};

std::vector<Flag> flags_of(Parsing& parsing) {
  Settings& s = parsing.settings;
  std::vector<Flag> flags = {
      {"listen", "ADDRESS", "the same as --web.listen-address", &s.listen},
      {"web.listen-address", "ADDRESS",
       "where to listen, repeatable: :9100 (the default: all addresses), 192.0.2.1:9100, [::1]:9100, unix:/run/x.sock",
       &s.listen},
      {"web.systemd-socket", "", "listen on the sockets that systemd hands over", &s.systemd_socket},
      {"web.telemetry-path", "PATH", "where the metrics are", &s.telemetry_path},
      {"web.config.file", "FILE", "TLS, users and limits, in the format of the Prometheus exporters", &s.web_config},
      {"web.max-requests", "N", "scrapes at once, more get status 503; 0: any number", &s.max_requests},
      {"web.disable-exporter-metrics", "", "leave out process_* and weir_host_*", &s.disable_exporter_metrics},
      {"path.procfs", "FOLDER", "where procfs is mounted", &s.options.procfs},
      {"path.sysfs", "FOLDER", "where sysfs is mounted", &s.options.sysfs},
      {"path.rootfs", "FOLDER", "where the root file system is mounted", &s.options.rootfs},
      {"path.udev.data", "FOLDER", "where udev keeps what it knows of devices", &s.options.udev_data},
      {"log.level", "LEVEL", "debug, info, warn or error", &s.log_level},
      {"sandbox", "", "give up what a scrape does not need: system calls (seccomp), files (Landlock)", &s.sandbox},
      {"print", "", "print one scrape and end", &parsing.print},
      {"collectors-markdown", "", "print the table of collectors of the documentation and end", &parsing.markdown},
      {"version", "", "print the version and end", &parsing.version},
      {"help", "", "print this and end", &parsing.help},
      {"collector.disable-defaults", "", "only the collectors that are named are on", &parsing.disable_defaults},
  };
  add_collector_flags(flags, s.options);
  return flags;
}

Result<> set(Parsing& parsing, const Flag& flag, std::string_view value) {
  if (auto* const* text = std::get_if<std::string*>(&flag.target)) {
    (*text)->assign(value);
  } else if (auto* const* list = std::get_if<std::vector<std::string>*>(&flag.target)) {
    (*list)->emplace_back(value);
  } else if (auto* const* number = std::get_if<uint32_t*>(&flag.target)) {
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), **number);
    if (error != std::errc() || end != value.data() + value.size())
      return fail("--{}: '{}' is not a number of 0 to 4294967295", flag.name, value);
  } else if (auto* const* time = std::get_if<std::chrono::milliseconds*>(&flag.target)) {
    const auto duration = parse_duration(value);
    if (!duration) return fail("--{}: '{}' is not a time like 5s or 500ms", flag.name, value);
    **time = std::chrono::duration_cast<std::chrono::milliseconds>(*duration);
  } else if (const auto* side = std::get_if<Side>(&flag.target)) {
    (side->include ? side->selection->include : side->selection->exclude).assign(value);
    (side->include ? parsing.included : parsing.excluded).push_back(side->selection);
  }
  return {};
}

template <class Names, class Name>
bool contains(const Names& names, const Name& name) {
  return std::ranges::find(names, name) != std::end(names);
}

// --collector.NAME and --no-collector.NAME; false if the name is none of a collector.
bool turn(Parsing& parsing, std::string_view name, bool on) {
  constexpr std::string_view kPrefix = "collector.";
  if (!name.starts_with(kPrefix)) return false;
  name.remove_prefix(kPrefix.size());
  const auto all = host::collectors();
  const auto found = std::ranges::find(all, name, &host::CollectorEntry::name);
  if (found != all.end()) {
    parsing.turned[static_cast<size_t>(found - all.begin())] = on;
    return true;
  }
  return !on && contains(kNodeExporterOnly, name);
}

Result<> parse(Parsing& parsing, std::span<const std::string_view> arguments) {
  const std::vector<Flag> flags = flags_of(parsing);
  for (size_t i = 0; i < arguments.size(); ++i) {
    const std::string_view argument = arguments[i] == "-h" ? "--help" : arguments[i];
    if (!argument.starts_with("--") || argument.size() == 2)
      return fail("'{}' is not a flag: there are no other arguments", argument);
    const size_t equals = std::min(argument.find('='), argument.size());
    const std::string_view name = argument.substr(2, equals - 2);
    std::optional<std::string_view> value;
    if (equals < argument.size()) value = argument.substr(equals + 1);
    const bool negated = name.starts_with("no-");
    const std::string_view bare = negated ? name.substr(3) : name;
    const auto with_value = [&]() -> Result<std::string_view> {
      if (!value && ++i < arguments.size()) value = arguments[i];
      if (!value) return fail("--{} needs a value", name);
      return *value;
    };

    auto flag = std::ranges::find(flags, name, &Flag::name);
    if (flag != flags.end() && !flag->value.empty()) {
      const auto given = TRY(with_value());
      TRY(set(parsing, *flag, given));
      continue;
    }
    if (contains(kIgnored, bare)) {
      // Those of a value in node_exporter; the others are switches.
      if (bare == "runtime.gomaxprocs" || bare == "log.format") {
        TRY(with_value());
      }
      parsing.settings.ignored.emplace_back(name);
      continue;
    }
    flag = std::ranges::find(flags, bare, &Flag::name);
    const bool is_switch = flag != flags.end() && flag->value.empty();
    if (value && (is_switch || turn(parsing, bare, !negated))) return fail("--{} takes no value", name);
    if (is_switch) {
      *std::get<bool*>(flag->target) = !negated;
    } else if (!turn(parsing, bare, !negated)) {
      return fail("there is no flag --{}", name);
    }
  }
  return {};
}

Result<> check(const Settings& settings) {
  if (!settings.telemetry_path.starts_with('/') || settings.telemetry_path == "/")
    return fail("--web.telemetry-path: '{}' is not a path like /metrics", settings.telemetry_path);
  if (settings.telemetry_path.find_first_of("?#% ") != std::string::npos)
    return fail("--web.telemetry-path: '{}' holds one of ? # % and space", settings.telemetry_path);
  return {};
}

std::string default_of(const Flag& flag) {
  if (auto* const* text = std::get_if<std::string*>(&flag.target)) return **text;
  if (auto* const* number = std::get_if<uint32_t*>(&flag.target)) return std::to_string(**number);
  if (auto* const* on = std::get_if<bool*>(&flag.target)) return **on ? "on" : "";
  if (auto* const* time = std::get_if<std::chrono::milliseconds*>(&flag.target))
    return fmt::format("{}ms", (*time)->count());
  if (const auto* side = std::get_if<Side>(&flag.target))
    return side->include ? side->selection->include : side->selection->exclude;
  return {};
}

void append_help(std::string& out, const Flag& flag) {
  std::string left = fmt::format("  --{}{}{}", flag.name, flag.value.empty() ? "" : "=", flag.value);
  const std::string preset = default_of(flag);
  const std::string shown = preset.empty() ? "" : fmt::format(" [{}]", preset);
  if (left.size() > 38) {
    out += left + "\n";
    left.clear();
  }
  out += fmt::format("{:<40}{}{}\n", left, flag.help, shown);
}

std::string_view needs(host::Privilege privilege) {
  switch (privilege) {
    case host::Privilege::none:
      return "nothing";
    case host::Privilege::some:
      return "more for some metrics";
    case host::Privilege::root:
      return "root or capabilities";
  }
  return "";
}

}  // namespace

Result<Settings> parse_command_line(std::span<const std::string_view> arguments) {
  Parsing parsing;
  const auto all = host::collectors();
  parsing.turned.resize(all.size());
  TRY(parse(parsing, arguments));
  TRY(check(parsing.settings));
  for (host::Selection* selection : parsing.included)
    if (!contains(parsing.excluded, selection)) selection->exclude.clear();
  for (size_t i = 0; i < all.size(); ++i) {
    const bool preset = all[i].on_by_default && !parsing.disable_defaults;
    if (parsing.turned[i].value_or(preset)) parsing.settings.collectors.push_back(all[i]);
  }
  Settings& settings = parsing.settings;
  if (parsing.print) settings.action = Action::print;
  if (parsing.markdown) settings.action = Action::collectors_markdown;
  if (parsing.version) settings.action = Action::version;
  if (parsing.help) settings.action = Action::help;
  return std::move(settings);
}

std::string help_text() {
  Parsing parsing;
  std::string text =
      "weir-host: metrics of this machine for Prometheus, with node_exporter's names and flags.\n\n"
      "Usage: weir-host [FLAG...]   --flag=value or --flag value; --no-SWITCH turns a switch off\n\n";
  for (const Flag& flag : flags_of(parsing)) append_help(text, flag);
  text += "\nCollectors: --collector.NAME turns one on, --no-collector.NAME off (* on by default)\n";
  for (const host::CollectorEntry& entry : host::collectors())
    text += fmt::format("  {} {:<20} {}\n", entry.on_by_default ? '*' : ' ', entry.name, entry.help);
  return text;
}

std::string collectors_markdown() {
  std::string text = "| collector | on by default | says | needs |\n|---|---|---|---|\n";
  for (const host::CollectorEntry& entry : host::collectors())
    text += fmt::format("| {} | {} | {} | {} |\n", entry.name, entry.on_by_default ? "yes" : "no", entry.help,
                        needs(entry.privilege));
  return text;
}

}  // namespace weir::app
