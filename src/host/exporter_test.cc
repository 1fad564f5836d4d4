#include "host/exporter.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>

#include "base/test_allocations.h"
#include "host/collectors/options.h"
#include "host/registry.h"

namespace weir::host {
namespace {

using namespace std::chrono_literals;
using enum telemetry::MetricType;

// What the collectors below share with their test.
struct World {
  Clock::time_point now{1h};
  int runs = 0;             // of "one"
  Clock::duration takes{};  // each run of "slow"
  Result<> outcome;         // of "one"
  std::string file;         // what "text" says
};
World* world = nullptr;

class One : public Collector {
 public:
  Result<> collect(telemetry::Exposition& out) override {
    out.single("node_one", gauge, "Runs.", ++world->runs);
    return world->outcome;
  }
};

class Slow : public Collector {
 public:
  Result<> collect(telemetry::Exposition& out) override {
    world->now += world->takes;
    out.single("node_slow", gauge, "Slow.", ++runs_);
    return {};
  }
  int runs_ = 0;
};

class Text : public Collector {
 public:
  Result<> collect(telemetry::Exposition& out) override {
    out.append(world->file);
    out.single("node_textfile_scrape_error", gauge, "Files.", 0);
    return {};
  }
};

template <class Kind>
Result<std::unique_ptr<Collector>> make(const Options&) {
  return std::make_unique<Kind>();
}
Result<std::unique_ptr<Collector>> make_never(const Options&) { return fail("a bad expression"); }

constexpr auto kEntries = std::to_array<CollectorEntry>({
    {"slow", true, Privilege::none, "", make<Slow>},
    {"one", true, Privilege::none, "", make<One>},
    {"text", true, Privilege::none, "", make<Text>, true},
});

class ExporterTest : public testing::Test {
 protected:
  void SetUp() override { world = &world_; }
  void TearDown() override { world = nullptr; }

  static ExporterSettings settings() {
    ExporterSettings settings;
    settings.version = "1";
    settings.own_metrics = false;
    settings.now = [] { return world->now; };
    return settings;
  }
  Exporter exporter(ExporterSettings with = settings()) {
    return *Exporter::make(kEntries, Options(), std::move(with));
  }
  static Chosen all(const Exporter& exporter) { return *exporter.choose({}, {}); }
  static std::string text(const Scrape& scrape) { return *scrape.text; }

