#include "host/exporter.h"

#include <algorithm>
#include <ctime>
#include <iterator>

#include "base/check.h"
#include "base/log.h"
#include "base/text.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;

// A collector that took longer than this runs after the others.
constexpr auto kSlow = std::chrono::milliseconds(100);
constexpr std::string_view kRefusedFamilies = "weir_host_refused_families";

double thread_cpu_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// NAME in the line "# HELP NAME ..." or "# TYPE NAME ..." that begins the text.
std::string_view name_of_family(std::string_view text) {
  std::string_view line = next_line(text);
  next_word(line);
  next_word(line);
  return next_word(line);
}

// The next family: the lines up to the next comment that names another. "# HELP" and "# TYPE" begin one.
std::string_view next_family(std::string_view& text) {
  const std::string_view whole = text;
  const std::string_view name = name_of_family(text);
  while (!text.empty()) {
    next_line(text);
    if (text.starts_with("# ") && name_of_family(text) != name) break;
  }
  return whole.substr(0, whole.size() - text.size());
}

// Calls `use` with the name of each family of a text that Exposition wrote.
template <class Use>
void for_each_family(std::string_view text, Use use) {
  constexpr std::string_view kType = "# TYPE ";
  while (!text.empty()) {
    if (text.starts_with(kType)) use(name_of_family(text));
    next_line(text);
  }
}

#if defined(__x86_64__)
constexpr std::string_view kArchitecture = "amd64";
#elif defined(__aarch64__)
constexpr std::string_view kArchitecture = "arm64";
#else
constexpr std::string_view kArchitecture = "unknown";
#endif

}  // namespace

Result<Exporter> Exporter::make(std::span<const CollectorEntry> entries, const Options& options,
                                ExporterSettings settings) {
  CHECK(entries.size() <= kMaxCollectors);
  Exporter exporter(std::move(settings));
  exporter.sources_.reserve(entries.size());
  for (const CollectorEntry& entry : entries) {
    auto collector = entry.make(options);
    if (!collector) return fail("collector {}: {}", entry.name, collector.error().message);
    Source& source = exporter.sources_.emplace_back();
    source.entry = &entry;
    source.collector = std::move(*collector);
  }
  return exporter;
}

Result<Chosen> Exporter::choose(std::span<const std::string> collect, std::span<const std::string> exclude) const {
  if (!collect.empty() && !exclude.empty()) return fail("collect[] and exclude[] cannot be used together");
  Chosen named;
  for (const std::string& name : collect.empty() ? exclude : collect) {
    const auto found = std::ranges::find_if(sources_, [&](const Source& source) { return source.entry->name == name; });
    if (found == sources_.end()) return fail("missing collector: {}", name);
    named.set(static_cast<size_t>(std::distance(sources_.begin(), found)));
  }
  if (!collect.empty()) return named;
  const Chosen all = sources_.empty() ? Chosen() : ~Chosen() >> (kMaxCollectors - sources_.size());
  return all & ~named;
}

Scrape Exporter::scrape(const Chosen& chosen, std::optional<Clock::time_point> deadline) {
  ++figures_.scrapes;
  const Clock::time_point now = settings_.now();
  if (last_.text && chosen == last_chosen_ && now - last_made_ < kShared) {
    ++figures_.shared;
    return last_;
  }
  const double cpu_before = thread_cpu_seconds();
  const bool whole = collect(chosen, deadline);
  if (!whole) ++figures_.partial;
  compose(chosen);
  figures_.cpu_seconds += thread_cpu_seconds() - cpu_before;
  last_chosen_ = chosen;
  // A partial scrape is not shared: the next one tries again. Age counts from the end of a collection, so that a scrape
  // that arrived during a slow one shares its text.
  last_made_ = whole ? settings_.now() : Clock::time_point();
  return last_;
}

bool Exporter::collect(const Chosen& chosen, std::optional<Clock::time_point> deadline) {
  Chosen slow;
  for (size_t i = 0; i < sources_.size(); ++i) slow[i] = chosen[i] && sources_[i].duration > kSlow;
  bool whole = true;
  for (const Chosen& part : {chosen & ~slow, slow}) {
    for (size_t i = 0; i < sources_.size(); ++i) {
      if (part[i]) whole &= collect(sources_[i], deadline);
    }
  }
  return whole;
}

bool Exporter::collect(Source& source, std::optional<Clock::time_point> deadline) {
  const Clock::time_point begin = settings_.now();
  if (source.collected && begin - *source.collected < kShared) return true;
  if (deadline && begin >= *deadline) {
    source.success = false;
    return false;
  }
  source.text.clear();
  const Result<> result = source.collector->collect(source.text);
  const Clock::time_point end = settings_.now();
  source.duration = end - begin;
  source.collected = end;
  source.success = result.has_value();
  ++figures_.collections;
  report(source, result);
  return true;
}

