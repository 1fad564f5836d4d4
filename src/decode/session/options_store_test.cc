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
  explicit Options(const Limits& limits = {}) : store(limits, [this] { return forget_another(); }) {}
  bool forget_another() {
    if (others.empty()) return false;
    store.forget_all(*others.back());
    others.pop_back();
    return true;
  }
  std::vector<SessionOptions*> others;
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

TEST(OptionsStore, NamesTakeTheRoomOfSilentSessions) {
  Options o({.name_bytes = 150});
  SessionOptions silent;
  o.store.learn_name(silent, kName, 1, "name", o.anomalies);
  o.others.push_back(&silent);
  o.store.learn_name(o.session, kName, 1, "name", o.anomalies);
  EXPECT_EQ(name_of(silent, 1), "name");
  o.store.learn_name(o.session, kName, 2, "name", o.anomalies);
  EXPECT_EQ(name_of(silent, 1), "") << "forgotten";
  EXPECT_EQ(name_of(o.session, 2), "name");
  EXPECT_EQ(o.anomalies[Anomaly::options_limit], 1u);
  o.store.forget_all(o.session);
  EXPECT_EQ(o.store.name_bytes(), 0u);
}

TEST(OptionsStore, OptionsOnlySessionsSpeakForTheOthersOfTheirProtocol) {
  Options o({.options_only_domains = 1});
  const auto make = [](flow::FlowType protocol) {
    SessionOptions made;
    made.protocol = protocol;
    return made;
  };
  const SessionOptions speaker = make(flow::FlowType::ipfix);
  const SessionOptions one_too_many = make(flow::FlowType::ipfix);
  OptionsOnly speakers;
  o.store.add_speaker(speaker, speakers);
  o.store.add_speaker(speaker, speakers);
  o.store.add_speaker(one_too_many, speakers);
  SessionOptions sender = make(flow::FlowType::ipfix);
  sender.sent_data = true;
  o.store.add_speaker(sender, speakers);
  EXPECT_EQ(speakers, OptionsOnly{&speaker});

  std::vector<const OptionsState*> known;
  OptionsStore::options_for(sender, speakers, known);
  EXPECT_EQ(known, (std::vector<const OptionsState*>{&sender.state, &speaker.state}));
  OptionsStore::options_for(speaker, speakers, known);
  EXPECT_EQ(known, std::vector<const OptionsState*>{&speaker.state});
  const SessionOptions v9 = make(flow::FlowType::netflow_v9);
  OptionsStore::options_for(v9, speakers, known);
  EXPECT_EQ(known, std::vector<const OptionsState*>{&v9.state});
  OptionsStore::remove_speaker(speaker, speakers);
  EXPECT_FALSE(OptionsStore::speaks(speaker, speakers));
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
