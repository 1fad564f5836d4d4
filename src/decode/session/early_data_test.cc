#include "decode/session/early_data.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::decode {
namespace {

using flow::Anomaly;

constexpr TemplateId kId{256};
constexpr size_t kBody = 100;
// With what a set takes besides its bytes, and the first one of its template and session.
constexpr size_t kCharge = kBody + sizeof(EarlySet) + 64;
constexpr size_t kFirst = 64;

Timestamp at(int64_t second) { return timestamp_from_us((1'700'000'000 + second) * 1'000'000); }

struct Early {
  explicit Early(const Limits& limits = {}) : early(limits) {
    exporter.counters = &counters;
    session.exporter = other.exporter = &exporter;
  }
  bool hold(SessionEarlyData& of, uint8_t first_byte, TemplateId id = kId, int64_t second = 0) {
    std::vector<uint8_t> body(kBody);
    body[0] = first_byte;
    return early.hold(of, id, {.stream = {}, .received = at(second)}, {}, body, false) == EarlyData::Held::first;
  }
  // The first bytes of the sets that come out.
  std::string release(SessionEarlyData& of, TemplateId id = kId) {
    std::string text;
    for (const EarlySet& set : early.release(of, id, [](const EarlySet&) { return true; }))
      text += static_cast<char>(set.body[0]);
    return text;
  }
  EarlyData early;
  flow::ExporterCounters counters;
  ExporterEarlyData exporter;
  SessionEarlyData session;
  SessionEarlyData other;
};

TEST(EarlyData, ComesOutByTemplateInItsOrder) {
  Early e;
  EXPECT_TRUE(e.hold(e.session, 'a'));
  EXPECT_FALSE(e.hold(e.session, 'b')) << "somebody waits already";
  EXPECT_TRUE(e.hold(e.session, 'x', TemplateId{257}));
  EXPECT_TRUE(e.hold(e.other, 'o'));
  EXPECT_EQ(e.counters.early_sets_held, 4u);
  EXPECT_EQ(e.counters.anomalies[Anomaly::missing_template], 4u);
  EXPECT_EQ(e.release(e.session), "ab");
  EXPECT_EQ(e.release(e.session), "");
  EXPECT_EQ(e.counters.early_sets_held, 2u);
  EXPECT_EQ(e.release(e.session, TemplateId{257}), "x");
  EXPECT_TRUE(e.session.empty());
  EXPECT_EQ(e.release(e.other), "o");
  EXPECT_EQ(e.early.bytes(), 0u);
  EXPECT_EQ(e.counters.undecodable_sets, 0u);
}

TEST(EarlyData, OfASessionTheFirstStay) {
  Early e({.early_bytes_per_session = 2 * kCharge + kFirst});
  e.hold(e.session, 'a');
  e.hold(e.session, 'b');
  EXPECT_FALSE(e.hold(e.session, 'c'));
  EXPECT_EQ(e.counters.undecodable_sets, 1u);
  EXPECT_EQ(e.counters.anomalies[Anomaly::early_data_limit], 1u);
  EXPECT_EQ(e.release(e.session), "ab");
}

TEST(EarlyData, OfAllTheOldestGoes) {
  constexpr size_t kAll = 2 * (kCharge + kFirst);
  Early e({.early_bytes_per_session = kAll, .early_bytes = kAll});
  ExporterEarlyData another;
  another.counters = &e.counters;
  e.other.exporter = &another;
  e.hold(e.session, 'a');
  e.hold(e.other, 'o');
  e.hold(e.other, 'p');
  EXPECT_EQ(e.early.bytes(), 2 * kCharge + kFirst);
  EXPECT_EQ(e.release(e.session), "");
  EXPECT_EQ(e.release(e.other), "op");
  EXPECT_EQ(e.counters.undecodable_sets, 1u);
}

TEST(EarlyData, OneExporterHasAQuarter) {
  Early e({.early_bytes_per_session = kCharge + kFirst, .early_bytes = 8 * (kCharge + kFirst)});
  SessionEarlyData third{.exporter = &e.exporter, .by_template = {}};
  e.hold(e.session, 'a');
  e.hold(e.other, 'o');
  EXPECT_FALSE(e.hold(third, 't'));
  EXPECT_EQ(e.counters.undecodable_sets, 1u);
  flow::ExporterCounters counters;
  ExporterEarlyData another;
  another.counters = &counters;
  third.exporter = &another;
  EXPECT_TRUE(e.hold(third, 't'));
  EXPECT_EQ(e.release(e.session), "a");
}

TEST(EarlyData, IsGivenUpInTime) {
  Early e({.early_age = std::chrono::seconds{10}});
  e.hold(e.session, 'a', kId, 0);
  e.hold(e.other, 'o', kId, 5);
  e.early.expire(at(10));
  EXPECT_EQ(e.counters.early_sets_held, 2u);
  e.early.expire(at(11));
  EXPECT_EQ(e.counters.early_sets_held, 1u);
  EXPECT_EQ(e.release(e.session), "");
  e.early.expire(Timestamp::max());
  EXPECT_TRUE(e.other.empty());
  EXPECT_EQ(e.counters.undecodable_sets, 2u);
}

TEST(EarlyData, WhatCannotBeReadYetStays) {
  Early e;
  e.hold(e.session, 'a');
  e.hold(e.session, 'b');
  e.hold(e.session, 'c');
  const auto released = e.early.release(e.session, kId, [](const EarlySet& set) { return set.body[0] == 'b'; });
  ASSERT_EQ(released.size(), 1u);
  EXPECT_EQ(released[0].body[0], 'b');
  EXPECT_EQ(e.counters.early_sets_held, 2u);
  EXPECT_EQ(e.release(e.session), "ac");
  e.hold(e.session, 'd');
  e.early.give_up(e.session);
  EXPECT_TRUE(e.session.empty());
  EXPECT_EQ(e.counters.undecodable_sets, 1u);
  EXPECT_EQ(e.early.bytes(), 0u);
}

}  // namespace
}  // namespace weir::decode
