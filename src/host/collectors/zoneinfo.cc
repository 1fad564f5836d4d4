#include "host/collectors/zoneinfo.h"

#include <array>
#include <vector>

#include "base/kept_file.h"
#include "base/text.h"
#include "host/collectors/options.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;

struct Family {
  std::string_view key;
  std::string_view name;
  telemetry::MetricType type;
  std::string_view help;
};
constexpr auto kFamilies = std::to_array<Family>({
    {"high", "high_pages", gauge, "Zone watermark pages_high"},
    {"low", "low_pages", gauge, "Zone watermark pages_low"},
    {"managed", "managed_pages", gauge, "Present pages managed by the buddy system"},
    {"min", "min_pages", gauge, "Zone watermark pages_min"},
    {"nr_active_anon", "nr_active_anon_pages", gauge, "Number of anonymous pages recently more used"},
    {"nr_active_file", "nr_active_file_pages", gauge, "Number of active pages with file-backing"},
    {"nr_anon_pages", "nr_anon_pages", gauge, "Number of anonymous pages currently used by the system"},
    {"nr_anon_transparent_hugepages", "nr_anon_transparent_hugepages", gauge,
     "Number of anonymous transparent huge pages currently used by the system"},
    {"nr_dirtied", "nr_dirtied_total", counter, "Page dirtyings since bootup"},
    {"nr_dirty", "nr_dirty_pages", gauge, "Number of dirty pages"},
    {"nr_file_pages", "nr_file_pages", gauge, "Number of file pages"},
    {"nr_free_pages", "nr_free_pages", gauge, "Total number of free pages in the zone"},
    {"nr_inactive_anon", "nr_inactive_anon_pages", gauge, "Number of anonymous pages recently less used"},
    {"nr_inactive_file", "nr_inactive_file_pages", gauge, "Number of inactive pages with file-backing"},
    {"nr_isolated_anon", "nr_isolated_anon_pages", gauge, "Temporary isolated pages from anon lru"},
    {"nr_isolated_file", "nr_isolated_file_pages", gauge, "Temporary isolated pages from file lru"},
    {"nr_kernel_stack", "nr_kernel_stacks", gauge, "Number of kernel stacks"},
    {"nr_mapped", "nr_mapped_pages", gauge, "Number of mapped pages"},
    {"nr_mlock", "nr_mlock_stack_pages", gauge, "mlock()ed pages found and moved off LRU"},
    {"nr_shmem", "nr_shmem_pages", gauge, "Number of shmem pages (included tmpfs/GEM pages)"},
    {"nr_slab_reclaimable", "nr_slab_reclaimable_pages", gauge, "Number of reclaimable slab pages"},
    {"nr_slab_unreclaimable", "nr_slab_unreclaimable_pages", gauge, "Number of unreclaimable slab pages"},
    {"nr_unevictable", "nr_unevictable_pages", gauge, "Number of unevictable pages"},
    {"nr_writeback", "nr_writeback_pages", gauge, "Number of writeback pages"},
    {"nr_written", "nr_written_total", counter, "Page writings since bootup"},
    {"numa_foreign", "numa_foreign_total", counter, "Was intended here, hit elsewhere"},
    {"numa_hit", "numa_hit_total", counter, "Allocated in intended node"},
    {"numa_interleave", "numa_interleave_total", counter, "Interleaver preferred this zone"},
    {"numa_local", "numa_local_total", counter, "Allocation from local node"},
    {"numa_miss", "numa_miss_total", counter, "Allocated in non intended node"},
    {"numa_other", "numa_other_total", counter, "Allocation from other node"},
    {"present", "present_pages", gauge, "Physical pages existing within the zone"},
    {"scanned", "scanned_pages", gauge, "Pages scanned since last reclaim"},
    {"spanned", "spanned_pages", gauge, "Total pages spanned by the zone, including holes"},
});

// The kernel has at most six kinds of zones.
constexpr size_t kMaxProtections = 8;

struct ZoneValues {
  std::string_view node;
  std::string_view zone;
  std::array<std::optional<uint64_t>, kFamilies.size()> values;
  std::array<std::optional<uint64_t>, kMaxProtections> protections;
};

class Zoneinfo : public Collector {
 public:
  explicit Zoneinfo(const Options& options) : file_(options.procfs + "/zoneinfo") {}

  Result<> collect(telemetry::Exposition& out) override {
    const std::string_view read = TRY(file_.read());
    parse(read);
    if (zones_.empty()) return fail("{} has no zone: {}", file_.path(), shortened(read));
    const auto write = [&](std::string_view name, telemetry::MetricType type, std::string_view help, auto&& value_of) {
      name_.assign("node_zoneinfo_").append(name);
      out.family(name_, type, help);
      for (const ZoneValues& zone : zones_)
        if (const auto& value = value_of(zone)) out.sample({{"node", zone.node}, {"zone", zone.zone}}, *value);
    };
    for (size_t i = 0; i < kFamilies.size(); ++i)
      write(kFamilies[i].name, kFamilies[i].type, kFamilies[i].help,
            [i](const ZoneValues& zone) -> const auto& { return zone.values[i]; });
    constexpr std::string_view kDigits = "01234567";
    for (size_t i = 0; i < kMaxProtections; ++i) {
      protection_.assign("protection_").append(kDigits.substr(i, 1));
      help_.assign("Protection array ").append(kDigits.substr(i, 1)).append(". field");
      write(protection_, gauge, help_, [i](const ZoneValues& zone) -> const auto& { return zone.protections[i]; });
    }
    return {};
  }

 private:
  void parse(std::string_view text) {
    zones_.clear();
    while (!text.empty()) {
      std::string_view line = next_line(text);
      std::string_view key = next_word(line);
      if (key == "Node") {  // Node 0, zone      DMA
        std::string_view node = next_word(line);
        next_word(line);
        if (node.ends_with(',')) node.remove_suffix(1);
        zones_.push_back({.node = node, .zone = next_word(line), .values = {}, .protections = {}});
        continue;
      }
      if (zones_.empty()) continue;
      if (key == "protection:") {  // (0, 2877, 7826, 7826, 7826)
        for (auto& protection : zones_.back().protections) {
          std::string_view word = next_word(line);
          if (word.starts_with('(')) word.remove_prefix(1);
          if (word.ends_with(',') || word.ends_with(')')) word.remove_suffix(1);
          protection = parse_number<uint64_t>(word);
        }
        continue;
      }
      if (key == "nr_mlock_stack") key = "nr_mlock";
      for (size_t i = 0; i < kFamilies.size(); ++i)
        if (kFamilies[i].key == key) zones_.back().values[i] = parse_number<uint64_t>(next_word(line));
    }
  }

  KeptFile file_;
  std::vector<ZoneValues> zones_;
  std::string name_;
  std::string protection_;
  std::string help_;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_zoneinfo(const Options& options) { return std::make_unique<Zoneinfo>(options); }

}  // namespace weir::host
