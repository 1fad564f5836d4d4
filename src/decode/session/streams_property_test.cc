// Several exporters behind one address, as NAT, relays and ports that change make of them: whatever is lost, overtaken
// or started anew, no row has another exporter's values.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <random>
#include <set>
#include <string>

#include "decode/session/shared_exporter.h"
#include "decode/test_decode.h"

namespace weir::decode {
namespace {

using test::FieldOf;
using test::Harness;
using test::Wire;

// How the messages of several exporters arrive.
enum class Path : uint8_t {
  nat,    // from one address, each from a port of its own
  relay,  // all from one port
  moves,  // each from a port of its own that changes now and then
};

struct World {
  Path path{};
  bool v9 = false;
  bool same_layouts = false;
  bool same_boots = false;    // a power cut
  bool near_numbers = false;  // all begin at 0
  uint32_t exporters = 2;
  uint32_t refresh = 20;  // messages between announcements of the templates
  uint32_t loss_percent = 0;
  uint32_t overtaken_percent = 0;
  uint32_t restarts_permille = 0;
  uint32_t steps_permille = 0;  // of the exporter's wall clock
  bool forgets = false;         // our decoder is replaced by one that knows the state of the first

  std::string text() const {
    return fmt::format(
        "path {} v9 {} same_layouts {} same_boots {} near {} exporters {} refresh {} loss {} overtaken {} "
        "restarts {} steps {} forgets {}",
        static_cast<int>(path), v9, same_layouts, same_boots, near_numbers, exporters, refresh, loss_percent,
        overtaken_percent, restarts_permille, steps_permille, forgets);
  }
};

using Random = std::mt19937_64;
uint64_t below(Random& random, uint64_t end) { return random() % end; }
bool percent(Random& random, uint32_t p) { return below(random, 100) < p; }
bool permille(Random& random, uint32_t p) { return below(random, 1000) < p; }

constexpr int64_t kStart = 1'700'000'000;
Timestamp at_ms(int64_t ms) { return timestamp_from_us((kStart * 1000 + ms) * 1000); }

// What a row says, to be compared with what was sent.
std::string row_text(uint32_t src, uint32_t dst, uint64_t bytes, uint64_t packets) {
  return fmt::format("{} {} {} {}", src, dst, bytes, packets);
}

class Exporter {
 public:
  Exporter(const World& world, uint32_t number, int64_t& last_restart_ms, Random& random)
      : world_(world), number_(number), last_restart_ms_(last_restart_ms) {
    std::ranges::shuffle(layout_, random);
    if (world.same_layouts) layout_ = {0, 1, 2, 3};
    boot_ms_ = world.same_boots ? -3'600'000 : -static_cast<int64_t>(below(random, 40ULL * 86'400'000)) - 20'000;
    sequence_ = world.near_numbers ? 0 : static_cast<uint32_t>(random());
    port_ = world.path == Path::relay ? 9999 : static_cast<uint16_t>(1024 + number * 1000 + below(random, 900));
  }

  // The next message, and the rows that it holds.
  Wire next(int64_t now_ms, Random& random, std::vector<std::string>& rows) {
    // Whoever is started anew again before it has said what its numbers mean looks as if it had not been; and of two
    // that are started at the same moment nobody can tell which is which.
    const bool may_restart = sent_ > world_.refresh && now_ms - last_restart_ms_ > 10'000;
    if (may_restart && permille(random, world_.restarts_permille)) restart(now_ms, random);
    if (permille(random, world_.steps_permille)) step_ms_ += static_cast<int64_t>(below(random, 7'200'000)) - 3'600'000;
    if (world_.path == Path::moves && below(random, 10) == 0) ++port_;
    Wire sets;
    uint16_t count = 0;
    const bool announces = sent_ % world_.refresh == 0;
    if (announces) {
      sets.add(test::set(world_.v9 ? 0 : 2, test::template_record(256, fields())));
      ++count;
    }
    uint32_t records = 0;
    if (!announces || below(random, 2) == 0) {
      Wire body;
      records = 1 + static_cast<uint32_t>(below(random, 3));
      for (uint32_t r = 0; r < records; ++r) add_record(body, rows);
      if (world_.v9) body.zeros((4 - body.size() % 4) % 4);
      sets.add(test::set(256, body));
      count = static_cast<uint16_t>(count + records);
    }
    ++sent_;
    const test::Header header{.sequence = sequence_,
                              .domain = 7,
                              .seconds = static_cast<uint32_t>(kStart + (now_ms + step_ms_) / 1000),
                              .uptime_ms = static_cast<uint32_t>(now_ms - boot_ms_),
                              .count = count};
    sequence_ += world_.v9 ? 1 : records;
    return world_.v9 ? test::netflow9(header, sets) : test::ipfix(header, sets);
  }
  uint16_t port() const { return port_; }

