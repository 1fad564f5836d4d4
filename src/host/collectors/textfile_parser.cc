#include "host/collectors/textfile_parser.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "base/utf8.h"
#include "telemetry/utf8.h"

namespace weir::host {
namespace {

constexpr std::array<std::string_view, 5> kTypeNames{"untyped", "counter", "gauge", "histogram", "summary"};

bool is_name_begin(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_label_character(char c) { return is_name_begin(c) || (c >= '0' && c <= '9'); }
bool is_metric_character(char c) { return is_label_character(c) || c == ':'; }

void skip_blanks(std::string_view& text) { text.remove_prefix(std::min(text.find_first_not_of(" \t"), text.size())); }

std::string_view take_while(std::string_view& text, bool (*wanted)(char)) {
  const auto end = std::ranges::find_if_not(text, wanted);
  const std::string_view taken = text.substr(0, static_cast<size_t>(end - text.begin()));
  text.remove_prefix(taken.size());
  return taken;
}

std::string_view take_metric_name(std::string_view& text) {
  if (text.empty() || (!is_name_begin(text[0]) && text[0] != ':')) return {};
  return take_while(text, is_metric_character);
}

bool take_character(std::string_view& text, char wanted) {
  if (!text.starts_with(wanted)) return false;
  text.remove_prefix(1);
  return true;
}

// A number as in Go's ParseFloat, but not hexadecimal: also NaN, Inf and Infinity in any case, and with a sign.
std::optional<double> parse_value(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || text[0] == '-') return std::nullopt;
  // from_chars takes "nan(...)" as well.
  if (!std::ranges::all_of(text, [](char c) { return is_label_character(c) || c == '.' || c == '-' || c == '+'; }))
    return std::nullopt;
  const auto number = parse_number<double>(text);
  if (!number) return std::nullopt;
  return negative ? -*number : *number;
}

std::string format_value(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "+Inf" : "-Inf";
  std::array<char, 32> digits;
  return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr};
}

// Undoes `\\`, `\n` and, in values of labels, `\"`. Any other escape is an error.
std::optional<std::string> unescape(std::string_view text, bool quotes) {
  std::string plain;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      plain += text[i];
      continue;
    }
    if (++i == text.size()) return std::nullopt;
    if (text[i] == '\\') {
      plain += '\\';
    } else if (text[i] == 'n') {
      plain += '\n';
    } else if (text[i] == '"' && quotes) {
      plain += '"';
    } else {
      return std::nullopt;
    }
  }
  return plain;
}

struct TextLabel {
  std::string_view name;
  std::string value;
};

// Takes what stands before the quote that ends a value.
std::optional<std::string> take_quoted(std::string_view& text) {
  if (!take_character(text, '"')) return std::nullopt;
  size_t end = 0;
  while (end < text.size() && text[end] != '"') end += text[end] == '\\' ? 2 : 1;
  if (end >= text.size()) return std::nullopt;
  const auto plain = unescape(text.substr(0, end), true);
  text.remove_prefix(end + 1);
  return plain;
}

class Parser {
 public:
  Result<std::vector<TextFamily>> parse(std::string_view text) {
    if (!text.empty() && !text.ends_with('\n')) return fail("the last line has no end");
    for (size_t number = 1; !text.empty(); ++number) {
      if (const std::string_view wrong = take_line(next_line(text)); !wrong.empty())
        return fail("line {}: {}", number, wrong);
    }
    std::erase_if(families_, [](const TextFamily& family) { return family.samples.empty(); });
    return std::move(families_);
  }

 private:
  // What is wrong with a line; empty if nothing is.
  std::string_view take_line(std::string_view line) {
    skip_blanks(line);
    if (line.empty()) return {};
    if (take_character(line, '#')) return take_comment(line);
    return take_sample(line);
  }

  std::string_view take_comment(std::string_view line) {
    const std::string_view keyword = next_word(line);
    if (keyword != "HELP" && keyword != "TYPE") return {};
    skip_blanks(line);
    const std::string_view name = take_metric_name(line);
    if (name.empty() || (!line.empty() && line[0] != ' ' && line[0] != '\t')) return "the name of a metric is not one";
    skip_blanks(line);
    TextFamily& family = family_named(name);
    if (keyword == "HELP") {
      if (family.help) return "a second HELP of the same metric";
      auto help = unescape(line, false);
      if (!help) return "an escape in HELP that is neither \\\\ nor \\n";
      family.help = std::move(help);
      return {};
    }
    if (!typed_.insert(family.name).second) return "a second TYPE of the same metric";
    if (!family.samples.empty()) return "TYPE after a sample of the same metric";
    const auto type = std::ranges::find(kTypeNames, trimmed(line));
    if (type == kTypeNames.end()) return "TYPE is none of counter, gauge, histogram, summary, untyped";
    family.type = static_cast<TextType>(type - kTypeNames.begin());
    return {};
  }

