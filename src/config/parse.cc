// A non-throwing toml++ stays inside this file.
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include "config/parse.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "config/keys.h"
#include "config/listen.h"
#include "config/size.h"
#include "config/suggest.h"

namespace weir::config {
namespace {

Problem problem_at(const toml::source_region& region, std::string text) {
  return {region.begin.line, region.begin.column, std::move(text)};
}

// A value as somebody wrote it, for a message; only its beginning, on one line.
std::string shown(const toml::node& node) {
  constexpr size_t most = 40;
  if (node.is_table()) return "a table";
  if (node.is_array()) return "a list";
  std::string text;
  if (const auto* value = node.as_string()) {
    text = "\"" + value->get() + "\"";
  } else if (const auto* number = node.as_integer()) {
    text = fmt::to_string(number->get());
  } else if (const auto* flag = node.as_boolean()) {
    text = flag->get() ? "true" : "false";
  } else if (const auto* real = node.as_floating_point()) {
    text = fmt::to_string(real->get());
  } else {
    return "a date or time";
  }
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  if (text.size() <= most) return text;
  size_t end = most;  // not in the middle of a UTF-8 character
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end) + "...";
}

// Reads one value into the field of its key. False if the value is not allowed.
class Reader {
 public:
  Reader(const Key& key, const toml::node& node) : key_(key), node_(node) {}

  bool operator()(bool* field) const {
    const auto* value = node_.as_boolean();
    if (value != nullptr) *field = value->get();
    return value != nullptr;
  }
  bool operator()(uint64_t* field) const {
    const auto* value = node_.as_integer();
    if (value == nullptr || value->get() < 0) return false;
    *field = static_cast<uint64_t>(value->get());
    return in_bounds(*field);
  }
  bool operator()(ByteSize* field) const {
    const std::optional<uint64_t> bytes = parse_size(text());
    if (bytes) field->bytes = *bytes;
    return bytes && in_bounds(*bytes);
  }
  bool operator()(Micros* field) const {
    const std::optional<Micros> duration = ends_with_unit(text()) ? parse_duration(text()) : std::nullopt;
    if (duration) *field = *duration;
    return duration && in_bounds(static_cast<uint64_t>(duration->count()));
  }
  template <class Value>
  bool operator()(std::optional<Value>* field) const {
    return (*this)(&field->emplace());
  }
  bool operator()(std::string* field) const {
    *field = text();
    return key_.choices.empty() ? !field->empty() && field->find('\0') == std::string::npos : is_choice(*field);
  }
  bool operator()(IpAddress* field) const {
    const std::optional<IpAddress> address = IpAddress::parse(text());
    if (address) *field = *address;
    return address.has_value();
  }
  bool operator()(std::vector<std::string>* field) const {
    const auto* list = node_.as_array();
    if (list == nullptr || list->empty()) return false;
    field->clear();
    for (const toml::node& item : *list) {
      const auto* text = item.as_string();
      if (text == nullptr || !is_listen_address(text->get())) return false;
      if (std::find(field->begin(), field->end(), text->get()) != field->end()) return false;
      field->push_back(text->get());
    }
    return true;
  }

 private:
  std::string_view text() const {
    const auto* value = node_.as_string();
    return value == nullptr ? std::string_view() : std::string_view(value->get());
  }
  bool in_bounds(uint64_t value) const { return value >= key_.least && value <= key_.most; }
  static bool ends_with_unit(std::string_view text) {
    return !text.empty() && text.back() >= 'a' && text.back() <= 'z';
  }
  bool is_choice(std::string_view word) const {
    const std::string padded = fmt::format(" {} ", key_.choices);
    return !word.empty() && word.find(' ') == std::string_view::npos &&
           padded.find(fmt::format(" {} ", word)) != std::string::npos;
  }

  const Key& key_;
  const toml::node& node_;
};

class Parser {
 public:
  std::expected<Config, std::vector<Problem>> run(const toml::table& root) {
    for (const auto& [name, node] : root) read_top(name, node);
    if (problems_.empty()) check_together(root);
    std::sort(problems_.begin(), problems_.end(), [](const Problem& a, const Problem& b) {
      return std::pair(a.line, a.column) < std::pair(b.line, b.column);
    });
    if (!problems_.empty()) return std::unexpected(std::move(problems_));
    return std::move(config_);
  }