 private:
  static constexpr std::array<FieldOf, 4> kFields = {{{7, 2}, {11, 2}, {1, 4}, {2, 4}}};

  std::vector<FieldOf> fields() const {
    std::vector<FieldOf> fields;
    for (const size_t f : layout_) fields.push_back(kFields[f]);
    return fields;
  }
  void add_record(Wire& body, std::vector<std::string>& rows) {
    ++flow_;
    const uint32_t src = 1000 + number_;
    const uint32_t dst = flow_ % 60000;
    const uint32_t bytes = (number_ + 1) << 24 | flow_;
    const uint32_t packets = 7'000'000 + flow_;
    for (const size_t f : layout_) {
      if (f == 0) body.u16(static_cast<uint16_t>(src));
      if (f == 1) body.u16(static_cast<uint16_t>(dst));
      if (f == 2) body.u32(bytes);
      if (f == 3) body.u32(packets);
    }
    rows.push_back(row_text(src, dst, bytes, packets));
  }
  void restart(int64_t now_ms, Random& random) {
    last_restart_ms_ = now_ms;
    boot_ms_ = now_ms - static_cast<int64_t>(below(random, 500));
    sequence_ = 0;
    sent_ = 0;
    if (!world_.same_layouts) std::ranges::shuffle(layout_, random);
  }

