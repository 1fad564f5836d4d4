#include "decode/session/template_store.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

namespace weir::decode {
namespace {

using flow::Anomaly;

constexpr StreamNumber kFirst{1};
constexpr StreamNumber kSecond{2};
constexpr StreamNumber kThird{3};
constexpr TemplateId kId{256};

Timestamp at(int64_t second) { return timestamp_from_us((1'700'000'000 + second) * 1'000'000); }

// One field of `length` bytes, so that layouts are told apart by min_length.
Template layout(uint16_t length, TemplateId id = kId) {
  Template made{.id = id, .fields = {{0, 7, length, false}}};
  made.measure();
  return made;
}

// The store with one session, and a count of the others that may be forgotten for it.
struct Store {
  explicit Store(const Limits& limits = {})
      : store(limits, flow::Schema::flows(), [this] { return forget_another(); }) {}
  bool forget_another() {
    if (others.empty()) return false;
    store.forget_all(others.back());
    others.pop_back();
    return true;
  }
  bool define(uint16_t length, StreamNumber stream = kFirst, TemplateId id = kId, int64_t second = 0,
              MessageOrder order = {}) {
    return store.define(session, layout(length, id), stream, at(second), order, anomalies);
  }
  // Length of the records that the stream's data are cut into; 0: no template.
  size_t found(StreamNumber reader = kFirst, TemplateId id = kId, int64_t second = 0) {
    const TemplatePtr& compiled = store.find(session, id, reader, at(second));
    return compiled ? compiled->layout.min_length : 0;
  }

  std::vector<SessionTemplates> others;
  SessionTemplates session;
  flow::AnomalyCounts anomalies;
  TemplateStore store;
};

TEST(TemplateStore, AStreamReadsByItsOwnDefinition) {
  Store s;
  EXPECT_EQ(s.found(), 0u);
  s.define(1, kFirst);
  s.define(2, kSecond);
  EXPECT_EQ(s.found(kFirst), 1u);
  EXPECT_EQ(s.found(kSecond), 2u);
  EXPECT_EQ(s.found(kThird), 0u);
}

TEST(TemplateStore, WhatAllAgreeOn) {
  Store s;
  EXPECT_FALSE(s.store.find_agreed(s.session, kId, at(0)));
  s.define(1, kFirst);
  s.define(1, kSecond);
  ASSERT_TRUE(s.store.find_agreed(s.session, kId, at(0)));
  EXPECT_EQ(s.store.find_agreed(s.session, kId, at(0))->layout.min_length, 1u);
  EXPECT_EQ(TemplateStore::who_knows(s.session, kId).size(), 2u);
  EXPECT_EQ(TemplateStore::who_says(s.session, layout(2)), std::nullopt);
  s.define(2, kThird);
  EXPECT_FALSE(s.store.find_agreed(s.session, kId, at(0)));
  EXPECT_EQ(TemplateStore::who_says(s.session, layout(2)), kThird);
}

TEST(TemplateStore, AnHeirTakesOverWhatIsNewer) {
  Store s;
  s.define(1, kFirst, TemplateId{256});
  s.define(2, kFirst, TemplateId{257});
  s.define(3, kSecond, TemplateId{256});
  s.store.hand_over(s.session, kSecond, kFirst);
  EXPECT_EQ(s.found(kFirst, TemplateId{256}), 3u);
  EXPECT_EQ(s.found(kFirst, TemplateId{257}), 2u);
  EXPECT_EQ(s.found(kSecond, TemplateId{256}), 0u);
  EXPECT_EQ(s.session.count, 2u);
  s.store.hand_over(s.session, kFirst, std::nullopt);
  EXPECT_EQ(s.session.count, 0u);
}

TEST(TemplateStore, TheSameLayoutIsNoNewsAndKeepsWhatWasCompiled) {
  Store s;
  EXPECT_TRUE(s.define(1));
  const TemplatePtr first = s.store.find(s.session, kId, kFirst, at(0));
  using Before = TemplateStore::Before;
  EXPECT_EQ(TemplateStore::before(s.session, layout(1), kFirst), Before::same);
  EXPECT_EQ(TemplateStore::before(s.session, layout(2), kFirst), Before::other);
  EXPECT_EQ(TemplateStore::before(s.session, layout(1), kSecond), Before::nothing);
  EXPECT_FALSE(s.define(1));
  EXPECT_EQ(s.store.find(s.session, kId, kFirst, at(0)), first);
  EXPECT_EQ(s.anomalies, flow::AnomalyCounts{});
}

TEST(TemplateStore, AnotherLayoutReplacesAndIsCounted) {
  Store s;
  s.define(1);
  EXPECT_TRUE(s.define(2));
  EXPECT_EQ(s.found(), 2u);
  EXPECT_EQ(s.session.count, 1u);
  EXPECT_EQ(s.anomalies[Anomaly::template_redefined], 1u);
}

TEST(TemplateStore, WhatWasSentBeforeIsNoNews) {
  Store s;
  s.define(2, kFirst, kId, 0, {.sequence = 20, .export_us = 2});
  s.define(1, kFirst, kId, 0, {.sequence = 19, .export_us = 1});
  EXPECT_EQ(s.found(), 2u);
  EXPECT_EQ(s.anomalies[Anomaly::template_redefined], 0u);
}

TEST(TemplateStore, OfASessionTheOneUsedTheLongestAgoGoes) {
  Store s({.templates_per_session = 2});
  s.define(1, kFirst, TemplateId{256});
  s.define(2, kFirst, TemplateId{257});
  s.found(kFirst, TemplateId{256});
  s.define(3, kFirst, TemplateId{258});
  EXPECT_EQ(s.found(kFirst, TemplateId{256}), 1u);
  EXPECT_EQ(s.found(kFirst, TemplateId{257}), 0u);
  EXPECT_EQ(s.anomalies[Anomaly::template_limit], 1u);
}

TEST(TemplateStore, OneInUseStaysWhateverIsAnnounced) {
  Store s({.templates_per_session = 8});
  s.define(9, kFirst, TemplateId{256});
  for (uint16_t id = 300; id < 5000; ++id) {
    s.define(1, kFirst, TemplateId{id});
    ASSERT_EQ(s.found(kFirst, TemplateId{256}), 9u) << id;
  }
  EXPECT_EQ(s.session.count, 8u);
  EXPECT_LE(s.session.order.size(), 2 * 8 + 17u);
}

TEST(TemplateStore, OfAllTheSilentSessionsGoFirst) {
  Store s({.templates = 2});
  s.others.resize(1);
  s.store.define(s.others[0], layout(9), kFirst, at(0), {}, s.anomalies);
  s.define(1, kFirst, TemplateId{256});
  s.define(2, kFirst, TemplateId{257});
  EXPECT_TRUE(s.others.empty());
  EXPECT_EQ(s.session.count, 2u);
  s.define(3, kFirst, TemplateId{258});
  EXPECT_EQ(s.found(kFirst, TemplateId{256}), 0u) << "alone it evicts its own";
  EXPECT_EQ(s.anomalies[Anomaly::template_limit], 2u);
}

TEST(TemplateStore, WithdrawnAreGone) {
  Store s;
  EXPECT_FALSE(s.store.withdraw(s.session, kId, kFirst, s.anomalies));
  s.define(1, kFirst);
  s.define(2, kSecond);
  EXPECT_TRUE(s.store.withdraw(s.session, kId, kFirst, s.anomalies));
  EXPECT_FALSE(s.store.withdraw(s.session, kId, kFirst, s.anomalies));
  EXPECT_EQ(s.found(kSecond), 2u) << "the other stream's stays";
  EXPECT_EQ(TemplateStore::announced_by(s.session, false, kSecond), std::vector{kId});
  EXPECT_TRUE(TemplateStore::announced_by(s.session, true, kSecond).empty());
  EXPECT_EQ(s.anomalies[Anomaly::template_withdrawn], 1u);
}

TEST(TemplateStore, ExpiresWhatNobodyUses) {
  Store s({.template_lifetime = std::chrono::seconds{10}});
  s.define(1, kFirst, TemplateId{256});
  s.define(2, kFirst, TemplateId{257});
  s.found(kFirst, TemplateId{257}, 8);
  EXPECT_FALSE(s.store.expire(s.session, at(10), s.anomalies));
  EXPECT_TRUE(s.store.expire(s.session, at(11), s.anomalies));
  EXPECT_EQ(s.session.count, 1u);
  EXPECT_EQ(s.found(kFirst, TemplateId{257}), 2u);
  EXPECT_EQ(s.anomalies[Anomaly::template_expired], 1u);
}

TEST(TemplateStore, WhatAStateKnowsDoesNotReplaceWhatWasAnnouncedHere) {
  using Imported = TemplateStore::Imported;
  Store s;
  const auto state = [](uint16_t length, int64_t second) {
    return TemplateState{
        std::make_shared<const Template>(layout(length)), {ExporterPort{1000}}, at(second), at(second)};
  };
  EXPECT_EQ(s.store.import(s.session, kFirst, state(1, 0), at(5)), Imported::added);
  EXPECT_EQ(s.store.import(s.session, kFirst, state(1, 1), at(5)), Imported::nothing);
  EXPECT_EQ(s.store.import(s.session, kFirst, state(2, 2), at(5)), Imported::added) << "newer";
  EXPECT_EQ(s.found(), 2u);
  EXPECT_TRUE(s.define(2)) << "now it is from here";
  EXPECT_EQ(s.store.import(s.session, kFirst, state(3, 100), at(5)), Imported::nothing);
  EXPECT_EQ(s.found(), 2u);
}

TEST(TemplateStore, AdoptedTemplatesAreThoseThatWerePublished) {
  Store publisher;
  publisher.define(1, kFirst, TemplateId{256});
  publisher.define(2, kSecond, TemplateId{256});
  publisher.define(3, kFirst, TemplateId{257});
  Store s;
  s.define(1, kFirst, TemplateId{256});
  s.define(9, kFirst, TemplateId{300});
  std::vector<TemplateId> added =
      s.store.adopt(s.session, TemplateStore::published_of(publisher.session), at(0), s.anomalies);
  std::ranges::sort(added);
  EXPECT_EQ(added, (std::vector{TemplateId{256}, TemplateId{257}}));
  EXPECT_EQ(s.session.count, 3u);
  EXPECT_EQ(s.found(kFirst, TemplateId{256}), 1u);
  EXPECT_EQ(s.found(kSecond, TemplateId{256}), 2u);
  EXPECT_EQ(s.found(kFirst, TemplateId{300}), 0u);
}

TEST(TemplateStore, ForgottenTemplatesGiveTheirRoomBack) {
  Store s({.templates = 1});
  s.define(1, kFirst, TemplateId{256});
  s.store.forget_all(s.session);
  EXPECT_EQ(s.session.count, 0u);
  s.define(1, kFirst, TemplateId{257});
  EXPECT_EQ(s.anomalies[Anomaly::template_limit], 0u);
}

}  // namespace
}  // namespace weir::decode
