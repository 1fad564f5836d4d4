#include "host/collectors/ksmd.h"

#include <array>

#include "host/collectors/attribute_table.h"
#include "host/collectors/options.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;

constexpr std::array<AttributeFamily, 9> kFamilies{{
    {"full_scans", "node_ksmd_full_scans_total", counter, "ksmd 'full_scans' file."},
    {"merge_across_nodes", "node_ksmd_merge_across_nodes", gauge, "ksmd 'merge_across_nodes' file."},
    {"pages_shared", "node_ksmd_pages_shared", gauge, "ksmd 'pages_shared' file."},
    {"pages_sharing", "node_ksmd_pages_sharing", gauge, "ksmd 'pages_sharing' file."},
    {"pages_to_scan", "node_ksmd_pages_to_scan", gauge, "ksmd 'pages_to_scan' file."},
    {"pages_unshared", "node_ksmd_pages_unshared", gauge, "ksmd 'pages_unshared' file."},
    {"pages_volatile", "node_ksmd_pages_volatile", gauge, "ksmd 'pages_volatile' file."},
    {"run", "node_ksmd_run", gauge, "ksmd 'run' file."},
    {"sleep_millisecs", "node_ksmd_sleep_seconds", gauge, "ksmd 'sleep_millisecs' file.", 1000},
}};

class Ksmd : public Collector {
 public:
  explicit Ksmd(const Options& options) { table_.add(options.sysfs + "/kernel/mm/ksm", {}); }

  Result<> collect(telemetry::Exposition& out) override {
    const size_t before = out.text().size();
    table_.write(out);
    if (out.text().size() == before) return no_data();
    return {};
  }

 private:
  AttributeTable table_{kFamilies};
};

}  // namespace

Result<std::unique_ptr<Collector>> make_ksmd(const Options& options) { return std::make_unique<Ksmd>(options); }

}  // namespace weir::host
