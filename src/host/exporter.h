// Runs the collectors and makes the text of a scrape of what they wrote.
//
// Each collector's text is kept with the moment of its making. A text that is younger than kShared is served as it is:
// 200 scrapes at once cost one collection. A scrape with a deadline leaves out the collectors that it has no time left
// for: what they wrote last is served again, with success 0.
#pragma once

#include <bitset>
#include <chrono>
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

// More than there will ever be; registry.cc has about 80.
constexpr size_t kMaxCollectors = 128;
// Which of an exporter's collectors, by position.
using Chosen = std::bitset<kMaxCollectors>;

// What parallel scrapes share. Long enough for the slowest of them to arrive, shorter than any interval of scrapes.
constexpr auto kShared = std::chrono::milliseconds(200);

struct ExporterSettings {
  std::string version;      // of node_exporter_build_info
  bool own_metrics = true;  // process_* and weir_host_*: --web.disable-exporter-metrics
  // Families of whoever carries the scrapes (the HTTP server); may be empty.
  std::function<void(telemetry::Exposition&)> more_metrics = {};
  std::function<Clock::time_point()> now = Clock::now;
};

// One scrape. Equal numbers mean equal text: what was made of it (compressed, say) can be used again.
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

  // The collectors of `?collect[]=` or `?exclude[]=`; all of them if both are empty. Fails, with a line for the client,
  // if both are given or one of the names is not turned on.
  Result<Chosen> choose(std::span<const std::string> collect, std::span<const std::string> exclude) const;

  // The text format 0.0.4. `deadline`: no collector starts after it.
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
    size_t refused = 0;     // foreign families that the program has too
  };
  struct Figures {
    uint64_t scrapes = 0;
    uint64_t shared = 0;
    uint64_t partial = 0;
    uint64_t collections = 0;
    double cpu_seconds = 0;
  };

  explicit Exporter(ExporterSettings settings) : settings_(std::move(settings)) {}
  // False if the deadline left something out.
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
  // While a scrape is made: the names of foreign families, and those of them that the program has too.
  std::vector<std::string_view> names_;
  std::vector<std::string_view> clashes_;
  // The texts handed out lately; one that nobody holds any more is written anew.
  std::vector<std::shared_ptr<std::string>> bodies_;
  Scrape last_;
  Chosen last_chosen_;
  Clock::time_point last_made_;
};

}  // namespace weir::host
