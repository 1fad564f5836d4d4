#include "host/collectors/bcache.h"

#include <array>
#include <span>
#include <vector>

#include "host/collectors/options.h"
#include "host/kernel/attribute.h"
#include "host/kernel/directory.h"
#include "host/kernel/key_value.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;

struct Family {
  std::string_view file;
  std::string_view key;  // of a line of the file; empty: the file is the number
  std::string_view name;
  telemetry::MetricType type;
  std::string_view help;
  double factor = 1;
};

constexpr auto kSetFamilies = std::to_array<Family>({
    {"internal/active_journal_entries", "", "node_bcache_active_journal_entries", gauge,
     "Number of journal entries that are newer than the index."},
    {"average_key_size", "", "node_bcache_average_key_size_sectors", gauge,
     "Average data per key in the btree (sectors)."},
    {"btree_cache_size", "", "node_bcache_btree_cache_size_bytes", gauge,
     "Amount of memory currently used by the btree cache."},
    {"internal/btree_nodes", "", "node_bcache_btree_nodes", gauge, "Total nodes in the btree."},
    {"internal/btree_read_average_duration_us", "", "node_bcache_btree_read_average_duration_seconds", gauge,
     "Average btree read duration.", 1e-9},
    {"cache_available_percent", "", "node_bcache_cache_available_percent", gauge,
     "Percentage of cache device without dirty data, usable for writeback (may contain clean cached data)."},
    {"internal/cache_read_races", "", "node_bcache_cache_read_races_total", counter,
     "Counts instances where while data was being read from the cache, the bucket was reused and invalidated - i.e. "
     "where the pointer was stale after the read completed."},
    {"congested", "", "node_bcache_congested", gauge, "Congestion."},
    {"root_usage_percent", "", "node_bcache_root_usage_percent", gauge,
     "Percentage of the root btree node in use (tree depth increases if too high)."},
    {"tree_depth", "", "node_bcache_tree_depth", gauge, "Depth of the btree."},
});

constexpr auto kBackingFamilies = std::to_array<Family>({
    {"stats_total/bypassed", "", "node_bcache_bypassed_bytes_total", counter,
     "Amount of IO (both reads and writes) that has bypassed the cache."},
    {"stats_total/cache_bypass_hits", "", "node_bcache_cache_bypass_hits_total", counter,
     "Hits for IO intended to skip the cache."},
    {"stats_total/cache_bypass_misses", "", "node_bcache_cache_bypass_misses_total", counter,
     "Misses for IO intended to skip the cache."},
    {"stats_total/cache_hits", "", "node_bcache_cache_hits_total", counter,
     "Hits counted per individual IO as bcache sees them."},
    {"stats_total/cache_miss_collisions", "", "node_bcache_cache_miss_collisions_total", counter,
     "Instances where data insertion from cache miss raced with write (data already present)."},
    {"stats_total/cache_misses", "", "node_bcache_cache_misses_total", counter,
     "Misses counted per individual IO as bcache sees them."},
    {"stats_total/cache_readaheads", "", "node_bcache_cache_readaheads_total", counter,
     "Count of times readahead occurred."},
    {"dirty_data", "", "node_bcache_dirty_data_bytes", gauge,
     "Amount of dirty data for this backing device in the cache."},
    {"writeback_rate_debug", "target", "node_bcache_dirty_target_bytes", gauge,
     "Current dirty data target threshold for this backing device in bytes."},
    {"writeback_rate_debug", "change", "node_bcache_writeback_change", gauge,
     "Last writeback rate change step for this backing device."},
    {"writeback_rate_debug", "rate", "node_bcache_writeback_rate", gauge,
     "Current writeback rate for this backing device in bytes."},
    {"writeback_rate_debug", "integral", "node_bcache_writeback_rate_integral_term", gauge,
     "Current result of integral controller, part of writeback rate"},
    {"writeback_rate_debug", "proportional", "node_bcache_writeback_rate_proportional_term", gauge,
     "Current result of proportional controller, part of writeback rate"},
});