 private:
  void read_top(const toml::key& name, const toml::node& node) {
    const auto known = sections();
    const auto section =
        std::find_if(known.begin(), known.end(), [&](const Section& s) { return s.name == name.str(); });
    if (section == known.end()) {
      add(name.source(),
          fmt::format("{}: there is no such section{}", printable(name.str()), suggest_section(name.str())));
    } else if (section->array) {
      read_array(*section, name, node);
    } else if (const toml::table* table = node.as_table()) {
      read_table(*section, *table, false);
    } else {
      add(name.source(), fmt::format("{0}: this is a section: write [{0}] on a line of its own", name.str()));
    }
  }

  void read_array(const Section& section, const toml::key& name, const toml::node& node) {
    const toml::array* array = node.as_array();
    if (array == nullptr ||
        !std::all_of(array->begin(), array->end(), [](const toml::node& n) { return n.is_table(); })) {
      add(name.source(), fmt::format("{0}: there may be several of it: write [[{0}]] before each", name.str()));
      return;
    }
    for (const toml::node& element : *array) {
      config_.sampling.emplace_back();
      read_table(section, *element.as_table(), true);
      if (!exporters_.insert(config_.sampling.back().exporter).second) {
        add(element.source(), fmt::format("sampling.exporter: {} has a rate already: each exporter may appear once",
                                          config_.sampling.back().exporter.to_string()));
      }
    }
  }

  void read_table(const Section& section, const toml::table& table, bool every_key) {
    for (const auto& [name, node] : table) {
      const Key* key = find(section.name, name.str());
      if (key == nullptr) {
        add(name.source(), fmt::format("{}.{}: there is no such key{}", section.name, printable(name.str()),
                                       suggest_key(section.name, name.str())));
      } else if (!std::visit(Reader(*key, node), key->field(config_))) {
        add(node.source(), fmt::format("{}.{}: {} is not allowed: it must be {}", section.name, key->name, shown(node),
                                       allowed(*key)));
      }
    }
    for (const Key& key : keys()) {
      if (every_key && key.section == section.name && !table.contains(key.name)) {
        add(table.source(), fmt::format("{}.{}: it is missing: it must be {}", section.name, key.name, allowed(key)));
      }
    }
  }

  // What is wrong only between keys; called when each alone is right.
  void check_together(const toml::table& root) {
    const Store& store = config_.store;
    if (store.pending_rows >= store.rows_per_segment) return;
    const toml::node* where = root["store"]["pending_rows"].node();
    if (where == nullptr) where = root["store"]["rows_per_segment"].node();
    add(where->source(),
        fmt::format("store.pending_rows: {} is not allowed: it must be at least store.rows_per_segment, {}",
                    store.pending_rows, store.rows_per_segment));
  }

  static const Key* find(std::string_view section, std::string_view name) {
    for (const Key& key : keys()) {
      if (key.section == section && key.name == name) return &key;
    }
    return nullptr;
  }

  void add(const toml::source_region& where, std::string text) {
    problems_.push_back(problem_at(where, std::move(text)));
  }

  Config config_;
  std::set<IpAddress> exporters_;
  std::vector<Problem> problems_;
};

}  // namespace

std::string to_string(const Problem& problem, std::string_view file) {
  if (problem.line == 0) return fmt::format("{}: {}", file, problem.text);
  return fmt::format("{}:{}:{}: {}", file, problem.line, problem.column, problem.text);
}

std::expected<Config, std::vector<Problem>> parse(std::string_view text) {
  if (text.size() > kMaxFileBytes) {
    return std::unexpected(std::vector{Problem{
        0, 0, fmt::format("larger than {}: this is not a configuration of weir", size_to_string(kMaxFileBytes))}});
  }
  const toml::parse_result document = toml::parse(text);
  if (!document) {
    const toml::parse_error& error = document.error();
    return std::unexpected(std::vector{
        problem_at(error.source(), fmt::format("not TOML from here on: {}", printable(error.description())))});
  }
  return Parser().run(document.table());
}

Result<Config> load(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return fail_errno(fmt::format("cannot read the configuration {}", file));
  std::string text(kMaxFileBytes + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(stream.gcount()));
  if (stream.bad()) return fail_errno(fmt::format("cannot read the configuration {}", file));
  auto config = parse(text);
  if (config) return *std::move(config);
  std::string lines;
  for (const Problem& problem : config.error()) {
    if (!lines.empty()) lines += '\n';
    lines += to_string(problem, file);
  }
  return std::unexpected(Error{std::move(lines)});
}

}  // namespace weir::config
