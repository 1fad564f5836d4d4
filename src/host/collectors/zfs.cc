#include "host/collectors/zfs.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/kept_file.h"
#include "base/text.h"
#include "host/collectors/options.h"
#include "host/kernel/directory.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;
using telemetry::Exposition;

constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kFiles{{
    {"abdstats", "node_zfs_abd_"},
    {"arcstats", "node_zfs_arc_"},
    {"dbufstats", "node_zfs_dbuf_"},
    {"dmu_tx", "node_zfs_dmu_tx_"},
    {"dnodestats", "node_zfs_dnode_"},
    {"fm", "node_zfs_fm_"},
    {"vdev_cache_stats", "node_zfs_vdev_cache_"},
    {"vdev_mirror_stats", "node_zfs_vdev_mirror_"},
    {"xuio_stats", "node_zfs_xuio_"},
    {"zfetchstats", "node_zfs_zfetch_"},
    {"zil", "node_zfs_zil_"},
}};
constexpr std::array<std::string_view, 7> kStates{"degraded", "faulted",   "offline", "online",
                                                  "removed",  "suspended", "unavail"};

// A file of one pool; its text is of this scrape.
struct PoolFile {
  std::string pool;
  KeptFile file;
  std::string_view text;
  std::string_view dataset;
};

// Behind the line "name type data".
std::string_view kstat_body(std::string_view text) {
  while (!text.empty()) {
    std::string_view line = next_line(text);
    if (next_word(line) == "name" && next_word(line) == "type" && next_word(line) == "data") return text;
  }
  return {};
}

class Zfs : public Collector {
 public:
  explicit Zfs(const Options& options) : watch_(options.procfs + "/spl/kstat/zfs", "") {
    for (const auto& [file, prefix] : kFiles)
      files_.push_back({prefix, file, KeptFile(fmt::format("{}/{}", watch_.path(), file), Shape::records)});
  }

  Result<> collect(Exposition& out) override {
    if (watch_.changed()) find_pools();
    if (!watch_.there()) return no_data();
    for (File& file : files_) {
      std::string_view body = kstat_body(file.file.read_if_there().value_or(""));
      while (!body.empty()) {
        const auto stat = parse_kstat(next_line(body));
        const auto value = stat ? stat->number() : std::nullopt;
        if (!value) continue;
        name(file.prefix, file.name, stat->name);
        out.single(name_, untyped, help_, *value);
      }
    }
    // Datasets come and go more often than pools.
    if (age_++ % kScrapesUntilDatasets == 0) find_datasets();
    write_pools(out);
    write_datasets(out);
    return {};
  }

 private:
  static constexpr unsigned kScrapesUntilDatasets = 10;

  struct File {
    std::string_view prefix;
    std::string_view name;
    KeptFile file;
  };

  void name(std::string_view prefix, std::string_view file, std::string_view stat) {
    name_.assign(prefix).append(stat);
    for (char& c : name_) {
      const bool fits = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
      if (!fits) c = '_';
    }
    help_.assign("kstat.zfs.misc.").append(file).append(".").append(stat);
  }

  void find_pools() {
    ios_.clear();
    states_.clear();
    pools_ = watch_.names();
    std::erase_if(pools_, [&](const std::string& name) { return !Directory(watch_.path() + "/" + name); });
    for (const std::string& pool : pools_) {
      const std::string directory = watch_.path() + "/" + pool;
      ios_.push_back({pool, KeptFile(directory + "/io"), {}, {}});
      states_.push_back({pool, KeptFile(directory + "/state"), {}, {}});
    }
    age_ = 0;
  }

  void find_datasets() {
    std::vector<std::string> paths;
    std::vector<std::string> owners;
    for (const std::string& pool : pools_)
      for (const std::string& file : list_directory(watch_.path() + "/" + pool, "objset-")) {
        paths.push_back(fmt::format("{}/{}/{}", watch_.path(), pool, file));
        owners.push_back(pool);
      }
    if (std::ranges::equal(paths, datasets_, {}, {}, [](const PoolFile& file) { return file.file.path(); })) return;
    datasets_.clear();
    for (size_t i = 0; i < paths.size(); ++i) datasets_.push_back({owners[i], KeptFile(paths[i]), {}, {}});
  }