  const World& world_;
  uint32_t number_;
  int64_t& last_restart_ms_;  // of any exporter
  std::array<size_t, 4> layout_ = {0, 1, 2, 3};
  int64_t boot_ms_ = 0;
  int64_t step_ms_ = 0;
  uint32_t sequence_ = 0;
  uint32_t sent_ = 0;
  uint32_t flow_ = 0;
  uint16_t port_ = 0;
};

struct Memory : StateSource {
  std::vector<SessionStatePtr> sessions_of(const IpAddress& /*exporter*/) const override { return sessions; }
  std::vector<SessionStatePtr> sessions;
};

struct Result {
  uint64_t sent = 0;
  uint64_t read = 0;
  uint64_t lost = 0;  // by the network
  std::string wrong;  // a row that nobody sent
  std::string imbalance;
  uint64_t invented_loss = 0;
};

Result run(const World& world, uint64_t seed) {
  Random random(seed);
  int64_t last_restart_ms = 0;
  std::vector<Exporter> exporters;
  for (uint32_t e = 0; e < world.exporters; ++e) exporters.emplace_back(world, e, last_restart_ms, random);
  auto harness = std::make_unique<Harness>();
  Memory memory;
  std::multiset<std::string> sent;
  Result result;
  std::vector<test::Row> rows;
  std::optional<std::pair<Wire, uint16_t>> overtaken;
  constexpr int64_t kMessages = 600;
  for (int64_t m = 0; m < kMessages; ++m) {
    const int64_t now_ms = m * 250;
    if (world.forgets && m == kMessages / 2) {
      for (SessionStatePtr& state : harness->decoder.take_changes(at_ms(now_ms)).changed) {
        memory.sessions.push_back(std::move(state));
      }
      result.imbalance += harness->imbalance();
      rows = harness->rows();
      harness = std::make_unique<Harness>();
      harness->decoder.set_state_source(&memory);
    }
    Exporter& exporter = exporters[below(random, world.exporters)];
    std::vector<std::string> holds;
    Wire message = exporter.next(now_ms, random, holds);
    result.sent += holds.size();
    if (percent(random, world.loss_percent)) {
      result.lost += holds.size();
      continue;
    }
    sent.insert(holds.begin(), holds.end());
    const auto feed = [&](const Wire& bytes, uint16_t port) {
      harness->feed(test::datagram(bytes, port, test::kExporter, at_ms(now_ms)));
    };
    if (!overtaken && percent(random, world.overtaken_percent)) {
      overtaken.emplace(std::move(message), exporter.port());
      continue;
    }
    feed(message, exporter.port());
    if (overtaken) {
      feed(overtaken->first, overtaken->second);
      overtaken.reset();
    }
  }
  result.invented_loss = harness->counters().lost_units;
  result.imbalance += harness->imbalance();
  rows.insert(rows.end(), harness->rows().begin(), harness->rows().end());
  for (const test::Row& row : rows) {
    const auto value = [&](const char* column) { return row.contains(column) ? std::stoull(row.at(column)) : 0; };
    const std::string text = row_text(static_cast<uint32_t>(value("src_port")),
                                      static_cast<uint32_t>(value("dst_port")), value("bytes"), value("packets"));
    const auto found = sent.find(text);
    if (found == sent.end()) {
      if (result.wrong.empty()) result.wrong = text;
    } else {
      sent.erase(found);
    }
  }
  result.read = rows.size();
  return result;
}

World random_world(uint64_t seed) {
  Random random(seed ^ 0x5eed);
  World world;
  world.path = static_cast<Path>(below(random, 3));
  world.v9 = below(random, 2) == 0;
  world.same_layouts = below(random, 5) == 0;
  world.same_boots = below(random, 4) == 0;
  world.near_numbers = below(random, 2) == 0;
  world.exporters = 2 + static_cast<uint32_t>(below(random, below(random, 4) == 0 ? 19 : 4));
  world.refresh = 5 + static_cast<uint32_t>(below(random, 60));
  world.loss_percent = below(random, 2) == 0 ? 0 : static_cast<uint32_t>(below(random, 15));
  world.overtaken_percent = below(random, 2) == 0 ? 0 : static_cast<uint32_t>(below(random, 8));
  world.restarts_permille = below(random, 2) == 0 ? 0 : static_cast<uint32_t>(below(random, 15));
  world.steps_permille = below(random, 2) == 0 ? 0 : static_cast<uint32_t>(below(random, 15));
  world.forgets = below(random, 3) == 0;
  // Of one port, without boots or numbers that differ, nobody can tell who speaks; see below.
  if (world.path == Path::relay) {
    world.same_boots = false;
    world.near_numbers &= world.v9;
    if (!world.v9) world.restarts_permille = 0;
  }
  return world;
}

// WEIR_SEEDS: how many worlds; 10,000 take some minutes.
uint64_t seeds() {
  const char* wanted = std::getenv("WEIR_SEEDS");
  return wanted == nullptr ? 300 : std::strtoull(wanted, nullptr, 10);
}

TEST(StreamsProperty, NoRowHasAnotherExportersValues) {
  for (uint64_t seed = 0; seed < seeds(); ++seed) {
    const World world = random_world(seed);
    const Result result = run(world, seed);
    EXPECT_EQ(result.wrong, "") << "seed " << seed << ": " << world.text();
    EXPECT_EQ(result.imbalance, "") << "seed " << seed << ": " << world.text();
  }
}

// Where everything arrives and nobody is started anew, everything is read, and nothing is said to be lost.
TEST(StreamsProperty, WhatCanBeToldIsReadToTheLastRow) {
  uint64_t seed = 1;
  for (const Path path : {Path::nat, Path::relay, Path::moves}) {
    for (const bool v9 : {true, false}) {
      for (const uint32_t exporters : {2U, 3U, 8U, 20U}) {
        for (const bool forgets : {false, true}) {
          const World world{.path = path, .v9 = v9, .exporters = exporters, .steps_permille = 5, .forgets = forgets};
          const Result result = run(world, ++seed);
          EXPECT_EQ(result.wrong, "") << world.text();
          EXPECT_EQ(result.read, result.sent) << world.text();
          EXPECT_EQ(result.invented_loss, 0u) << world.text();
        }
      }
    }
  }
}

}  // namespace
}  // namespace weir::decode
