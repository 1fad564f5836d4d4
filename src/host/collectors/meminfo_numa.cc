#include "host/collectors/meminfo_numa.h"

#include <optional>
#include <vector>

#include "base/kept_file.h"
#include "base/text.h"
#include "host/collectors/meminfo.h"
#include "host/collectors/options.h"
#include "host/kernel/directory.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;

struct Node {
  std::string number;
  KeptFile meminfo;
  KeptFile numastat;
  std::string_view memory;  // text of this scrape
  std::string_view allocations;
};

// "Node 0 MemTotal: 5 kB" without its start.
std::optional<MeminfoField> field_of(std::string_view line) {
  if (next_word(line) != "Node" || next_word(line).empty()) return std::nullopt;
  return parse_meminfo_line(trimmed(line));
}

class MeminfoNuma : public Collector {
 public:
  explicit MeminfoNuma(const Options& options) : watch_(options.sysfs + "/devices/system/node", "node") {}

  Result<> collect(telemetry::Exposition& out) override {
    if (watch_.changed()) find();
    if (nodes_.empty()) return no_data();
    for (Node& node : nodes_) {
      node.memory = node.meminfo.read_if_there().value_or("");
      node.allocations = node.numastat.read_if_there().value_or("");
    }
    // All nodes have the fields of the first, in the same order.
    std::string_view text = nodes_[0].memory;
    while (!text.empty()) {
      const auto first = field_of(next_line(text));
      if (!first) continue;
      name_.assign("node_memory_numa_");
      append_meminfo_name(name_, {.name = first->name});
      help_.assign("Memory information field ").append(std::string_view(name_).substr(17)).append(".");
      out.family(name_, gauge, help_);
      for (const Node& node : nodes_)
        if (const auto value = memory_of(node, first->name)) out.sample({{"node", node.number}}, *value);
    }
    text = nodes_[0].allocations;
    while (!text.empty()) {
      std::string_view line = next_line(text);
      const std::string_view key = next_word(line);
      if (!is_name(key)) continue;
      name_.assign("node_memory_numa_").append(key).append("_total");
      help_.assign("Memory information field ").append(key).append("_total.");
      out.family(name_, counter, help_);
      for (const Node& node : nodes_)
        if (const auto value = allocations_of(node, key)) out.sample({{"node", node.number}}, *value);
    }
    return {};
  }

 private:
  static std::optional<uint64_t> memory_of(const Node& node, std::string_view name) {
    std::string_view text = node.memory;
    while (!text.empty())
      if (const auto field = field_of(next_line(text)); field && field->name == name) return field->value;
    return std::nullopt;
  }
  static std::optional<uint64_t> allocations_of(const Node& node, std::string_view key) {
    std::string_view text = node.allocations;
    while (!text.empty()) {
      std::string_view line = next_line(text);
      if (next_word(line) == key) return parse_number<uint64_t>(next_word(line));
    }
    return std::nullopt;
  }

  void find() {
    nodes_.clear();
    for (const std::string& name : watch_.names()) {
      const std::string number = name.substr(4);
      if (!parse_number<uint32_t>(number)) continue;
      const std::string directory = watch_.path() + "/" + name;
      nodes_.push_back({number,
                        KeptFile(directory + "/meminfo", Shape::one_record),
                        KeptFile(directory + "/numastat", Shape::one_record),
                        {},
                        {}});
    }
  }

  DirectoryWatch watch_;
  std::vector<Node> nodes_;
  std::string name_;
  std::string help_;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_meminfo_numa(const Options& options) {
  return std::make_unique<MeminfoNuma>(options);
}

}  // namespace weir::host
