#include "host/collectors/mdadm.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/kept_file.h"
#include "base/text.h"
#include "host/collectors/options.h"
#include "host/kernel/attribute.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;

constexpr std::array<std::string_view, 5> kStates{"active", "check", "inactive", "recovering", "resync"};

class Mdadm : public Collector {
 public:
  explicit Mdadm(const Options& options) : sysfs_(options.sysfs), file_(options.procfs + "/mdstat") {}

  Result<> collect(telemetry::Exposition& out) override {
    const auto text = file_.read_if_there();
    if (!text) return no_data();
    bool damaged = false;
    parse_mdstat(*text, arrays_, damaged);
    const auto write = [&](std::string_view name, std::string_view help, uint64_t MdArray::* field) {
      out.family(name, gauge, help);
      for (const MdArray& array : arrays_) out.sample({{"device", array.name}}, array.*field);
    };
    write("node_md_blocks", "Total number of blocks on device.", &MdArray::blocks);
    write("node_md_blocks_synced", "Number of blocks synced on device.", &MdArray::synced);
    write_degraded(out);
    out.family("node_md_disks", gauge, "Number of active/failed/spare disks of device.");
    for (const MdArray& array : arrays_) {
      out.sample({{"device", array.name}, {"state", "active"}}, array.active);
      out.sample({{"device", array.name}, {"state", "failed"}}, array.failed);
      out.sample({{"device", array.name}, {"state", "spare"}}, array.spare);
    }
    write("node_md_disks_required", "Total number of disks of device.", &MdArray::required);
    out.family("node_md_state", gauge, "Indicates the state of md-device.");
    for (const MdArray& array : arrays_)
      for (const std::string_view state : kStates)
        out.sample({{"device", array.name}, {"state", state}}, array.state == state);
    if (damaged) return fail("{} has lines that cannot be read", file_.path());
    return {};
  }

 private:
  struct Degraded {
    std::string name;
    Attribute degraded;
    Attribute disks;
  };

  void write_degraded(telemetry::Exposition& out) {
    const bool same = std::ranges::equal(arrays_, degraded_, {}, &MdArray::name, &Degraded::name);
    if (!same) {
      degraded_.clear();
      for (const MdArray& array : arrays_) {
        const std::string directory = fmt::format("{}/block/{}/md", sysfs_, array.name);
        degraded_.push_back(
            {std::string(array.name), Attribute(directory + "/degraded"), Attribute(directory + "/raid_disks")});
      }
    }
    out.family("node_md_degraded", gauge, "Number of degraded disks on device.");
    for (Degraded& array : degraded_)
      if (const auto disks = array.degraded.number(buffer_)) out.sample({{"device", array.name}}, *disks);
    out.family("node_md_raid_disks", gauge, "Number of raid disks on device.");
    for (Degraded& array : degraded_)
      if (const auto disks = array.disks.number(buffer_)) out.sample({{"device", array.name}}, *disks);
  }

  std::string sysfs_;
  KeptFile file_;
  std::vector<MdArray> arrays_;
  std::vector<Degraded> degraded_;
  AttributeBuffer buffer_;
};

uint64_t count_of(std::string_view text, std::string_view what) {
  uint64_t count = 0;
  for (size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + what.size())) ++count;
  return count;
}

// "[3/2]": how many there should be, how many there are.
bool parse_members(std::string_view line, MdArray& array) {
  for (size_t open = line.find('['); open != std::string_view::npos; open = line.find('[', open + 1)) {
    const std::string_view inside = line.substr(open + 1, line.find(']', open) - open - 1);
    const size_t slash = inside.find('/');
    if (slash == std::string_view::npos) continue;
    const auto total = parse_number<uint64_t>(inside.substr(0, slash));
    const auto active = parse_number<uint64_t>(inside.substr(slash + 1));
    if (!total || !active) continue;
    array.required = *total;
    array.active = *active;
    return true;
  }
  return false;
}

// "  8 blocks super 1.2 [2/1] [U_]"
bool parse_status(std::string_view device, std::string_view status, MdArray& array) {
  std::string_view words = status;
  const auto blocks = parse_number<uint64_t>(next_word(words));
  if (!blocks) return false;
  array.blocks = array.synced = *blocks;
  if (array.state == "inactive") return true;
  if (device.contains("raid0") || device.contains("linear")) {
    array.required = array.active = count_of(device, "[");
    return true;
  }
  return parse_members(status, array);
}

// "[==>..]  recovery =  8.5% (16775552/195310144) finish=17.0min speed=259783K/sec", "resync=DELAYED"
void parse_progress(std::string_view line, MdArray& array) {
  const std::string_view state = line.contains("recovery")  ? "recovering"
                                 : line.contains("resync")  ? "resync"
                                 : line.contains("check")   ? "check"
                                 : line.contains("reshape") ? "reshape"
                                                            : "";
  if (state.empty()) return;
  array.state = state;
  const size_t open = line.find('(');
  if (open == std::string_view::npos) {  // PENDING, DELAYED, REMOTE
    array.synced = 0;
    return;
  }
  const std::string_view inside = line.substr(open + 1);
  array.synced = parse_number<uint64_t>(inside.substr(0, inside.find('/'))).value_or(0);
}

}  // namespace

void parse_mdstat(std::string_view text, std::vector<MdArray>& arrays, bool& damaged) {
  arrays.clear();
  while (!text.empty()) {
    const std::string_view device = next_line(text);
    if (device.empty() || device[0] == ' ' || device[0] == '\t' || device.starts_with("Personalities") ||
        device.starts_with("unused"))
      continue;
    // md127 : active (auto-read-only) raid1 sdi2[0] sdj2[1](F)
    MdArray array;
    std::string_view words = device;
    array.name = next_word(words);
    const bool colon = next_word(words) == ":";
    array.state = next_word(words);
    array.failed = count_of(device, "(F)");
    array.spare = count_of(device, "(S)");
    const bool readable = colon && !array.state.empty() && parse_status(device, next_line(text), array);
    // The lines of an array end with an empty one.
    while (!text.empty() && (text[0] == ' ' || text[0] == '\t')) {
      const std::string_view line = next_line(text);
      if (!line.contains("bitmap")) parse_progress(line, array);
    }
    if (readable) {
      arrays.push_back(array);
    } else {
      damaged = true;
    }
  }
}

Result<std::unique_ptr<Collector>> make_mdadm(const Options& options) { return std::make_unique<Mdadm>(options); }

}  // namespace weir::host