  std::string_view take_sample(std::string_view line) {
    const std::string_view name = take_metric_name(line);
    if (name.empty()) return "the name of a metric is not one";
    labels_.clear();
    if (const size_t before = line.size(); skip_blanks(line), take_character(line, '{')) {
      if (const std::string_view wrong = take_labels(line); !wrong.empty()) return wrong;
    } else if (line.size() == before) {
      return "no value behind the name";
    }
    const std::string_view number = next_word(line);
    const auto value = parse_value(number);
    if (!value) return "the value is not a number";
    if (!trimmed(line).empty()) return "there is something behind the value; timestamps are not allowed here";
    return add(name, *value);
  }

  std::string_view take_labels(std::string_view& line) {
    skip_blanks(line);
    while (!take_character(line, '}')) {
      TextLabel label;
      label.name = !line.empty() && is_name_begin(line[0]) ? take_while(line, is_label_character) : std::string_view();
      if (label.name.empty() || label.name == "__name__") return "the name of a label is not one";
      skip_blanks(line);
      if (!take_character(line, '=')) return "a label without =";
      skip_blanks(line);
      auto value = take_quoted(line);
      if (!value) return "the value of a label is not quoted, or has an escape that is none of \\\\, \\\" and \\n";
      label.value = std::move(*value);
      if (!is_utf8(label.value)) return "the value of a label is not UTF-8";
      labels_.push_back(std::move(label));
      skip_blanks(line);
      if (take_character(line, ',')) {
        skip_blanks(line);
      } else if (!line.starts_with('}')) {
        return "labels without a comma between them";
      }
    }
    std::ranges::sort(labels_, {}, &TextLabel::name);
    if (std::ranges::adjacent_find(labels_, {}, &TextLabel::name) != labels_.end()) return "the same label twice";
    return {};
  }

  std::string_view add(std::string_view name, double value) {
    TextFamily& family = family_of_sample(name);
    if (const std::string_view wrong = fits(family, name.substr(family.name.size())); !wrong.empty()) return wrong;
    std::string sample(name);
    // An empty value is no label.
    std::erase_if(labels_, [](const TextLabel& label) { return label.value.empty(); });
    for (const TextLabel& label : labels_) {
      sample += sample.size() == name.size() ? '{' : ',';
      sample.append(label.name).append("=\"");
      telemetry::append_label_value(sample, label.value);
      sample += '"';
    }
    if (!labels_.empty()) sample += '}';
    if (!series_.insert(sample).second) return "the same sample twice";
    sample.append(" ").append(format_value(value));
    family.samples.push_back(std::move(sample));
    return {};
  }

  // Whether a sample of this suffix, with these labels, may be in a family of this type.
  std::string_view fits(const TextFamily& family, std::string_view suffix) const {
    const auto bound = [this](std::string_view name) {
      return std::ranges::any_of(
          labels_, [&](const TextLabel& label) { return label.name == name && parse_value(label.value).has_value(); });
    };
    if (family.type == TextType::histogram) {
      if (suffix.empty()) return "a sample of a histogram that is no _bucket, _sum or _count";
      if (suffix == "_bucket" && !bound("le")) return "a bucket whose label le is not a number";
    }
    if (family.type == TextType::summary && suffix.empty() && !bound("quantile"))
      return "a sample of a summary whose label quantile is not a number";
    return {};
  }

  TextFamily& family_named(std::string_view name) {
    const auto [place, is_new] = positions_.try_emplace(std::string(name), families_.size());
    if (is_new) families_.push_back({.name = std::string(name), .help = {}, .type = {}, .samples = {}});
    return families_[place->second];
  }

  TextFamily& family_of_sample(std::string_view name) {
    for (const std::string_view suffix : {"_bucket", "_count", "_sum"}) {
      if (!name.ends_with(suffix)) continue;
      const auto found = positions_.find(std::string(name.substr(0, name.size() - suffix.size())));
      if (found == positions_.end()) continue;
      TextFamily& family = families_[found->second];
      if (family.type == TextType::histogram || (family.type == TextType::summary && suffix != "_bucket"))
        return family;
    }
    return family_named(name);
  }

  std::vector<TextFamily> families_;
  std::unordered_map<std::string, size_t> positions_;
  std::unordered_set<std::string> typed_;
  std::unordered_set<std::string> series_;
  std::vector<TextLabel> labels_;
};

}  // namespace

std::string_view text_type_name(TextType type) { return kTypeNames[static_cast<size_t>(type)]; }

std::string_view series_of(std::string_view sample) { return sample.substr(0, sample.rfind(' ')); }

Result<std::vector<TextFamily>> parse_text_format(std::string_view text) { return Parser().parse(text); }

}  // namespace weir::host
