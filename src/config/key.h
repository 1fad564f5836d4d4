// What a key of the configuration is, and a section, which is a table of keys. The parser, the command line, the
// suggestions for misspelt keys, what SIGHUP applies, the example of `weir check --example` and docs/configuration.md
// are all made from such tables; defaults come from the struct whose members the keys fill. keys.cc has the tables.
//
// A module with a section of its own writes the struct and its table:
//
//   struct Options {
//     std::string url;
//     uint64_t rows = 1000;
//   };
//   constexpr auto kKeys = keys_of<Options>(
//       key<&Options::url>(
//           {.name = "url", .on_reload = OnReload::needs_restart, .example = "\"http://db\"", .doc = "..."}),
//       key<&Options::rows>({.name = "rows", .on_reload = OnReload::applied, .least = 1, .most = 9999, .doc = "..."}));
//   constexpr Section kSection = other_section<Options, kKeys>("sink.clickhouse", "...");
//
// The section is then added to the list that the program gives to the parser; find_other<Options>() has the values.
#pragma once

#include <any>
#include <array>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "config/config.h"
#include "config/members.h"

namespace weir::config {

// Where the value of a key goes; the type decides what may be written.
using Field =
    std::variant<bool*, uint64_t*, ByteSize*, Micros*, std::string*, IpAddress*, Element*, std::vector<std::string>*,
                 std::vector<uint64_t>*, std::vector<Network>*, std::optional<ByteSize>*, std::optional<Micros>*,
                 std::optional<std::string>*, std::optional<std::filesystem::path>*, std::optional<RedisUrl>*>;

// What happens to a running collector when the key changes and SIGHUP comes. Zero is neither: each key has to say it.
enum class OnReload : uint8_t { applied = 1, needs_restart = 2 };

// The bound of a size that has none: nothing that is counted in bytes gets there.
inline constexpr uint64_t kMostBytes = uint64_t{1} << 62;

// The option of the command line that wins over the file.
struct Flag {
  std::string_view name = {};  // "--threads"; empty: none
  std::string_view help = {};  // the default is added to it
  bool of_replay = false;      // `weir replay` has it, too
};

// A key as its table has it.
struct KeyRow {
  std::string_view name;
  OnReload on_reload{};
  // Bounds of numbers, also of those in a list, in bytes or microseconds by the type; of a list of addresses, how many
  // at least.
  uint64_t least = 0;
  uint64_t most = 0;
  std::string_view choices = {};    // of a text that is one of a few words: the words, separated by one space
  std::string_view example = {};    // as TOML, shown where there is no default
  std::string_view needs = {};      // if this key is there, so are these: "SECTION.KEY ..."
  std::string_view not_below = {};  // a key of this section; this one must be at least as large
  bool optional = false;            // in an array of tables: may be left out
  Flag flag = {};
  std::string_view doc;
};

struct Key : KeyRow {
  Field type;             // points nowhere
  Field (*field)(void*);  // in the struct of the section
};

// What is wrong with an element of an array beside the others.
struct ElementProblem {
  size_t element = 0;
  std::string_view key;
  std::string text;
};

// What can be done with the elements of an array, whatever they are: array_of() makes one.
struct Array {
  std::string_view of;  // what the elements are, for messages: "exporters"
  void (*add)(Config&);
  void (*remove_last)(Config&);
  size_t (*size)(const Config&);
  bool (*equal)(const Config&, const Config&);
  void (*copy)(const Config& from, Config& to);
  std::vector<ElementProblem> (*check)(const Config&);
  // Adds the elements of the command line; they win over those of the file. None if the array has no flag.
  void (*override)(const Config& given, Config& config);
};

struct Section {
  std::string_view name;  // "store"; with dots "sink.clickhouse", written [sink.clickhouse]
  std::string_view doc;
  std::span<const Key> keys;
  // The struct that the keys fill: the last element of an array, made if there is none yet.
  void* (*values)(const Section&, Config&);
  const Array* array = nullptr;  // [[name]]: any number of them, every key required that is not optional
  Flag flag = {};                // of an array: an element, its required keys joined by "="
  bool other = false;            // its values are in Config::other
};

// The sections that a configuration may have, in the order of the documents.
using Sections = std::span<const Section* const>;

namespace internal {

// The compiler stops at a call of one of these, as none of them is constexpr, and prints its name.
void every_key_has_a_name_and_a_doc();
void every_key_says_what_sighup_does();
void every_number_has_bounds();

template <class Value>
concept Bounded = std::same_as<Value, uint64_t> || std::same_as<Value, ByteSize> || std::same_as<Value, Micros> ||
                  std::same_as<Value, std::optional<ByteSize>> || std::same_as<Value, std::optional<Micros>> ||
                  std::same_as<Value, std::vector<uint64_t>>;

template <auto Member>
struct KeyOf {
  Key key;
};

template <class Struct, size_t count>
struct KeyTable {
  using struct_type = Struct;
  std::array<Key, count> keys;
};

template <const auto& Table>
using StructOfTable = typename std::remove_cvref_t<decltype(Table)>::struct_type;

template <auto Part>
struct SectionOf {
  Section section;
};

template <auto Member>
Field member_field(void* values) {
  return &(static_cast<StructOf<Member>*>(values)->*Member);
}

template <auto Part>
void* own_values(const Section& /*section*/, Config& config) {
  return &(config.*Part);
}

template <auto Elements>
void* last_element(const Section& /*section*/, Config& config) {
  auto& elements = config.*Elements;
  if (elements.empty()) elements.emplace_back();
  return &elements.back();
}

template <class Struct>
void* other_values(const Section& section, Config& config) {
  std::any& values = config.other[std::string(section.name)];
  if (!values.has_value()) values = Struct{};
  return std::any_cast<Struct>(&values);
}

}  // namespace internal

// A key that fills this member.
template <auto Member>
consteval internal::KeyOf<Member> key(const KeyRow& row) {
  using Value = ValueOf<Member>;
  if (row.name.empty() || row.doc.empty()) internal::every_key_has_a_name_and_a_doc();
  if (row.on_reload == OnReload{}) internal::every_key_says_what_sighup_does();
  if (internal::Bounded<Value> && row.most == 0) internal::every_number_has_bounds();
  return {{row, static_cast<Value*>(nullptr), internal::member_field<Member>}};
}

// The keys of a struct: a table that forgets a member, or has one twice, does not compile.
template <class Struct, auto... Members>
consteval internal::KeyTable<Struct, sizeof...(Members)> keys_of(internal::KeyOf<Members>... keys) {
  static_assert(names_every_member<Struct, Members...>(), "each member of the struct has one key, in the same order");
  return {{keys.key...}};
}

// What can be done with this vector of Config. `override` is nullptr if the array has no flag.
template <auto Elements>
consteval Array array_of(std::string_view of, std::vector<ElementProblem> (*check)(const Config&),
                         void (*override)(const Config& given, Config& config)) {
  return {.of = of,
          .add = [](Config& config) { (config.*Elements).emplace_back(); },
          .remove_last = [](Config& config) { (config.*Elements).pop_back(); },
          .size = [](const Config& config) { return (config.*Elements).size(); },
          .equal = [](const Config& a, const Config& b) { return a.*Elements == b.*Elements; },
          .copy = [](const Config& from, Config& to) { to.*Elements = from.*Elements; },
          .check = check,
          .override = override};
}

// A section whose values are a member of Config.
template <auto Part, const auto& Table>
consteval internal::SectionOf<Part> section(std::string_view name, std::string_view doc) {
  static_assert(std::same_as<ValueOf<Part>, internal::StructOfTable<Table>>, "the keys are of another struct");
  return {{.name = name, .doc = doc, .keys = Table.keys, .values = internal::own_values<Part>}};
}

// A section of which there may be several; they are a vector in Config.
template <auto Elements, const auto& Table>
consteval internal::SectionOf<Elements> array_section(std::string_view name, const Array& array, Flag flag,
                                                      std::string_view doc) {
  static_assert(std::same_as<typename ValueOf<Elements>::value_type, internal::StructOfTable<Table>>,
                "the keys are of another struct");
  return {{.name = name,
           .doc = doc,
           .keys = Table.keys,
           .values = internal::last_element<Elements>,
           .array = &array,
           .flag = flag}};
}

// A section of another module, whose struct config/ does not know.
template <class Struct, const auto& Table>
consteval Section other_section(std::string_view name, std::string_view doc) {
  static_assert(std::same_as<Struct, internal::StructOfTable<Table>>, "the keys are of another struct");
  return {.name = name, .doc = doc, .keys = Table.keys, .values = internal::other_values<Struct>, .other = true};
}

// The sections of Config: a list that forgets a member of it does not compile.
template <auto... Parts>
consteval std::array<const Section*, sizeof...(Parts)> sections_of(const internal::SectionOf<Parts>&... sections) {
  static_assert(names_every_member<Config, Parts..., &Config::other>(), "each part of Config has one section");
  return {&sections.section...};
}

// The values of such a section; nullptr if the configuration does not have it.
template <class Struct>
const Struct* find_other(const Config& config, std::string_view section) {
  const auto found = config.other.find(section);
  return found == config.other.end() ? nullptr : std::any_cast<Struct>(&found->second);
}

}  // namespace weir::config
