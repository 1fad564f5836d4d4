// Runs the collectors and joins what they wrote into the text of a scrape.
//
// Each collector's text is kept together with the time when it was made. A text younger than kShared is served again,
// so that 200 scrapes at once cost one collection. A scrape may have a deadline. A collector that has not started by
// then does not run; its last text is served again, with node_scrape_collector_success 0. Collectors that were slow the
// last time run last, so that a deadline cuts off them and not the others.
#pragma once

#include <bitset>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "host/collectors/collector.h"
#include "telemetry/exposition.h"
#include "telemetry/process_metrics.h"

namespace weir::host {

using Clock = std::chrono::steady_clock;

// Room for growth: registry.cc has about 70.
constexpr size_t kMaxCollectors = 128;
// Which of an exporter's collectors, by position.
using Chosen = std::bitset<kMaxCollectors>;

// How long a text is shared: long enough for the slowest of several parallel scrapers to ask, and shorter than any
// scrape interval.
constexpr auto kShared = std::chrono::milliseconds(200);

struct ExporterSettings {
  std::string version;      // of node_exporter_build_info
  bool own_metrics = true;  // process_* and weir_host_*: --web.disable-exporter-metrics
  // Writes the metrics of the HTTP server; may be empty.
  std::function<void(telemetry::Exposition&)> more_metrics = {};
  std::function<Clock::time_point()> now = Clock::now;
};

// One scrape. Equal numbers mean equal texts, so that a compressed form can be used again.
struct Scrape {
  std::shared_ptr<const std::string> text;
  uint64_t number = 0;
};

// One thread.
class Exporter {
 public:
  // `entries` are those that are turned on. Fails if one of them can never work with these options.
  static Result<Exporter> make(std::span<const CollectorEntry> entries, const Options& options,
                               ExporterSettings settings);

  // The collectors that `?collect[]=` names, or all but those of `?exclude[]=`. Fails with a line for the client if
  // both are given, or if a name is not that of a collector that is turned on.
  Result<Chosen> choose(std::span<const std::string> collect, std::span<const std::string> exclude) const;

  // In the text format 0.0.4. No collector starts after `deadline`.
  Scrape scrape(const Chosen& chosen, std::optional<Clock::time_point> deadline);

 private:
  struct Source {
    const CollectorEntry* entry;
    std::unique_ptr<Collector> collector;
    telemetry::Exposition text;
    std::optional<Clock::time_point> collected;
    std::chrono::duration<double> duration{};
    bool success = false;
    bool reported = false;  // its failure is in the log
    size_t refused = 0;     // families of text files that collide with those of this program
  };
  struct Figures {
    uint64_t scrapes = 0;
    uint64_t shared = 0;
    uint64_t partial = 0;
    uint64_t collections = 0;
    double cpu_seconds = 0;
  };

  explicit Exporter(ExporterSettings settings) : settings_(std::move(settings)) {}
  // False if the deadline kept a collector from running.
  bool collect(const Chosen& chosen, std::optional<Clock::time_point> deadline);
  bool collect(Source& source, std::optional<Clock::time_point> deadline);
  void report(Source& source, const Result<>& result) const;
  std::shared_ptr<std::string> free_body();
  void compose(const Chosen& chosen);
  void write_scrape_families(const Chosen& chosen);
  void write_own();
  void find_clashes(const Chosen& chosen);
  void append_foreign(Source& source, std::string& body);

  ExporterSettings settings_;
  std::vector<Source> sources_;
  telemetry::ProcessMetrics process_;
  Figures figures_;
  telemetry::Exposition own_;
  // Used while a scrape is composed: the names of foreign families, and those that this program has as well.
  std::vector<std::string_view> names_;
  std::vector<std::string_view> clashes_;
  // The texts of recent scrapes. One that no answer holds any more is overwritten by the next scrape.
  std::vector<std::shared_ptr<std::string>> bodies_;
  Scrape last_;
  Chosen last_chosen_;
  Clock::time_point last_made_;
};

}  // namespace weir::host
