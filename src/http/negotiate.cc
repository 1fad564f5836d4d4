#include "http/negotiate.h"

#include <optional>

#include "base/letters.h"
#include "http/limits.h"

namespace weir::http {
namespace {

constexpr bool is_space(char c) { return c == ' ' || c == '\t'; }

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  return text;
}

// Takes off `text` what stands before the next `separator` outside quotes.
std::string_view take(std::string_view& text, char separator) {
  bool quoted = false;
  size_t end = 0;
  for (; end < text.size(); ++end) {
    const char c = text[end];
    if (quoted && c == '\\') {
      ++end;
      continue;
    }
    if (c == '"') quoted = !quoted;
    if (!quoted && c == separator) break;
  }
  end = end < text.size() ? end : text.size();
  const std::string_view taken = text.substr(0, end);
  text.remove_prefix(end == text.size() ? end : end + 1);
  return trimmed(taken);
}

// A weight in thousandths (RFC 9110 section 12.4.2); nothing if it is none.
std::optional<int> parse_weight(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1')) return std::nullopt;
  int weight = (text[0] - '0') * 1000;
  if (text.size() == 1) return weight;
  if (text[1] != '.') return std::nullopt;
  int unit = 100;
  for (const char c : text.substr(2)) {
    if (c < '0' || c > '9') return std::nullopt;
    weight += (c - '0') * unit;
    unit /= 10;
  }
  return weight <= 1000 ? std::optional(weight) : std::nullopt;
}

// One element of a list: its name, its parameter `version`, its weight. A malformed weight counts as 0.
struct Element {
  std::string_view name;
  std::string_view version;
  int weight = 1000;
};

Element parse_element(std::string_view text) {
  Element element;
  element.name = take(text, ';');
  while (!text.empty()) {
    std::string_view value = take(text, ';');
    const std::string_view name = take(value, '=');
    if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"')) value = value.substr(1, value.size() - 2);
    if (equals_ignoring_case(name, "q")) element.weight = parse_weight(value).value_or(0);
    if (equals_ignoring_case(name, "version")) element.version = value;
  }
  return element;
}

// Weights by how exactly an element names us. The most exact one counts (RFC 9110 section 12.5.1).
struct Preference {
  int exactness = -1;
  int weight = 0;
  void consider(int how_exactly, int with_weight) {
    if (how_exactly < exactness || (how_exactly == exactness && with_weight <= weight)) return;
    exactness = how_exactly;
    weight = with_weight;
  }
};

// Cuts the field at the limit. The last element does not count then, as it may be cut, too.
std::string_view bounded(std::string_view field) {
  if (field.size() <= kMaxAccept) return field;
  field = field.substr(0, kMaxAccept);
  const size_t comma = field.rfind(',');
  return comma == std::string_view::npos ? std::string_view() : field.substr(0, comma);
}

}  // namespace

Format negotiate_format(std::string_view accept) {
  Preference text, openmetrics;
  for (std::string_view rest = bounded(accept); !rest.empty();) {
    const Element element = parse_element(take(rest, ','));
    if (equals_ignoring_case(element.name, "application/openmetrics-text")) {
      if (element.version.empty() || element.version == "1.0.0") {
        openmetrics.consider(element.version.empty() ? 2 : 3, element.weight);
      }
    } else if (equals_ignoring_case(element.name, "text/plain")) {
      if (element.version.empty() || element.version == "0.0.4") {
        text.consider(element.version.empty() ? 2 : 3, element.weight);
      }
    } else if (equals_ignoring_case(element.name, "text/*")) {
      text.consider(1, element.weight);
    } else if (equals_ignoring_case(element.name, "*/*")) {
      text.consider(0, element.weight);
    }
  }
  // A client that accepts anything gets text: OpenMetrics has to be asked for by name.
  return openmetrics.weight > 0 && openmetrics.weight >= text.weight ? Format::openmetrics : Format::text;
}

Encoding negotiate_encoding(std::string_view accept_encoding) {
  Preference identity, gzip, zstd;
  for (std::string_view rest = bounded(accept_encoding); !rest.empty();) {
    const Element element = parse_element(take(rest, ','));
    if (equals_ignoring_case(element.name, "gzip") || equals_ignoring_case(element.name, "x-gzip")) {
      gzip.consider(1, element.weight);
    } else if (equals_ignoring_case(element.name, "zstd")) {
      zstd.consider(1, element.weight);
    } else if (equals_ignoring_case(element.name, "identity")) {
      identity.consider(1, element.weight);
    } else if (element.name == "*") {
      gzip.consider(0, element.weight);
      zstd.consider(0, element.weight);
      identity.consider(0, element.weight);
    }
  }
  // Identity, if not named, is acceptable when nothing else is.
  const int plain = identity.weight;
  if (zstd.weight > 0 && zstd.weight >= gzip.weight && zstd.weight >= plain) return Encoding::zstd;
  if (gzip.weight > 0 && gzip.weight >= plain) return Encoding::gzip;
  return Encoding::identity;
}

}  // namespace weir::http