// The last two ask the kernel to sort all buckets: --collector.bcache.priorityStats.
constexpr size_t kPriorityFamilies = 2;
constexpr auto kCacheFamilies = std::to_array<Family>({
    {"io_errors", "", "node_bcache_io_errors", gauge,
     "Number of errors that have occurred, decayed by io_error_halflife."},
    {"metadata_written", "", "node_bcache_metadata_written_bytes_total", counter,
     "Sum of all non data writes (btree writes and all other metadata)."},
    {"written", "", "node_bcache_written_bytes_total", counter, "Sum of all data that has been written to the cache."},
    {"priority_stats", "Metadata", "node_bcache_priority_stats_metadata_percent", gauge, "Bcache's metadata overhead."},
    {"priority_stats", "Unused", "node_bcache_priority_stats_unused_percent", gauge,
     "The percentage of the cache that doesn't contain any data."},
});

struct Place {
  std::string uuid;
  std::string device;
  std::vector<Attribute> files;
};

class Bcache : public Collector {
 public:
  explicit Bcache(const Options& options)
      : priority_(options.bcache_priority_stats), watch_(options.sysfs + "/fs/bcache", "") {}

  Result<> collect(telemetry::Exposition& out) override {
    if (watch_.changed()) find();
    write(out, kBackingFamilies, backing_, "backing_device");
    write(out, std::span(kCacheFamilies).first(kCacheFamilies.size() - (priority_ ? 0 : kPriorityFamilies)), caches_,
          "cache_device");
    write(out, kSetFamilies, sets_, "");
    return {};
  }

 private:
  void write(telemetry::Exposition& out, std::span<const Family> families, std::vector<Place>& places,
             std::string_view label) {
    for (size_t i = 0; i < families.size(); ++i) {
      const Family& family = families[i];
      out.family(family.name, family.type, family.help);
      for (Place& place : places) {
        std::string_view text = place.files[i].read(buffer_).value_or("");
        if (family.key == "Metadata" || family.key == "Unused") {  // "Unused:		99%"
          const size_t line = text.find(family.key);
          text = line == std::string_view::npos ? "" : text.substr(line, text.find('%', line) - line);
        }
        const auto value = family.key.empty() ? parse_human(text) : human_value(text, family.key);
        if (!value) continue;
        if (label.empty()) {
          out.sample({{"uuid", place.uuid}}, *value * family.factor);
        } else {
          out.sample({{label, place.device}, {"uuid", place.uuid}}, *value * family.factor);
        }
      }
    }
  }

  static Place place(const std::string& uuid, const std::string& device, const std::string& directory,
                     std::span<const Family> families) {
    Place made{uuid, device, {}};
    for (const Family& family : families) made.files.emplace_back(fmt::format("{}/{}", directory, family.file));
    return made;
  }

  void find() {
    sets_.clear();
    backing_.clear();
    caches_.clear();
    for (const std::string& uuid : watch_.names()) {
      const std::string directory = watch_.path() + "/" + uuid;
      if (!uuid.contains('-') || !Directory(directory)) continue;  // "register" and other files
      sets_.push_back(place(uuid, "", directory, kSetFamilies));
      for (const std::string& device : list_directory(directory, "bdev"))
        backing_.push_back(place(uuid, device, directory + "/" + device, kBackingFamilies));
      for (const std::string& device : list_directory(directory, "cache"))
        if (Directory(directory + "/" + device))
          caches_.push_back(place(uuid, device, directory + "/" + device, kCacheFamilies));
    }
  }

  bool priority_;
  DirectoryWatch watch_;
  std::vector<Place> sets_;
  std::vector<Place> backing_;
  std::vector<Place> caches_;
  AttributeBuffer buffer_;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_bcache(const Options& options) { return std::make_unique<Bcache>(options); }

}  // namespace weir::host
