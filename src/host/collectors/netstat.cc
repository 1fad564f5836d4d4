#include "host/collectors/netstat.h"

#include "base/kept_file.h"
#include "base/text.h"
#include "host/collectors/line_families.h"
#include "host/collectors/options.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;

void write_value(telemetry::Exposition& out, std::string_view name, std::string_view help, std::string_view text) {
  // Tcp MaxConn is -1; counters use all 64 bits.
  if (const auto value = parse_number<int64_t>(text)) {
    out.single(name, untyped, help, *value);
  } else if (const auto large = parse_number<uint64_t>(text)) {
    out.single(name, untyped, help, *large);
  }
}

class Netstat : public Collector {
 public:
  Netstat(const Options& options, Selector fields)
      : fields_(std::move(fields)),
        netstat_(options.procfs + "/net/netstat", Shape::one_record),
        snmp_(options.procfs + "/net/snmp", Shape::one_record),
        snmp6_(options.procfs + "/net/snmp6", Shape::one_record) {}

  Result<> collect(telemetry::Exposition& out) override {
    size_t table = 0;
    for (KeptFile* file : {&netstat_, &snmp_}) {
      std::string_view text = TRY(file->read());
      while (!text.empty()) {
        const std::string_view names = next_line(text);
        const std::string_view values = next_line(text);
        if (table == tables_.size()) tables_.emplace_back();
        if (!tables_[table++].write(out, names, values, fields_))
          return fail("{}: the lines \"{}\" and \"{}\" do not fit", file->path(), shortened(names), shortened(values));
      }
    }
    // A line for each counter. Missing with ipv6.disable=1.
    std::string_view text = snmp6_.read_if_there().value_or("");
    for (size_t i = 0; !text.empty(); ++i) {
      std::string_view line = next_line(text);
      const LineFamily& family = sixes_.at(i, next_word(line), [this](LineFamily& made) { learn(made); });
      if (!family.name.empty()) write_value(out, family.name, family.help, next_word(line));
    }
    fields_.shrink();
    return {};
  }

 private:
  // "Udp6InDatagrams" -> "Udp6_InDatagrams".
  void learn(LineFamily& family) const {
    const size_t digit = family.field.find('6');
    if (digit == std::string::npos || !is_name(family.field)) return;
    std::string key = family.field;
    key.insert(digit + 1, 1, '_');
    if (!fields_.selects(key)) return;
    family.name = "node_netstat_" + key;
    family.help = fmt::format("Statistic {}.", family.field);
  }

  Selector fields_;
  KeptFile netstat_;
  KeptFile snmp_;
  KeptFile snmp6_;
  std::vector<NetstatTable> tables_;
  LineFamilies sixes_;
};

}  // namespace

bool NetstatTable::learn(std::string_view names, const Selector& fields) {
  names_ = names;
  columns_.clear();
  count_ = 0;
  const std::string_view protocol = next_word(names);
  if (protocol.size() < 2 || !protocol.ends_with(':') || !is_name(protocol.substr(0, protocol.size() - 1)))
    return false;
  const std::string prefix(protocol.substr(0, protocol.size() - 1));
  for (;; ++count_) {
    const std::string_view field = next_word(names);
    if (field.empty()) return count_ > 0;
    const std::string key = fmt::format("{}_{}", prefix, field);
    if (is_name(field) && fields.selects(key))
      columns_.push_back({count_, "node_netstat_" + key, fmt::format("Statistic {}{}.", prefix, field)});
  }
}

bool NetstatTable::write(telemetry::Exposition& out, std::string_view names, std::string_view values,
                         const Selector& fields) {
  if (names != names_ && !learn(names, fields)) return false;
  const size_t colon = names.find(':');
  if (count_ == 0 || !values.starts_with(names.substr(0, colon + 1))) return false;
  values.remove_prefix(colon + 1);
  size_t index = 0;
  auto column = columns_.begin();
  while (true) {
    const std::string_view value = next_word(values);
    if (value.empty()) return index == count_;
    if (column != columns_.end() && column->index == index) {
      write_value(out, column->name, column->help, value);
      ++column;
    }
    ++index;
  }
}

Result<std::unique_ptr<Collector>> make_netstat(const Options& options) {
  auto fields = TRY(Selector::only(options.netstat_fields, "--collector.netstat.fields"));
  return std::make_unique<Netstat>(options, std::move(fields));
}

}  // namespace weir::host
