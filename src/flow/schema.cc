#include "flow/schema.h"

#include <algorithm>

namespace weir::flow {
namespace {

constexpr std::string_view clickhouse_type(ColumnType type) {
  for (const ColumnInfo& column : kColumns) {
    if (column.type == type) return column.clickhouse_type;
  }
  return type == ColumnType::f64 ? "Float64" : "String";
}

constexpr Conversion usual_conversion(ColumnType type) {
  switch (type) {
    case ColumnType::address:
      return Conversion::address;
    case ColumnType::mac:
      return Conversion::mac;
    case ColumnType::timestamp:
      return Conversion::milliseconds;
    case ColumnType::text:
      return Conversion::text;
    case ColumnType::f64:
      return Conversion::real;
    default:
      return Conversion::uint;
  }
}

// Whether a conversion gives values of the type.
constexpr bool goes_with(Conversion conversion, ColumnType type) {
  switch (conversion) {
    case Conversion::seconds:
    case Conversion::milliseconds:
    case Conversion::ntp:
    case Conversion::delta_us:
    case Conversion::uptime_ms:
      return type == ColumnType::timestamp;
    case Conversion::known_address:
      return type == ColumnType::address;
    case Conversion::address:
    case Conversion::mac:
    case Conversion::text:
    case Conversion::real:
      return conversion == usual_conversion(type);
    case Conversion::application_id:
    case Conversion::segment_type:
    case Conversion::acl_id:
    case Conversion::route_distinguisher:
    case Conversion::community:
    case Conversion::community_list:
    case Conversion::segment_section:
    case Conversion::segment_list:
    case Conversion::segment_routing_header:
    case Conversion::ndpi_application:
    case Conversion::yaf_application:
    case Conversion::ovs_tunnel:
      return type == ColumnType::text;
    default:
      return usual_conversion(type) == Conversion::uint;
  }
}

bool good_name(std::string_view name) {
  const auto letter = [](char c) { return c >= 'a' && c <= 'z'; };
  const auto fits = [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_'; };
  return !name.empty() && name.size() <= 64 && letter(name.front()) && std::ranges::all_of(name, fits);
}

}  // namespace

const SchemaPtr& Schema::flows() {
  static const SchemaPtr schema(new Schema(Table::flows, kColumns));
  return schema;
}

const SchemaPtr& Schema::counters() {
  static const SchemaPtr schema(new Schema(Table::counters, kCounterColumns));
  return schema;
}

const SchemaPtr& Schema::account() {
  static const SchemaPtr schema(new Schema(Table::account, kAccountColumns));
  return schema;
}

const SchemaPtr& Schema::of(Table table) {
  switch (table) {
    case Table::flows:
      return flows();
    case Table::counters:
      return counters();
    case Table::account:
      return account();
  }
  return flows();
}

Result<SchemaPtr> Schema::flows_with(std::span<const ConfiguredColumn> configured) {
  if (configured.empty()) return flows();
  if (configured.size() > kMaxConfiguredElements)
    return fail("{} elements are too many: at most {}", configured.size(), kMaxConfiguredElements);
  std::unique_ptr<Schema> schema(new Schema(Table::flows, kColumns));
  for (const ConfiguredColumn& column : configured) {
    if (!good_name(column.name)) {
      return fail("\"{}\" is no name for a column: a letter, then letters, digits and _, all lower case", column.name);
    }
    const Conversion conversion = column.conversion.value_or(usual_conversion(column.type));
    if (!goes_with(conversion, column.type))
      return fail("column {}: this conversion does not give its type", column.name);
    const auto known = schema->find(column.name);
    if (known && known->value() < kColumnCount) return fail("there is a column {} already", column.name);
    // The same name again: a further element for the column.
    if (known && (*schema)[*known].type != column.type)
      return fail("column {} is there twice, with two types", column.name);
    if (!known && schema->size() == kColumnCount + kMaxConfigured)
      return fail("column {} is one too many: at most {}", column.name, kMaxConfigured);
    const ColumnIndex index = known.value_or(ColumnIndex(schema->size()));
    const auto same = [&](const ConfiguredElement& e) {
      return e.column == index && e.enterprise == column.enterprise && e.number == column.element &&
             e.conversion == conversion;
    };
    if (std::ranges::any_of(schema->configured_, same))
      return fail("column {} takes element {}:{} twice", column.name, column.enterprise, column.element);
    if (!known) schema->add_column(column.name, column.type);
    schema->configured_.push_back({column.enterprise, column.element, index, conversion});
  }
  return SchemaPtr(std::move(schema));
}

Result<SchemaPtr> Schema::extended(const Schema& base, std::span<const NamedColumn> more) {
  std::unique_ptr<Schema> schema(new Schema(base.table_, {}));
  for (const ColumnInfo& column : base.columns_) schema->columns_.push_back(column);
  for (const NamedColumn& column : more) {
    if (schema->find(column.name)) return fail("there is a column {} already", column.name);
    if (schema->size() == kMaxColumns) return fail("column {} is one too many: at most {}", column.name, kMaxColumns);
    schema->add_column(column.name, column.type);
  }
  // Names of configured columns belong to their schema.
  for (size_t c = 0; c < base.size(); ++c)
    schema->columns_[c].name = schema->names_.emplace_back(base.columns_[c].name);
  return SchemaPtr(std::move(schema));
}

void Schema::add_column(std::string_view name, ColumnType type) {
  columns_.push_back({.name = names_.emplace_back(name),
                      .type = type,
                      .sparse = true,
                      .unit = "",
                      .clickhouse_type = clickhouse_type(type),
                      .doc = ""});
}

std::optional<ColumnIndex> Schema::find(std::string_view name) const {
  const auto found = std::ranges::find(columns_, name, &ColumnInfo::name);
  if (found == columns_.end()) return std::nullopt;
  return ColumnIndex(static_cast<size_t>(found - columns_.begin()));
}

}  // namespace weir::flow
