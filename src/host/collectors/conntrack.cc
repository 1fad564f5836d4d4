#include "host/collectors/conntrack.h"

#include "base/kept_file.h"
#include "base/text.h"
#include "host/collectors/options.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;

struct Column {
  std::string_view name;
  uint64_t ConntrackSums::* sum;
};
constexpr auto kColumns = std::to_array<Column>({
    {"found", &ConntrackSums::found},
    {"invalid", &ConntrackSums::invalid},
    {"ignore", &ConntrackSums::ignore},
    {"insert", &ConntrackSums::insert},
    {"insert_failed", &ConntrackSums::insert_failed},
    {"drop", &ConntrackSums::drop},
    {"early_drop", &ConntrackSums::early_drop},
    {"search_restart", &ConntrackSums::search_restart},
    {"icmp_error", &ConntrackSums::icmp_error},
    {"clashres", &ConntrackSums::clash_resolve},
    {"chainlength", &ConntrackSums::chain_too_long},
});
// The columns of any kernel. Before 5.10 some have other names, or are missing.
constexpr size_t kMaxColumns = 64;

uint64_t ConntrackSums::* sum_of(std::string_view name) {
  for (const Column& column : kColumns) {
    if (column.name == name) return column.sum;
  }
  return nullptr;
}

struct Gauge {
  std::string_view name;
  std::string_view help;
  uint64_t ConntrackSums::* sum;
};
constexpr auto kGauges = std::to_array<Gauge>({
    {"node_nf_conntrack_stat_drop", "Number of packets dropped due to conntrack failure.", &ConntrackSums::drop},
    {"node_nf_conntrack_stat_early_drop",
     "Number of dropped conntrack entries to make room for new ones, if maximum table size was reached.",
     &ConntrackSums::early_drop},
    {"node_nf_conntrack_stat_found", "Number of searched entries which were successful.", &ConntrackSums::found},
    {"node_nf_conntrack_stat_ignore", "Number of packets seen which are already connected to a conntrack entry.",
     &ConntrackSums::ignore},
    {"node_nf_conntrack_stat_insert", "Number of entries inserted into the list.", &ConntrackSums::insert},
    {"node_nf_conntrack_stat_insert_failed", "Number of entries for which list insertion was attempted but failed.",
     &ConntrackSums::insert_failed},
    {"node_nf_conntrack_stat_invalid", "Number of packets seen which can not be tracked.", &ConntrackSums::invalid},
    {"node_nf_conntrack_stat_search_restart",
     "Number of conntrack table lookups which had to be restarted due to hashtable resizes.",
     &ConntrackSums::search_restart},
});

// The same numbers as counters, with those that node_exporter leaves out.
constexpr auto kOperations = std::to_array<Column>({
    {"chain_too_long", &ConntrackSums::chain_too_long},
    {"clash_resolve", &ConntrackSums::clash_resolve},
    {"drop", &ConntrackSums::drop},
    {"early_drop", &ConntrackSums::early_drop},
    {"found", &ConntrackSums::found},
    {"icmp_error", &ConntrackSums::icmp_error},
    {"insert", &ConntrackSums::insert},
    {"insert_failed", &ConntrackSums::insert_failed},
    {"invalid", &ConntrackSums::invalid},
    {"search_restart", &ConntrackSums::search_restart},
});

class Conntrack : public Collector {
 public:
  explicit Conntrack(const Options& options)
      : count_(options.procfs + "/sys/net/netfilter/nf_conntrack_count", Shape::one_record),
        limit_(options.procfs + "/sys/net/netfilter/nf_conntrack_max", Shape::one_record),
        stat_(options.procfs + "/net/stat/nf_conntrack", Shape::short_records) {}

  Result<> collect(telemetry::Exposition& out) override {
    if (auto written = write_number(count_, "node_nf_conntrack_entries",
                                    "Number of currently allocated flow entries for connection tracking.", out);
        !written)
      return written;
    if (auto written =
            write_number(limit_, "node_nf_conntrack_entries_limit", "Maximum size of connection tracking table.", out);
        !written)
      return written;
    const std::string_view text = TRY(stat_.read());
    const auto sums = parse_conntrack_stat(text);
    if (!sums) return fail("{} is not what it should be: {}", stat_.path(), shortened(text));
    for (const Gauge& one : kGauges) out.single(one.name, gauge, one.help, (*sums).*one.sum);
    out.family("weir_conntrack_operations_total", counter,
               "What the connection tracking did with packets and entries.");
    for (const Column& one : kOperations) out.sample({{"operation", one.name}}, (*sums).*one.sum);
    return {};
  }

 private:
  static Result<> write_number(KeptFile& file, std::string_view name, std::string_view help,
                               telemetry::Exposition& out) {
    const auto text = file.try_read();
    if (!text && file.is_missing()) return no_data();  // the module is not loaded
    if (!text) return file.failure();
    const auto number = parse_number<uint64_t>(trimmed(*text));
    if (!number) return fail("{} is not a number: {}", file.path(), shortened(*text));
    out.single(name, gauge, help, *number);
    return {};
  }

  KeptFile count_;
  KeptFile limit_;
  KeptFile stat_;
};

}  // namespace

std::optional<ConntrackSums> parse_conntrack_stat(std::string_view text) {
  std::array<uint64_t ConntrackSums::*, kMaxColumns> columns{};
  size_t count = 0;
  std::string_view header = next_line(text);
  for (std::string_view name = next_word(header); !name.empty(); name = next_word(header)) {
    if (count == kMaxColumns) return std::nullopt;
    columns[count++] = sum_of(name);
  }
  if (count == 0 || text.empty()) return std::nullopt;
  ConntrackSums sums;
  while (!text.empty()) {
    std::string_view line = next_line(text);
    for (size_t i = 0; i < count; ++i) {
      const auto number = parse_number<uint64_t>(next_word(line), 16);
      if (!number) return std::nullopt;
      if (columns[i] != nullptr) sums.*columns[i] += *number;
    }
  }
  return sums;
}

Result<std::unique_ptr<Collector>> make_conntrack(const Options& options) {
  return std::make_unique<Conntrack>(options);
}

}  // namespace weir::host
