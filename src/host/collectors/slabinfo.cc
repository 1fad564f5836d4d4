#include "host/collectors/slabinfo.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <string>
#include <vector>

#include "base/kept_file.h"
#include "base/text.h"
#include "host/collectors/options.h"
#include "host/kernel/attribute.h"
#include "host/select/selection.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;
using telemetry::Exposition;

// Files of /sys/kernel/slab/NAME that only a kernel with CONFIG_SLUB_STATS has.
struct Operation {
  std::string_view metric;
  std::string_view help;
  std::vector<std::string_view> files;  // the sum of them
};
const std::array<Operation, 4>& operations() {
  static const std::array<Operation, 4> kOperations{{
      {"weir_slab_allocations_total", "Objects taken from the cache.", {"alloc_fastpath", "alloc_slowpath"}},
      {"weir_slab_frees_total", "Objects given back to the cache.", {"free_fastpath", "free_slowpath"}},
      {"weir_slab_slab_allocations_total", "Slabs that the cache took from the page allocator.", {"alloc_slab"}},
      {"weir_slab_slab_frees_total", "Slabs that the cache gave back to the page allocator.", {"free_slab"}},
  }};
  return kOperations;
}

class Slabinfo : public Collector {
 public:
  Slabinfo(const Options& options, Selector selector)
      : selector_(std::move(selector)),
        top_(options.slabinfo_top),
        directory_(options.sysfs + "/kernel/slab"),
        file_(options.procfs + "/slabinfo") {}

  Result<> collect(Exposition& out) override {
    std::string_view text = TRY(file_.read());
    slabs_.clear();
    while (!text.empty()) {
      const auto slab = parse_slab_line(next_line(text));
      if (slab && selector_.selects(slab->name)) slabs_.push_back(*slab);
    }
    merge_and_choose();
    write(out, "node_slabinfo_active_objects", "The number of objects that are currently active (i.e., in use).",
          [](const Slab& slab) { return slab.active_objects; });
    write(out, "node_slabinfo_object_size_bytes", "The size of objects in this slab, in bytes.",
          [](const Slab& slab) { return slab.object_size; });
    write(out, "node_slabinfo_objects",
          "The total number of allocated objects (i.e., objects that are both in use and not in use).",
          [](const Slab& slab) { return slab.objects; });
    write(out, "node_slabinfo_objects_per_slab", "The number of objects stored in each slab.",
          [](const Slab& slab) { return slab.objects_per_slab; });
    write(out, "node_slabinfo_pages_per_slab", "The number of pages allocated for each slab.",
          [](const Slab& slab) { return slab.pages_per_slab; });
    write(out, "weir_slab_idle_bytes", "Memory of slabs without an object in use.",
          [this](const Slab& slab) { return slab.idle_pages() * page_size_; });
    write(out, "weir_slab_max_size_bytes",
          "The most memory that the cache was seen to hold since this program started.",
          [this](const Slab& slab) { return max_pages_.find(slab.name)->second * page_size_; });
    write(out, "weir_slab_size_bytes", "Memory that the cache holds.",
          [this](const Slab& slab) { return slab.pages() * page_size_; });
    write_operations(out);
    return {};
  }

 private:
  template <class Value>
  void write(Exposition& out, std::string_view name, std::string_view help, Value&& value) {
    out.family(name, gauge, help);
    for (const Slab& slab : slabs_) out.sample({{"slab", slab.name}}, value(slab));
  }

  // Two caches, of modules, may have the same name: their sum is one series. Keeps the largest, ordered by name.
  void merge_and_choose() {
    std::ranges::sort(slabs_, {}, &Slab::name);
    size_t kept = 0;
    for (size_t i = 0; i < slabs_.size(); ++i) {
      if (kept > 0 && slabs_[kept - 1].name == slabs_[i].name) {
        slabs_[kept - 1].active_objects += slabs_[i].active_objects;
        slabs_[kept - 1].objects += slabs_[i].objects;
        slabs_[kept - 1].active_slabs += slabs_[i].active_slabs;
        slabs_[kept - 1].slabs += slabs_[i].slabs;
      } else {
        slabs_[kept++] = slabs_[i];
      }
    }
    slabs_.resize(kept);
    if (top_ != 0 && slabs_.size() > top_) {
      std::ranges::nth_element(slabs_, slabs_.begin() + top_, [](const Slab& left, const Slab& right) {
        return left.pages() != right.pages() ? left.pages() > right.pages() : left.name < right.name;
      });
      slabs_.resize(top_);
      std::ranges::sort(slabs_, {}, &Slab::name);
    }
    for (const Slab& slab : slabs_) {
      auto found = max_pages_.find(slab.name);
      if (found == max_pages_.end()) found = max_pages_.emplace(std::string(slab.name), 0).first;
      found->second = std::max(found->second, slab.pages());
    }
  }

  void write_operations(Exposition& out) {
    if (slabs_.empty()) return;
    if (age_++ % kReadsUntilRecheck == 0) {
      const auto file = fmt::format("{}/{}/alloc_fastpath", directory_, slabs_[0].name);
      counted_ = !attribute_text(file).empty();
    }
    if (!counted_) return;
    for (const Operation& operation : operations()) {
      out.family(operation.metric, counter, operation.help);
      for (const Slab& slab : slabs_) {
        uint64_t sum = 0;
        for (const std::string_view file : operation.files) {
          const std::string text = attribute_text(fmt::format("{}/{}/{}", directory_, slab.name, file));
          std::string_view words = text;  // "1234 C0=1000 C1=234"
          sum += parse_number<uint64_t>(next_word(words)).value_or(0);
        }
        out.sample({{"slab", slab.name}}, sum);
      }
    }
  }

  Selector selector_;
  uint32_t top_;
  std::string directory_;
  KeptFile file_;
  uint64_t page_size_ = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  std::vector<Slab> slabs_;
  std::map<std::string, uint64_t, std::less<>> max_pages_;
  unsigned age_ = 0;
  bool counted_ = false;
};

}  // namespace

std::optional<Slab> parse_slab_line(std::string_view line) {
  Slab slab;
  slab.name = next_word(line);
  if (slab.name.empty() || slab.name.starts_with('#')) return std::nullopt;
  const auto read = [&](uint64_t& value) {
    const auto number = parse_number<uint64_t>(next_word(line));
    value = number.value_or(0);
    return number.has_value();
  };
  if (!read(slab.active_objects) || !read(slab.objects) || !read(slab.object_size) || !read(slab.objects_per_slab) ||
      !read(slab.pages_per_slab))
    return std::nullopt;
  constexpr std::string_view kData = "slabdata";
  const size_t data = line.find(kData);
  if (data == std::string_view::npos) return std::nullopt;
  line.remove_prefix(data + kData.size());
  if (!read(slab.active_slabs) || !read(slab.slabs)) return std::nullopt;
  return slab;
}

Result<std::unique_ptr<Collector>> make_slabinfo(const Options& options) {
  auto selector = TRY(Selector::compile(options.slabinfo_slabs, "--collector.slabinfo.slabs"));
  return std::make_unique<Slabinfo>(options, std::move(selector));
}

}  // namespace weir::host
