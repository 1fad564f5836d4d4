#include "host/collectors/lnstat.h"

#include <algorithm>
#include <vector>

#include "base/kept_file.h"
#include "base/text.h"
#include "host/collectors/options.h"
#include "host/kernel/directory.h"

namespace weir::host {
namespace {

// The kernel has five files of at most 20 columns.
constexpr size_t kMaxColumns = 64;

struct Value {
  std::string name;
  std::string_view subsystem;
  size_t cpu;
  uint64_t value;
};

class Lnstat : public Collector {
 public:
  explicit Lnstat(const Options& options) : watch_(options.procfs + "/net/stat", "") {}

  Result<> collect(telemetry::Exposition& out) override {
    if (watch_.changed()) {
      files_.clear();
      for (const std::string& name : watch_.names()) files_.push_back({name, KeptFile(watch_.path() + "/" + name)});
    }
    values_.clear();
    for (auto& [subsystem, file] : files_) {
      const auto text = file.try_read();
      if (!text) continue;  // its module has gone
      const bool good = each_lnstat(*text, [&](size_t cpu, std::string_view name, uint64_t value) {
        values_.push_back({.name = std::string(name), .subsystem = subsystem, .cpu = cpu, .value = value});
      });
      if (!good) return fail("{} is not what it should be: {}", file.path(), shortened(*text));
    }
    // A family may have samples of several files.
    std::ranges::stable_sort(values_, {}, &Value::name);
    for (size_t i = 0; i < values_.size(); ++i) {
      const Value& value = values_[i];
      if (i == 0 || value.name != values_[i - 1].name)
        out.family(fmt::format("node_lnstat_{}_total", value.name), telemetry::MetricType::counter,
                   "linux network cache stats");
      out.sample({{"cpu", std::to_string(value.cpu)}, {"subsystem", value.subsystem}}, value.value);
    }
    return {};
  }

 private:
  struct File {
    std::string subsystem;
    KeptFile file;
  };
  DirectoryWatch watch_;
  std::vector<File> files_;
  std::vector<Value> values_;
};

}  // namespace

bool each_lnstat(std::string_view text,
                 const std::function<void(size_t cpu, std::string_view name, uint64_t value)>& use) {
  std::string_view header = next_line(text);
  std::vector<std::string_view> names;
  for (std::string_view name = next_word(header); !name.empty(); name = next_word(header)) {
    if (!is_name(name) || names.size() == kMaxColumns || std::ranges::find(names, name) != names.end()) return false;
    names.push_back(name);
  }
  if (names.empty()) return false;
  for (size_t cpu = 0; !text.empty(); ++cpu) {
    std::string_view line = next_line(text);
    for (const std::string_view name : names) {
      const auto value = parse_number<uint64_t>(next_word(line), 16);
      if (!value) return false;
      use(cpu, name, *value);
    }
  }
  return true;
}

Result<std::unique_ptr<Collector>> make_lnstat(const Options& options) { return std::make_unique<Lnstat>(options); }

}  // namespace weir::host
