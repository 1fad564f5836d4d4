#include "host/collectors/bonding.h"

#include <vector>

#include "base/kept_file.h"
#include "base/text.h"
#include "host/collectors/options.h"
#include "host/kernel/attribute.h"
#include "host/kernel/directory.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;

struct Master {
  std::string name;
  Attribute slaves;
  std::string slaves_text;
  std::vector<Attribute> states;
  uint64_t active = 0;
};

class Bonding : public Collector {
 public:
  explicit Bonding(const Options& options)
      : directory_(options.sysfs + "/class/net"), masters_file_(directory_ + "/bonding_masters", Shape::one_record) {}

  Result<> collect(telemetry::Exposition& out) override {
    const auto masters = masters_file_.read_if_there();
    if (!masters) return no_data();
    if (*masters != masters_text_) find(*masters);
    for (Master& master : masters_) {
      const auto slaves = master.slaves.read(buffer_).value_or("");
      if (slaves != master.slaves_text) find_slaves(master, slaves);
      master.active = 0;
      for (Attribute& state : master.states) master.active += state.read(buffer_) == "up" ? 1 : 0;
    }
    out.family("node_bonding_active", gauge, "Number of active slaves per bonding interface.");
    for (const Master& master : masters_) out.sample({{"master", master.name}}, master.active);
    out.family("node_bonding_slaves", gauge, "Number of configured slaves per bonding interface.");
    for (const Master& master : masters_) out.sample({{"master", master.name}}, master.states.size());
    return {};
  }

 private:
  void find(std::string_view names) {
    masters_text_ = names;
    masters_.clear();
    for (auto name = next_word(names); !name.empty(); name = next_word(names))
      masters_.push_back(
          {std::string(name), Attribute(fmt::format("{}/{}/bonding/slaves", directory_, name)), {}, {}, 0});
  }

  void find_slaves(Master& master, std::string_view names) {
    master.slaves_text = names;
    master.states.clear();
    for (auto name = next_word(names); !name.empty(); name = next_word(names)) {
      std::string link = fmt::format("{}/{}/lower_{}", directory_, master.name, name);
      if (!Directory(link)) link = fmt::format("{}/{}/slave_{}", directory_, master.name, name);  // before 3.17
      master.states.emplace_back(link + "/bonding_slave/mii_status");
    }
  }

  std::string directory_;
  KeptFile masters_file_;
  std::string masters_text_;
  std::vector<Master> masters_;
  AttributeBuffer buffer_;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_bonding(const Options& options) { return std::make_unique<Bonding>(options); }

}  // namespace weir::host
