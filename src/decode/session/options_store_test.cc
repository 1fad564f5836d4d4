#include "decode/session/options_store.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace weir::decode {
namespace {

using flow::Anomaly;
using Learned = OptionsState::Learned;

constexpr RateScope kInterface = RateScope::interface;
constexpr NameKind kName = NameKind::interface_name;

Timestamp at(int64_t second) { return timestamp_from_us((1'700'000'000 + second) * 1'000'000); }

struct Options {
  explicit Options(const Limits& limits = {}) : store(limits) {}
  SessionOptions session;
  flow::AnomalyCounts anomalies;
  OptionsStore store;
};

std::string name_of(const SessionOptions& session, uint64_t id) {
  const std::string* name = session.state.find_name(kName, id);
  return name == nullptr ? "" : *name;
}

TEST(OptionsStore, KnowsWhatChangedSinceTheSnapshot) {
  Options o;
  EXPECT_FALSE(o.session.changed());
  o.store.learn_domain_rate(o.session, 100);
  o.store.learn_rate(o.session, kInterface, 7, 200, o.anomalies);
  o.store.learn_name(o.session, kName, 7, "Gi0/0/7", o.anomalies);
  EXPECT_TRUE(o.session.changed());
  o.session.take_snapshot(at(1));
  EXPECT_FALSE(o.session.changed());
  const AnnouncedOptionsPtr first = o.session.snapshot;
  ASSERT_TRUE(first);
  EXPECT_EQ(*first, (AnnouncedOptions{.changed = at(1),
                                      .start_ms = 0,
                                      .domain_rate = 100,
                                      .rates = {{kInterface, 7, 200}},
                                      .names = {{kName, 7, "Gi0/0/7"}}}));
  o.store.learn_domain_rate(o.session, 100);
  o.session.take_snapshot(at(2));
  EXPECT_EQ(o.session.snapshot, first) << "nothing new";
  o.store.learn_start(o.session, 5);
  EXPECT_TRUE(o.session.changed());
}

TEST(OptionsStore, RefusesMoreRatesThanTheLimit) {
  Options o({.rates_per_session = 1});
  EXPECT_EQ(o.store.learn_rate(o.session, kInterface, 1, 10, o.anomalies), Learned::changed);
  EXPECT_EQ(o.store.learn_rate(o.session, kInterface, 2, 10, o.anomalies), Learned::full);
  EXPECT_EQ(o.store.learn_rate(o.session, kInterface, 1, 10, o.anomalies), Learned::known);
  EXPECT_EQ(o.anomalies[Anomaly::options_limit], 1u);
}

TEST(OptionsStore, DomainsThatOnlyAnnounceSpeakForTheOthersOfTheirProtocol) {
  Options o({.options_only_domains = 2});
  const auto make = [](uint32_t domain, uint16_t port, flow::FlowType protocol = flow::FlowType::ipfix) {
    SessionOptions made;
    made.domain = domain;
    made.port = ExporterPort{port};
    made.protocol = protocol;
    return made;
  };
  const SessionOptions speaker = make(6, 1000);
  const SessionOptions elsewhere = make(7, 2000);
  const SessionOptions one_too_many = make(8, 3000);
  OptionsOnly speakers;
  for (const SessionOptions* s : {&speaker, &speaker, &elsewhere, &one_too_many}) o.store.add_speaker(*s, speakers);
  EXPECT_EQ(speakers, (OptionsOnly{&speaker, &elsewhere}));

  const auto heard = [&](uint32_t domain, uint16_t port, flow::FlowType protocol = flow::FlowType::ipfix) {
    std::vector<const OptionsState*> known;
    OptionsStore::add_speakers(domain, protocol, ExporterPort{port}, speakers, known);
    return known;
  };
  using Known = std::vector<const OptionsState*>;
  EXPECT_EQ(heard(1, 1000), Known{&speaker.state}) << "of its port";
  EXPECT_EQ(heard(1, 4000), (Known{&speaker.state, &elsewhere.state})) << "of none";
  EXPECT_EQ(heard(6, 1000), Known{&elsewhere.state}) << "not of itself";
  EXPECT_EQ(heard(1, 1000, flow::FlowType::netflow_v9), Known{});
  OptionsStore::remove_speaker(speaker, speakers);
  EXPECT_EQ(speakers, OptionsOnly{&elsewhere});
}

TEST(OptionsStore, OfTwoOfOneStreamTheLaterIsNewer) {
  Options o;
  SessionOptions later;
  o.store.learn_name(o.session, kName, 7, "old", o.anomalies);
  o.store.learn_name(o.session, kName, 8, "stays", o.anomalies);
  o.store.learn_domain_rate(o.session, 10);
  o.store.learn_name(later, kName, 7, "new", o.anomalies);
  o.store.learn_rate(later, kInterface, 7, 200, o.anomalies);
  o.store.unite(later, o.session, at(1));
  EXPECT_EQ(name_of(o.session, 7), "new");
  EXPECT_EQ(name_of(o.session, 8), "stays");
  EXPECT_EQ(o.session.state.domain_rate(), 10u);
  EXPECT_EQ(o.session.state.rates(kInterface).at(7), 200u);
}

AnnouncedOptionsPtr known_since(int64_t second, const std::string& name, uint32_t domain_rate) {
  return std::make_shared<const AnnouncedOptions>(AnnouncedOptions{
      .changed = at(second), .start_ms = 0, .domain_rate = domain_rate, .rates = {}, .names = {{kName, 7, name}}});
}

TEST(OptionsStore, OfWhatIsKnownFromAStateTheNewerWinsAndWhatWasAnnouncedHereStays) {
  Options o;
  const AnnouncedOptionsPtr first = known_since(1, "first", 10);
  EXPECT_TRUE(o.store.import(o.session, first));
  EXPECT_EQ(o.session.snapshot, first) << "the same memory";
  EXPECT_TRUE(o.store.import(o.session, known_since(2, "newer", 0)));
  EXPECT_EQ(name_of(o.session, 7), "newer");
  EXPECT_EQ(o.session.state.domain_rate(), 10u) << "only the older one has it";
  EXPECT_FALSE(o.store.import(o.session, known_since(1, "older", 11)));
  o.store.learn_name(o.session, kName, 7, "here", o.anomalies);
  o.session.here = true;
  o.session.take_snapshot(at(3));
  EXPECT_FALSE(o.store.import(o.session, known_since(99, "there", 12)));
  EXPECT_EQ(name_of(o.session, 7), "here");
}

TEST(OptionsStore, AdoptsWhatAnotherDecoderPublished) {
  Options o;
  o.store.learn_name(o.session, kName, 7, "old", o.anomalies);
  const AnnouncedOptionsPtr published = known_since(1, "new", 50);
  EXPECT_EQ(o.store.adopt(o.session, published), 50u);
  EXPECT_EQ(name_of(o.session, 7), "new");
  EXPECT_EQ(o.session.snapshot, published);
  EXPECT_FALSE(o.session.changed());
}

}  // namespace
}  // namespace weir::decode
