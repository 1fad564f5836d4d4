#include "telemetry/openmetrics.h"

#include <tuple>
#include <utility>

namespace weir::telemetry {
namespace {

constexpr std::string_view kHelp = "# HELP ";
constexpr std::string_view kType = "# TYPE ";
constexpr std::string_view kTotal = "_total";

std::string_view take_line(std::string_view& text) {
  const size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

// Splits "NAME REST" into NAME and REST.
std::pair<std::string_view, std::string_view> cut_name(std::string_view text) {
  const size_t space = text.find(' ');
  if (space == std::string_view::npos) return {text, {}};
  return {text.substr(0, space), text.substr(space + 1)};
}

void append_quoted_help(std::string& out, std::string_view help) {
  for (const char c : help) {
    if (c == '"') out.push_back('\\');
    out.push_back(c);
  }
}

struct Family {
  std::string_view name;
  std::string_view help;
  std::string_view type;
};

// The name and type of the family in OpenMetrics.
Family translated(const Family& family) {
  Family result = family;
  const bool total = family.name.ends_with(kTotal);
  if (family.type == "counter" && total) result.name.remove_suffix(kTotal.size());
  if (family.type == "untyped" || (family.type == "counter" && !total)) result.type = "unknown";
  return result;
}

void append_family(std::string& out, const Family& family) {
  const Family shown = translated(family);
  out.append(kType).append(shown.name).append(" ").append(shown.type).append("\n");
  out.append(kHelp).append(shown.name).append(" ");
  append_quoted_help(out, shown.help);
  out.append("\n");
}

// Takes the lines before the next comment. They are most of a scrape, so this looks for '#' only and not at each line.
std::string_view take_samples(std::string_view& text) {
  size_t end = text.find('#');
  while (end != std::string_view::npos && end != 0 && text[end - 1] != '\n') end = text.find('#', end + 1);
  const std::string_view samples = text.substr(0, end);
  text.remove_prefix(samples.size());
  return samples;
}

}  // namespace

void append_openmetrics(std::string& out, std::string_view text) {
  Family family;
  while (!text.empty()) {
    out.append(take_samples(text));
    const std::string_view line = take_line(text);
    if (line.starts_with(kHelp)) {
      std::tie(family.name, family.help) = cut_name(line.substr(kHelp.size()));
    } else if (line.starts_with(kType)) {
      const auto [name, type] = cut_name(line.substr(kType.size()));
      if (name != family.name) family.help = {};
      family.name = name;
      family.type = type;
      append_family(out, family);
    }
  }
  out.append("# EOF\n");
}

}  // namespace weir::telemetry