// Logs the first failure of a row, not each scrape that fails.
void Exporter::report(Source& source, const Result<>& result) const {
  if (result || is_no_data(result.error())) {
    source.reported = false;
  } else if (!source.reported) {
    source.reported = true;
    log::warn("collector {}: {}", source.entry->name, result.error().message);
  }
}

std::shared_ptr<std::string> Exporter::free_body() {
  last_.text.reset();
  for (const auto& body : bodies_) {
    if (body.use_count() == 1) {
      body->clear();
      return body;
    }
  }
  // All are being sent to clients. The pool stays small: a third body is freed when its last client has read it.
  auto body = std::make_shared<std::string>();
  if (bodies_.size() < 2) bodies_.push_back(body);
  return body;
}

void Exporter::compose(const Chosen& chosen) {
  const std::shared_ptr<std::string> body = free_body();
  own_.clear();
  write_scrape_families(chosen);
  if (settings_.own_metrics) write_own();
  names_.clear();
  for (size_t i = 0; i < sources_.size(); ++i) {
    if (!chosen[i]) continue;
    if (sources_[i].entry->foreign) {
      for_each_family(sources_[i].text.text(), [&](std::string_view name) { names_.push_back(name); });
    } else {
      body->append(sources_[i].text.text());
    }
  }
  body->append(own_.text());
  find_clashes(chosen);
  size_t refused = 0;
  for (size_t i = 0; i < sources_.size(); ++i) {
    if (!chosen[i] || !sources_[i].entry->foreign) continue;
    append_foreign(sources_[i], *body);
    refused += sources_[i].refused;
  }
  if (settings_.own_metrics) {
    own_.clear();
    own_.single(kRefusedFamilies, gauge, "Families of text files that are left out, as this program has them itself.",
                refused);
    body->append(own_.text());
  }
  last_ = {body, last_.number + 1};
}

void Exporter::find_clashes(const Chosen& chosen) {
  clashes_.clear();
  // The usual case: no text file has a family of its own.
  if (std::ranges::all_of(names_, [](std::string_view name) { return name.starts_with("node_textfile_"); })) return;
  std::ranges::sort(names_);
  const auto check = [&](std::string_view name) {
    if (std::ranges::binary_search(names_, name)) clashes_.push_back(name);
  };
  for (size_t i = 0; i < sources_.size(); ++i) {
    if (chosen[i] && !sources_[i].entry->foreign) for_each_family(sources_[i].text.text(), check);
  }
  for_each_family(own_.text(), check);
  check(kRefusedFamilies);
}

void Exporter::append_foreign(Source& source, std::string& body) {
  std::string_view text = source.text.text();
  size_t refused = 0;
  std::string_view refused_name;
  while (!text.empty()) {
    const std::string_view family = next_family(text);
    const std::string_view name = name_of_family(family);
    if (std::ranges::find(clashes_, name) == clashes_.end()) {
      body.append(family);
    } else {
      ++refused;
      refused_name = name;
    }
  }
  if (refused > source.refused)
    log::warn("collector {}: {} is a family of this program: what the file says of it is left out", source.entry->name,
              refused_name);
  source.refused = refused;
}

void Exporter::write_scrape_families(const Chosen& chosen) {
  own_.family("node_exporter_build_info", gauge,
              "A metric with a constant '1' value labeled by version, revision, branch, goversion from which "
              "node_exporter was built, and the goos and goarch for the build.");
  own_.sample({{"branch", ""},
               {"goarch", kArchitecture},
               {"goos", "linux"},
               {"goversion", ""},
               {"revision", ""},
               {"tags", ""},
               {"version", settings_.version}},
              1);
  own_.family("node_scrape_collector_duration_seconds", gauge, "node_exporter: Duration of a collector scrape.");
  for (size_t i = 0; i < sources_.size(); ++i)
    if (chosen[i]) own_.sample({{"collector", sources_[i].entry->name}}, sources_[i].duration.count());
  own_.family("node_scrape_collector_success", gauge, "node_exporter: Whether a collector succeeded.");
  for (size_t i = 0; i < sources_.size(); ++i)
    if (chosen[i]) own_.sample({{"collector", sources_[i].entry->name}}, sources_[i].success);
}

void Exporter::write_own() {
  process_.write(own_);
  own_.single("weir_host_scrapes_total", counter, "Scrapes answered.", figures_.scrapes);
  own_.single("weir_host_scrapes_shared_total", counter, "Scrapes answered with the text of the one before.",
              figures_.shared);
  own_.single("weir_host_scrapes_partial_total", counter,
              "Scrapes that left collectors out, as the scraper's time was over.", figures_.partial);
  own_.single("weir_host_collections_total", counter, "Runs of single collectors.", figures_.collections);
  own_.single("weir_host_collect_cpu_seconds_total", counter, "CPU time spent to collect and write scrapes.",
              figures_.cpu_seconds);
  if (settings_.more_metrics) settings_.more_metrics(own_);
}

}  // namespace weir::host
