// The columns of a table: those of `flows`, with the ones that the operator adds, or those of another one. Immutable;
// shared by everything that handles rows of the table.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "flow/columns.gen.h"
#include "flow/elements.gen.h"
#include "flow/table.h"

namespace weir::flow {

// A column of whichever table: its place in the schema.
class ColumnIndex {
 public:
  // A column of a table stands for its place.
  constexpr ColumnIndex(Column column)  // NOLINT(google-explicit-constructor): the same thing, less special
      : value_(static_cast<uint8_t>(column)) {}
  constexpr ColumnIndex(CounterColumn column)  // NOLINT(google-explicit-constructor): the same
      : value_(static_cast<uint8_t>(column)) {}
  constexpr ColumnIndex(AccountColumn column)  // NOLINT(google-explicit-constructor): the same
      : value_(static_cast<uint8_t>(column)) {}
  constexpr explicit ColumnIndex(size_t value) : value_(static_cast<uint8_t>(value)) {}
  constexpr size_t value() const { return value_; }
  auto operator<=>(const ColumnIndex&) const = default;

 private:
  uint8_t value_;
};

constexpr const ColumnInfo& info(Column column) { return kColumns[static_cast<size_t>(column)]; }
constexpr const ColumnInfo& info(CounterColumn column) { return kCounterColumns[static_cast<size_t>(column)]; }
constexpr const ColumnInfo& info(AccountColumn column) { return kAccountColumns[static_cast<size_t>(column)]; }

// A column that the operator adds: [[columns]] of the configuration.
struct ConfiguredColumn {
  std::string name;
  ColumnType type = ColumnType::u64;
  uint32_t enterprise = 0;
  uint16_t element = 0;
  std::optional<Conversion> conversion;  // unless the type decides
};

struct NamedColumn {
  std::string name;
  ColumnType type = ColumnType::u64;
};

// One of the elements that fill a configured column; as ElementColumn of the generated table.
struct ConfiguredElement {
  uint32_t enterprise;
  uint16_t number;
  ColumnIndex column;
  Conversion conversion;
};

class Schema;
using SchemaPtr = std::shared_ptr<const Schema>;

class Schema {
 public:
  // Columns that an operator may add.
  static constexpr size_t kMaxConfigured = 32;
  // Elements for them: each field of a template is looked up in the list.
  static constexpr size_t kMaxConfiguredElements = 256;

  static const SchemaPtr& flows();
  static const SchemaPtr& counters();
  static const SchemaPtr& account();
  // The columns that this version gives a table.
  static const SchemaPtr& of(Table table);
  // `flows` with further columns, which are sparse. Fails on a name that is taken or not of the form [a-z][a-z0-9_]*,
  // on too many, on an element that is there twice, and on a conversion that does not go with the type.
  static Result<SchemaPtr> flows_with(std::span<const ConfiguredColumn> configured);
  // `base` with further columns, which are sparse and which no element fills: of files that another configuration or
  // version wrote. Fails on a name that is taken, or on too many.
  static Result<SchemaPtr> extended(const Schema& base, std::span<const NamedColumn> more);

  Table table() const { return table_; }
  std::span<const ColumnInfo> columns() const { return columns_; }
  size_t size() const { return columns_.size(); }
  const ColumnInfo& operator[](ColumnIndex column) const { return columns_[column.value()]; }
  std::optional<ColumnIndex> find(std::string_view name) const;
  // What fills the configured columns.
  std::span<const ConfiguredElement> configured() const { return configured_; }

 private:
  Schema(Table table, std::span<const ColumnInfo> columns) : table_(table), columns_(columns.begin(), columns.end()) {}

  void add_column(std::string_view name, ColumnType type);

  Table table_;
  std::vector<ColumnInfo> columns_;
  std::vector<ConfiguredElement> configured_;
  std::deque<std::string> names_;  // of configured columns: what columns_ refers to
};

inline constexpr size_t kMaxColumns = kColumnCount + Schema::kMaxConfigured;
static_assert(kMaxColumns <= UINT8_MAX && kCounterColumnCount <= kMaxColumns && kAccountColumnCount <= kMaxColumns);

}  // namespace weir::flow