  World world_;
};

#define EXPECT_HAS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)
#define EXPECT_LACKS(text, part) EXPECT_EQ((text).find(part), std::string::npos) << (text)

TEST_F(ExporterTest, CollectorsThenWhatIsSaidOfThem) {
  Exporter e = exporter();
  const std::string got = text(e.scrape(all(e), std::nullopt));
  EXPECT_EQ(got.substr(0, got.find("# HELP node_exporter_build_info")),
            "# HELP node_slow Slow.\n# TYPE node_slow gauge\nnode_slow 1\n"
            "# HELP node_one Runs.\n# TYPE node_one gauge\nnode_one 1\n");
  EXPECT_HAS(got, "node_scrape_collector_success{collector=\"one\"} 1\n");
  EXPECT_HAS(got, "node_scrape_collector_success{collector=\"slow\"} 1\n");
  EXPECT_HAS(got, "node_scrape_collector_duration_seconds{collector=\"slow\"} 0\n");
  EXPECT_HAS(got, "version=\"1\"} 1\n");
  EXPECT_LACKS(got, "weir_host_");
  EXPECT_LACKS(got, "process_");
}

TEST_F(ExporterTest, OwnMetrics) {
  ExporterSettings with = settings();
  with.own_metrics = true;
  with.more_metrics = [](telemetry::Exposition& out) { out.single("weir_http_x", gauge, "X.", 7); };
  Exporter e = exporter(with);
  const std::string got = text(e.scrape(all(e), std::nullopt));
  for (const char* name :
       {"process_cpu_seconds_total ", "process_max_fds ", "process_open_fds ", "process_resident_memory_bytes ",
        "process_start_time_seconds ", "process_virtual_memory_bytes ", "process_virtual_memory_max_bytes ",
        "weir_host_collections_total 3\n", "weir_host_scrapes_total 1\n", "weir_host_refused_families 0\n",
        "weir_http_x 7\n"})
    EXPECT_HAS(got, std::string("\n") + name);
}

TEST_F(ExporterTest, AYoungTextIsShared) {
  Exporter e = exporter();
  const Scrape first = e.scrape(all(e), std::nullopt);
  for (int i = 0; i < 200; ++i) EXPECT_EQ(e.scrape(all(e), std::nullopt).number, first.number);
  EXPECT_EQ(world_.runs, 1);
  world_.now += kShared - 1ms;
  EXPECT_EQ(e.scrape(all(e), std::nullopt).number, first.number);
  world_.now += 1ms;
  EXPECT_NE(e.scrape(all(e), std::nullopt).number, first.number);
  EXPECT_EQ(world_.runs, 2);
  EXPECT_HAS(text(first), "node_one 1\n");  // what was handed out stays as it was
}

TEST_F(ExporterTest, WhoWaitedForASlowCollectionSharesIt) {
  world_.takes = 3s;
  Exporter e = exporter();
  e.scrape(all(e), std::nullopt);
  e.scrape(all(e), std::nullopt);
  EXPECT_EQ(world_.runs, 1);
}

TEST_F(ExporterTest, Choosing) {
  Exporter e = exporter();
  const std::string one = text(e.scrape(*e.choose(std::vector<std::string>{"one", "one"}, {}), std::nullopt));
  EXPECT_HAS(one, "node_one 1\n");
  EXPECT_LACKS(one, "slow");
  const std::string rest = text(e.scrape(*e.choose({}, std::vector<std::string>{"one"}), std::nullopt));
  EXPECT_HAS(rest, "node_slow 1\n");
  EXPECT_LACKS(rest, "one\"");
  EXPECT_EQ(world_.runs, 1);
  // A text that one choice made young is shared with another choice.
  EXPECT_HAS(text(e.scrape(all(e), std::nullopt)), "node_one 1\n");

  const std::vector<std::string> some = {"one"};
  const std::vector<std::string> unknown = {"two"};
  EXPECT_FALSE(e.choose(some, some));
  EXPECT_EQ(e.choose(unknown, {}).error().message, "missing collector: two");
  EXPECT_EQ(e.choose({}, unknown).error().message, "missing collector: two");
}

TEST_F(ExporterTest, FailureIsFlaggedAndItsTextKept) {
  world_.outcome = fail("broken");
  Exporter e = exporter();
  const std::string got = text(e.scrape(all(e), std::nullopt));
  EXPECT_HAS(got, "node_one 1\n");
  EXPECT_HAS(got, "node_scrape_collector_success{collector=\"one\"} 0\n");
  world_.now += 1s;
  world_.outcome = no_data();
  EXPECT_HAS(text(e.scrape(all(e), std::nullopt)), "node_scrape_collector_success{collector=\"one\"} 0\n");
  world_.now += 1s;
  world_.outcome = {};
  EXPECT_HAS(text(e.scrape(all(e), std::nullopt)), "node_scrape_collector_success{collector=\"one\"} 1\n");
}

TEST_F(ExporterTest, OptionsThatCanNeverWork) {
  constexpr auto never = std::to_array<CollectorEntry>({{"never", true, Privilege::none, "", make_never}});
  const auto made = Exporter::make(never, Options(), settings());
  ASSERT_FALSE(made);
  EXPECT_EQ(made.error().message, "collector never: a bad expression");
}

TEST_F(ExporterTest, ADeadlineLeavesOutOrServesTheLast) {
  world_.takes = 2s;
  Exporter e = exporter();
  // "slow" is the first of the list, and unknown yet: the others have no time left.
  std::string got = text(e.scrape(all(e), world_.now + 1s));
  EXPECT_HAS(got, "node_slow 1\n");
  EXPECT_LACKS(got, "node_one 1\n");
  EXPECT_HAS(got, "node_scrape_collector_success{collector=\"one\"} 0\n");
  // What was left out is tried by the next scrape, at once.
  got = text(e.scrape(all(e), world_.now + 1s));
  EXPECT_HAS(got, "node_one 1\n");
  EXPECT_HAS(got, "node_scrape_collector_success{collector=\"one\"} 1\n");
  // Now it is known to be slow and goes last; a deadline that is over gives the last values.
  world_.now += 1min;
  got = text(e.scrape(all(e), world_.now));
  EXPECT_HAS(got, "node_one 1\n");
  EXPECT_HAS(got, "node_scrape_collector_success{collector=\"one\"} 0\n");
  got = text(e.scrape(all(e), world_.now + 1s));
  EXPECT_HAS(got, "node_one 2\n");
  EXPECT_HAS(got, "node_slow 2\n");
}

TEST_F(ExporterTest, FamiliesOfFilesThatThisProgramHasAreRefused) {
  world_.file =
      "# HELP mine Mine.\n# TYPE mine gauge\nmine 1\n"
      "# HELP node_one Other.\n# TYPE node_one counter\nnode_one{a=\"# TYPE x gauge\"} 9\nnode_one 8\n"
      "# HELP node_scrape_collector_success No.\n# TYPE node_scrape_collector_success gauge\n"
      "node_scrape_collector_success 9\n"
      "# HELP weir_host_refused_families No.\n# TYPE weir_host_refused_families gauge\nweir_host_refused_families 9\n"
      "# TYPE yours untyped\nyours{b=\"2\"} 2\n";
  ExporterSettings with = settings();
  with.own_metrics = true;
  Exporter e = exporter(with);
  const std::string got = text(e.scrape(all(e), std::nullopt));
  EXPECT_HAS(got, "mine 1\n");
  EXPECT_HAS(got, "# TYPE yours untyped\nyours{b=\"2\"} 2\n");
  EXPECT_HAS(got, "node_textfile_scrape_error 0\n");
  EXPECT_HAS(got, "\nweir_host_refused_families 3\n");
  EXPECT_LACKS(got, "node_one 8");
  EXPECT_LACKS(got, " 9\n");
  // Alone, the file's family is nobody else's.
  const std::string alone = text(e.scrape(*e.choose(std::vector<std::string>{"text"}, {}), std::nullopt));
  EXPECT_HAS(alone, "node_one 8\n");
}

TEST_F(ExporterTest, TextsThatClientsHoldAreLeftAlone) {
  Exporter e = exporter();
  std::vector<Scrape> held;
  for (int i = 0; i < 10; ++i) {
    held.push_back(e.scrape(all(e), std::nullopt));
    world_.now += 1s;
  }
  for (int i = 0; i < 10; ++i)
    EXPECT_HAS(text(held[static_cast<size_t>(i)]), "node_one " + std::to_string(i + 1) + "\n");
}

TEST(ExporterOfThisMachine, NothingIsAllocatedAfterTenScrapes) {
  std::vector<CollectorEntry> entries;
  for (const CollectorEntry& entry : collectors())
    if (entry.on_by_default) entries.push_back(entry);
  Clock::time_point now{1h};
  ExporterSettings settings;
  settings.now = [&now] { return now; };
  Exporter e = *Exporter::make(entries, Options(), settings);
  const Chosen all = *e.choose({}, {});
  for (int i = 0; i < 10; ++i) {
    now += 1s;
    e.scrape(all, std::nullopt);
  }
  EXPECT_EQ(test::allocations_of_all_threads > 0, test::kAllocationsCounted);
  std::string guilty;
  for (size_t i = 0; i < entries.size(); ++i) {
    now += 1s;
    const Chosen one = Chosen(1) << i;
    const uint64_t before = test::allocations_of_all_threads;
    e.scrape(one, std::nullopt);
    if (test::allocations_of_all_threads != before)
      guilty += fmt::format("{}: {} allocations\n", entries[i].name, test::allocations_of_all_threads - before);
  }
  EXPECT_EQ(guilty, "");
  now += 1s;
  const uint64_t before = test::allocations_of_all_threads;
  e.scrape(all, std::nullopt);
  EXPECT_EQ(test::allocations_of_all_threads - before, 0U);
}

// Where nothing of what they look for is, collectors have nothing to say and make no text about that. A failure has a
// text: these need a file that every kernel has.
TEST(ExporterOfThisMachine, NothingIsAllocatedForWhatIsNotThere) {
  constexpr auto kNeedTheirFile =
      std::to_array<std::string_view>({"cpu", "diskstats", "entropy", "filefd", "filesystem", "loadavg", "meminfo",
                                       "netstat", "softnet", "stat", "vmstat"});
  const std::string nowhere = testing::TempDir() + "weir_nowhere_" + std::to_string(::getpid());
  Options options;
  options.procfs = options.sysfs = options.rootfs = options.udev_data = nowhere;
  std::string guilty;
  for (const CollectorEntry& entry : collectors()) {
    if (!entry.on_by_default) continue;
    const auto collector = entry.make(options);
    ASSERT_TRUE(collector) << entry.name;
    telemetry::Exposition out;
    Result<> result;
    // At least as often as what is not there is looked for again.
    for (int i = 0; i < kReadsUntilRecheck; ++i) {
      out.clear();
      result = (*collector)->collect(out);
    }
    const uint64_t before = test::allocations_of_all_threads;
    for (int i = 0; i <= kReadsUntilRecheck; ++i) {
      out.clear();
      result = (*collector)->collect(out);
    }
    const bool fails = !result && !is_no_data(result.error());
    const bool may_fail = std::ranges::find(kNeedTheirFile, entry.name) != kNeedTheirFile.end();
    EXPECT_TRUE(!fails || may_fail) << entry.name << ": " << result.error().message;
    if (!fails && test::allocations_of_all_threads != before)
      guilty += fmt::format("{}: {} allocations\n", entry.name, test::allocations_of_all_threads - before);
  }
  EXPECT_EQ(guilty, "");
}

}  // namespace
}  // namespace weir::host
