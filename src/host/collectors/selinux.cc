#include "host/collectors/selinux.h"

#include "base/kept_file.h"
#include "base/text.h"
#include "host/collectors/options.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;

class Selinux : public Collector {
 public:
  explicit Selinux(const Options& options)
      : config_(options.rootfs + "/etc/selinux/config"),
        enforce_(options.sysfs + "/fs/selinux/enforce", Shape::one_record),
        stats_(options.sysfs + "/fs/selinux/avc/cache_stats"),
        hash_(options.sysfs + "/fs/selinux/avc/hash_stats", Shape::one_record),
        threshold_(options.sysfs + "/fs/selinux/avc/cache_threshold", Shape::one_record) {}

  Result<> collect(telemetry::Exposition& out) override {
    const auto enforce = enforce_.read_if_there();
    out.single("node_selinux_enabled", gauge, "SELinux is enabled, 1 is true, 0 is false", enforce.has_value());
    if (!enforce) return {};
    const auto mode = parse_number<int>(trimmed(*enforce));
    if (age_++ % kReadsUntilRecheck == 0) {
      std::string buffer;
      config_mode_ = parse_selinux_config(try_read_file(config_, buffer).value_or(""));
    }
    out.single("node_selinux_config_mode", gauge, "Configured SELinux enforcement mode", config_mode_);
    if (mode) out.single("node_selinux_current_mode", gauge, "Current SELinux enforcement mode", *mode);
    return write_cache(out);
  }

 private:
  Result<> write_cache(telemetry::Exposition& out) {
    const auto stats = parse_avc_stats(stats_.read_if_there().value_or(""));
    if (!stats) return fail("{} cannot be read or is not what it should be", stats_.path());
    constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kCounters{{
        {"node_selinux_avc_lookups_total", "SELinux AVC lookups"},
        {"node_selinux_avc_hits_total", "SELinux AVC hits"},
        {"node_selinux_avc_misses_total", "SELinux AVC misses"},
        {"node_selinux_avc_allocations_total", "SELinux AVC allocations"},
        {"node_selinux_avc_reclaims_total", "SELinux AVC reclaims"},
        {"node_selinux_avc_frees_total", "SELinux AVC frees"},
    }};
    for (size_t i = 0; i < kCounters.size(); ++i)
      out.single(kCounters[i].first, counter, kCounters[i].second, (*stats)[i]);
    const auto hash = parse_avc_hash_stats(hash_.read_if_there().value_or(""));
    if (!hash) return fail("{} cannot be read or is not what it should be", hash_.path());
    out.single("node_selinux_avc_hash_buckets_available", gauge, "SELinux AVC hash buckets available",
               hash->buckets_available);
    out.single("node_selinux_avc_hash_buckets_used", gauge, "SELinux AVC hash buckets used", hash->buckets_used);
    out.single("node_selinux_avc_hash_entries", gauge, "SELinux AVC hash entries", hash->entries);
    out.single("node_selinux_avc_hash_longest_chain", gauge, "SELinux AVC hash longest chain", hash->longest_chain);
    const auto threshold = parse_number<uint64_t>(trimmed(threshold_.read_if_there().value_or("")));
    if (!threshold) return fail("{} cannot be read or is not a number", threshold_.path());
    out.single("node_selinux_avc_threshold", gauge, "SELinux AVC threshold", *threshold);
    return {};
  }

  std::string config_;
  int config_mode_ = -1;
  unsigned age_ = 0;
  KeptFile enforce_;
  KeptFile stats_;
  KeptFile hash_;
  KeptFile threshold_;
};

}  // namespace

std::optional<std::array<uint64_t, 6>> parse_avc_stats(std::string_view text) {
  std::array<uint64_t, 6> sums{};
  next_line(text);
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    std::string_view line = next_line(text);
    for (uint64_t& sum : sums) {
      const auto value = parse_number<uint64_t>(next_word(line));
      if (!value) return std::nullopt;
      sum += *value;
    }
  }
  return sums;
}

std::optional<AvcHash> parse_avc_hash_stats(std::string_view text) {
  const auto value_of = [](std::string_view line, std::string_view key) -> std::string_view {
    return line.starts_with(key) ? trimmed(line.substr(key.size())) : std::string_view();
  };
  const auto entries = parse_number<uint64_t>(value_of(next_line(text), "entries:"));
  const std::string_view buckets = value_of(next_line(text), "buckets used:");
  const size_t slash = buckets.find('/');
  const auto longest = parse_number<uint64_t>(value_of(next_line(text), "longest chain:"));
  if (!entries || !longest || slash == std::string_view::npos) return std::nullopt;
  const auto used = parse_number<uint64_t>(buckets.substr(0, slash));
  const auto available = parse_number<uint64_t>(buckets.substr(slash + 1));
  if (!used || !available) return std::nullopt;
  return AvcHash{*entries, *used, *available, *longest};
}

int parse_selinux_config(std::string_view text) {
  constexpr std::string_view kKey = "SELINUX=";
  int mode = -1;
  while (!text.empty()) {
    const std::string_view line = trimmed(next_line(text));
    if (!line.starts_with(kKey)) continue;
    const std::string_view value = trimmed(line.substr(kKey.size()));
    mode = value == "enforcing" ? 1 : value == "permissive" ? 0 : -1;
  }
  return mode;
}

Result<std::unique_ptr<Collector>> make_selinux(const Options& options) { return std::make_unique<Selinux>(options); }

}  // namespace weir::host
