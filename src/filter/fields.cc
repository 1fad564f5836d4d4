#include "filter/fields.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "base/check.h"
#include "base/letters.h"
#include "filter/field_table.h"
#include "filter/lexer.h"
#include "filter/protocols.h"
#include "filter/services.h"

namespace weir::filter {
namespace {

constexpr uint64_t kMostMac = (uint64_t{1} << 48) - 1;

// The next word of a list with one space between them; `rest` begins behind it.
std::string_view next_of(std::string_view& rest) {
  const std::string_view word = rest.substr(0, rest.find(' '));
  rest.remove_prefix(std::min(word.size() + 1, rest.size()));
  return word;
}

Operand operand_of(std::string_view text) {
  using Of = Operand::Of;
  if (text == "*duration") return {Of::duration};
  if (text == "*pps") return {Of::pps};
  if (text == "*bps") return {Of::bps};
  if (text == "*bpp") return {Of::bpp};
  const size_t mark = text.find_first_of("|@>&:");
  const std::string column(text.substr(0, mark));
  if (mark == std::string_view::npos) return {Of::column, column};
  switch (text[mark]) {
    case '|':
      return {Of::first, column, std::string(text.substr(mark + 1))};
    case '@':
      return {Of::where, column, std::string(text.substr(mark + 1))};
    case '>':
      return {Of::high_byte, column};
    case '&':
      return {Of::low_byte, column};
    default:
      return {Of::or_one, column};
  }
}

FieldRef field_of(const FieldRow& row) {
  Field field{std::string(row.words), row.kind, {}, row.limit, row.what, row.guard, row.names, row.listed};
  for (std::string_view rest = row.operands; !rest.empty();) field.operands.push_back(operand_of(next_of(rest)));
  return FieldRef(std::make_shared<const Field>(std::move(field)));
}

// What words mean: a field, "net" or not, or that there is no data.
struct Meaning {
  std::optional<FieldRef> field;
  std::string_view no_data = {};
  bool net = false;
  size_t words = 1;
};

// Everything by its words in lower case, made once.
class Dictionary {
 public:
  Dictionary() {
    for (const FieldRow& row : field_rows()) {
      const FieldRef field = field_of(row);
      fields_.push_back(field);
      add_spellings(row.words, field);
    }
    for (const FieldAlias& alias : field_aliases()) {
      const auto meant = meanings_.find(alias.means);
      CHECK(meant != meanings_.end());
      add_spellings(alias.words, *meant->second.field);
    }
    for (const NoData& row : fields_without_data()) add(row.words, {std::nullopt, row.why});
    for (const flow::ColumnInfo& column : flow::kColumns) {
      const FieldRef field = column_field(column.name, column.type);
      if (add(column.name, {field})) fields_.push_back(field);
    }
  }

  const Meaning* find(std::string_view words) const {
    const auto found = meanings_.find(words);
    return found == meanings_.end() ? nullptr : &found->second;
  }
  size_t most_words() const { return most_words_; }
  std::span<const FieldRef> fields() const { return fields_; }
  const auto& meanings() const { return meanings_; }

 private:
  bool add(std::string_view words, Meaning meaning) {
    meaning.words = 1 + static_cast<size_t>(std::ranges::count(words, ' '));
    most_words_ = std::max(most_words_, meaning.words);
    return meanings_.emplace(words, std::move(meaning)).second;
  }

  // "src ip" is "src host", too, and before a network "src net"; so are "xip" and "xnet".
  void add_spellings(std::string_view words, const FieldRef& field) {
    add(words, {field});
    if (field->kind != FieldKind::address || !words.ends_with("ip")) return;
    const std::string way(words.substr(0, words.size() - 2));
    if (way.empty() || way.ends_with(' ')) add(way + "host", {field});
    add(way + "net", {field, {}, true});
  }

  std::map<std::string, Meaning, std::less<>> meanings_;
  std::vector<FieldRef> fields_;
  size_t most_words_ = 1;
};

const Dictionary& dictionary() {
  static const Dictionary all;
  return all;
}

}  // namespace

std::optional<Found> find_field(std::span<const std::string_view> words) {
  std::optional<Found> found;
  std::string text;
  for (size_t i = 0; i < std::min(words.size(), dictionary().most_words()); ++i) {
    if (i > 0) text += ' ';
    text += lower_case(words[i]);
    if (const Meaning* meaning = dictionary().find(text)) {
      found = Found{meaning->field, meaning->no_data, meaning->net, i + 1};
    }
  }
  return found;
}

FieldRef column_field(std::string_view name, flow::ColumnType type) {
  using flow::ColumnType;
  Field field{std::string(name)};
  field.operands = {{Operand::Of::column, std::string(name)}};
  field.column = true;
  switch (type) {
    case ColumnType::u8:
      field.limit = UINT8_MAX;
      break;
    case ColumnType::u16:
      field.limit = UINT16_MAX;
      break;
    case ColumnType::u32:
      field.limit = UINT32_MAX;
      break;
    case ColumnType::u64:
      break;
    case ColumnType::address:
      field.kind = FieldKind::address;
      break;
    case ColumnType::mac:
      field.kind = FieldKind::mac;
      field.limit = kMostMac;
      break;
    case ColumnType::timestamp:
      field.kind = FieldKind::time;
      break;
    case ColumnType::f64:
    case ColumnType::text:
      field.kind = FieldKind::text;
      break;
  }
  if (name == "proto" || name == "inner_proto") field.names = Names::protocols;
  if (name.ends_with("_port")) field.names = Names::services;
  return FieldRef(std::make_shared<const Field>(std::move(field)));
}

FieldRef known_field(std::string_view words) {
  const Meaning* meaning = dictionary().find(words);
  CHECK(meaning != nullptr && meaning->field);
  return *meaning->field;
}

std::span<const FieldRef> all_fields() { return dictionary().fields(); }

bool FieldRef::operator==(const FieldRef& other) const { return field_->words == other->words; }

std::optional<uint64_t> named_value(const Field& field, std::string_view name) {
  if (field.names == Names::protocols) {
    const std::optional<uint8_t> number = protocol_number(name);
    return number ? std::optional<uint64_t>(*number) : std::nullopt;
  }
  if (field.names == Names::services) {
    const std::optional<uint16_t> port = service_port(name);
    return port ? std::optional<uint64_t>(*port) : std::nullopt;
  }
  for (std::string_view rest = field.listed; !rest.empty();) {
    const std::string_view entry = next_of(rest);
    const size_t equals = entry.find('=');
    if (!equals_ignoring_case(entry.substr(0, equals), name)) continue;
    uint64_t value = 0;
    std::from_chars(entry.data() + equals + 1, entry.data() + entry.size(), value);
    return value;
  }
  return std::nullopt;
}

std::string listed_names(const Field& field) {
  std::string names;
  for (std::string_view rest = field.listed; !rest.empty();) {
    const std::string_view entry = next_of(rest);
    if (!names.empty()) names += ' ';
    names += entry.substr(0, entry.find('='));
  }
  return names;
}

std::vector<std::string_view> first_words() {
  std::set<std::string_view> words = {"any", "ipv4", "ipv6", "not"};
  for (const auto& [text, meaning] : dictionary().meanings()) {
    words.insert(std::string_view(text).substr(0, text.find(' ')));
  }
  return {words.begin(), words.end()};
}

}  // namespace weir::filter