  // Old kstats: a line of names from "nread" on, and one of numbers.
  void write_pools(Exposition& out) {
    for (PoolFile& io : ios_) io.text = io_body(io.file.read_if_there().value_or(""));
    std::string_view names;
    for (const PoolFile& io : ios_)
      if (names.empty()) {
        std::string_view text = io.text;
        names = next_line(text);
      }
    size_t column = 0;
    for (auto field = next_word(names); !field.empty(); field = next_word(names), ++column) {
      name("node_zfs_zpool_", "io", field);
      out.family(name_, untyped, help_);
      for (const PoolFile& io : ios_) {
        std::string_view text = io.text;
        next_line(text);
        std::string_view values = next_line(text);
        for (size_t i = 0; i < column; ++i) next_word(values);
        if (const auto value = parse_number<uint64_t>(next_word(values))) out.sample({{"zpool", io.pool}}, *value);
      }
    }
    out.family("node_zfs_zpool_state", gauge, "kstat.zfs.misc.state");
    for (PoolFile& state : states_) {
      const auto text = state.file.read_if_there();
      if (!text) continue;
      const std::string_view now = trimmed(*text);
      for (const std::string_view known : kStates) {
        const bool same = std::ranges::equal(now, known, [](char a, char b) { return (a | 0x20) == b; });
        out.sample({{"state", known}, {"zpool", state.pool}}, same);
      }
    }
  }

  static std::string_view io_body(std::string_view text) {
    while (!text.empty()) {
      const std::string_view here = text;
      std::string_view line = next_line(text);
      if (next_word(line) == "nread") return here;
    }
    return {};
  }

  // All datasets have the same counters, in the same order.
  void write_datasets(Exposition& out) {
    for (PoolFile& dataset : datasets_) {
      dataset.text = kstat_body(dataset.file.read_if_there().value_or(""));
      dataset.dataset = {};
      std::string_view text = dataset.text;
      while (!text.empty() && dataset.dataset.empty())
        if (const auto stat = parse_kstat(next_line(text)); stat && stat->name == "dataset_name")
          dataset.dataset = stat->value;
    }
    if (datasets_.empty()) return;
    std::string_view text = datasets_[0].text;
    while (!text.empty()) {
      const auto stat = parse_kstat(next_line(text));
      if (!stat || !stat->number()) continue;
      name("node_zfs_zpool_dataset_", "objset", stat->name);
      out.family(name_, untyped, help_);
      for (const PoolFile& dataset : datasets_) {
        std::string_view body = dataset.text;
        while (!body.empty()) {
          const auto one = parse_kstat(next_line(body));
          if (!one || one->name != stat->name) continue;
          if (const auto value = one->number())
            out.sample({{"dataset", dataset.dataset}, {"zpool", dataset.pool}}, *value);
          break;
        }
      }
    }
  }

  DirectoryWatch watch_;
  std::vector<File> files_;
  std::vector<std::string> pools_;
  std::vector<PoolFile> ios_;
  std::vector<PoolFile> states_;
  std::vector<PoolFile> datasets_;
  unsigned age_ = 0;
  std::string name_;
  std::string help_;
};

}  // namespace

std::optional<double> Kstat::number() const {
  if (type != "3" && type != "4") return std::nullopt;
  if (const auto whole = parse_number<int64_t>(value)) return static_cast<double>(*whole);
  if (const auto large = parse_number<uint64_t>(value)) return static_cast<double>(*large);
  return std::nullopt;
}

std::optional<Kstat> parse_kstat(std::string_view line) {
  Kstat stat;
  stat.name = next_word(line);
  stat.type = next_word(line);
  stat.value = trimmed(line);
  if (stat.name.empty() || stat.type.empty() || stat.value.empty()) return std::nullopt;
  return stat;
}

Result<std::unique_ptr<Collector>> make_zfs(const Options& options) { return std::make_unique<Zfs>(options); }

}  // namespace weir::host
