#include "config/value.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/time.h"
#include "base/utf8.h"
#include "config/listen.h"
#include "config/overloaded.h"
#include "config/size.h"

namespace weir::config {
namespace {

// The beginning of it, on one line.
std::string shown_text(std::string text) {
  constexpr size_t most = 40;
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  if (text.size() <= most) return text;
  return std::string(utf8_prefix(text, most)) + "...";
}

std::string shown(const Written& written) {
  return std::visit(Overloaded{
                        [](const Unusable& other) { return other.what; },
                        [](bool value) { return std::string(value ? "true" : "false"); },
                        [](int64_t value) { return fmt::to_string(value); },
                        [](double value) { return shown_text(fmt::to_string(value)); },
                        [](const std::string& value) { return shown_text("\"" + value + "\""); },
                        [](const std::vector<Written>&) { return std::string("a list"); },
                    },
                    written.value);
}

// Reads one value. False if the key does not take it.
class Reader {
 public:
  Reader(const Key& key, const Written& written) : key_(key), written_(written) {}

  bool operator()(bool* field) const { return take(std::get_if<bool>(&written_.value), field); }
  bool operator()(uint64_t* field) const { return take(number_in_bounds(written_), field); }
  bool operator()(ByteSize* field) const {
    const std::optional<uint64_t> bytes = parse_size(text());
    if (bytes) field->bytes = *bytes;
    return bytes && in_bounds(*bytes);
  }
  bool operator()(Micros* field) const {
    const std::optional<Micros> duration = ends_with_unit(text()) ? parse_duration(text()) : std::nullopt;
    return take(duration, field) && in_bounds(static_cast<uint64_t>(duration->count()));
  }
  bool operator()(std::string* field) const {
    *field = text();
    return key_.choices.empty() ? !field->empty() && field->find('\0') == std::string::npos : is_choice(*field);
  }
  bool operator()(IpAddress* field) const { return take(IpAddress::parse(text()), field); }
  bool operator()(Element* field) const { return take(parse_element(text()), field); }
  bool operator()(std::vector<uint64_t>* field) const {
    return take_list(field, [&](const Written& item) { return number_in_bounds(item); });
  }
  bool operator()(std::vector<std::string>* field) const {
    const auto address = [](const Written& item) -> std::optional<std::string> {
      const auto* text = std::get_if<std::string>(&item.value);
      return text != nullptr && is_listen_address(*text) ? std::optional(*text) : std::nullopt;
    };
    return take_list(field, address) && field->size() >= key_.least;
  }
  bool operator()(std::vector<Network>* field) const {
    return take_list(field, [](const Written& item) -> std::optional<Network> {
      const auto* text = std::get_if<std::string>(&item.value);
      return text != nullptr && IpPrefix::parse(*text) ? std::optional(Network{*text}) : std::nullopt;
    });
  }
  bool operator()(std::optional<std::filesystem::path>* field) const {
    *field = text();
    return std::holds_alternative<std::string>(written_.value) && text().find('\0') == std::string_view::npos;
  }
  bool operator()(std::optional<RedisUrl>* field) const { return take(RedisUrl::parse(text()), field); }
  template <class Value>
  bool operator()(std::optional<Value>* field) const {
    return (*this)(&field->emplace());
  }

 private:
  // `value` is a pointer, an optional or a result.
  template <class Value, class To>
  static bool take(const Value& value, To* field) {
    if (value) *field = *value;
    return static_cast<bool>(value);
  }

  // A list, each item once.
  template <class Item, class ReadItem>
  bool take_list(std::vector<Item>* field, ReadItem read_item) const {
    const auto* list = std::get_if<std::vector<Written>>(&written_.value);
    if (list == nullptr) return false;
    field->clear();
    for (const Written& item : *list) {
      const std::optional<Item> value = read_item(item);
      if (!value || std::find(field->begin(), field->end(), *value) != field->end()) return false;
      field->push_back(*value);
    }
    return true;
  }

  // Empty if it is no text.
  std::string_view text() const {
    const auto* value = std::get_if<std::string>(&written_.value);
    return value == nullptr ? std::string_view() : std::string_view(*value);
  }
  std::optional<uint64_t> number_in_bounds(const Written& written) const {
    const auto* number = std::get_if<int64_t>(&written.value);
    if (number == nullptr || *number < 0 || !in_bounds(static_cast<uint64_t>(*number))) return std::nullopt;
    return static_cast<uint64_t>(*number);
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
  const Written& written_;
};

}  // namespace

std::optional<std::string> read_value(const Key& key, const Written& written, const Field& field) {
  if (std::visit(Reader(key, written), field)) return std::nullopt;
  if (!std::holds_alternative<std::optional<RedisUrl>*>(key.type)) return shown(written);
  // It may hold a password, so it is not shown.
  const auto* text = std::get_if<std::string>(&written.value);
  const auto url = RedisUrl::parse(text == nullptr ? std::string_view() : std::string_view(*text));
  return fmt::format("this value ({})", url ? "not text" : url.error().message);
}

}  // namespace weir::config
