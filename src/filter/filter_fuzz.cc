// Any bytes are a filter or an error; a filter printed and read again is the same, and every back end takes it.
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

#include "base/check.h"
#include "filter/clickhouse.h"
#include "filter/filter.h"
#include "filter/predicate.h"
#include "filter/sql.h"
#include "filter/test_generator.h"

namespace {

using namespace weir;
using namespace weir::filter;

const flow::FlowBatch& some_flows() {
  static const auto batch = [] {
    auto filled = std::make_unique<flow::FlowBatch>(64);
    std::mt19937 random(1);
    FilterGenerator(random).fill(*filled, 16);
    return filled;
  }();
  return *batch;
}

// Files that include each other, host names that there are and that there are not, a column of the operator.
World some_world() {
  World world;
  world.read_file = [](const std::string& path, size_t) -> std::expected<std::string, std::string> {
    if (path == "a") return "port 80 or @include b\n";
    if (path == "b") return "@include a";
    if (path == "c") return "[10.0.0.1 2001:db8::/32]";
    return std::unexpected("there is no such file");
  };
  world.resolve = [](const std::string& name) -> std::expected<std::vector<IpAddress>, std::string> {
    if (name.starts_with('w')) return std::vector{IpAddress::from_v4(1), IpAddress::from_v4(2)};
    return std::unexpected("there is no such host");
  };
  world.more_columns = [](std::string_view name) -> std::optional<flow::ColumnType> {
    return name == "mine" ? std::optional(flow::ColumnType::text) : std::nullopt;
  };
  return world;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const World world = some_world();
  const std::string text(data, data + size);
  auto filter = parse_filter(text, world);
  if (!filter) {
    CHECK(filter.error().position <= std::max(text.size(), filter.error().file_text.size()));
    CHECK(!filter.error().show(text).empty());
    return 0;
  }
  std::vector<Parameter> parameters;
  CHECK(!filter_sql(*filter, ClickHouseDialect(parameters)).empty());
  const std::string printed = to_string(*filter);
  std::vector<uint8_t> rows;
  const Predicate predicate(*std::move(filter));
  predicate.match(some_flows(), rows);
  CHECK(rows.size() == some_flows().rows());
  if (printed.size() > kMaxFilterBytes) return 0;  // the canonical form is longer than what was typed
  const auto again = parse_filter(printed, world);
  CHECK(again.has_value());
  CHECK(*again == predicate.filter());
  return 0;
}
