#include "decode/session/sharing.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>

namespace weir::decode {
namespace {

const IpAddress kAddress = IpAddress::from_v4(0x0a000001);
SessionKey key_of(uint32_t domain) { return {kAddress, domain, flow::FlowType::ipfix}; }

// A decoder that only notes what it is asked; what a session announced is its domain rate.
class FakeDecoder : public Sharing::Replica {
 public:
  explicit FakeDecoder(SharedExporters& shared) {
    sharing.join(shared);
    all.emplace_front();
    exporter().address = kAddress;
    sharing.add(exporter());
    sharing.end_change();
  }
  Exporter& exporter() { return all.front(); }
  Session& session(uint32_t domain) { return *find_or_make(exporter(), key_of(domain)); }
  // The exporter announces a rate to this decoder.
  void announce(uint32_t domain, uint32_t rate) {
    Session& changed = session(domain);
    sharing.begin_change(changed);
    rates[domain] = rate;
    sharing.note_change(changed);
    sharing.end_change();
  }
  uint32_t rate_of(uint32_t domain) {
    sharing.take(session(domain));
    return rates[domain];
  }

  std::list<Exporter>& exporters() override { return all; }
  flow::ExporterCounters& counters_of(const IpAddress& /*exporter*/) override { return exporter().counters; }
  Session* find(const SessionKey& key) override {
    const auto known = sessions.find(key.domain);
    return known == sessions.end() ? nullptr : &known->second;
  }
  Session* find_or_make(Exporter& of, const SessionKey& key) override {
    if (room == 0 && find(key) == nullptr) return nullptr;
    Session& made = sessions[key.domain];
    made.key = key;
    made.exporter = &of;
    return &made;
  }
  SharedSession snapshot(Session& session) override {
    ++published;
    AnnouncedOptions options;
    options.domain_rate = rates[session.key.domain];
    return {.key = session.key,
            .templates = {},
            .options = {{{}, {}, std::make_shared<const AnnouncedOptions>(std::move(options))}}};
  }
  void take_over(Session& session, const SharedSession& published_elsewhere) override {
    ++taken;
    rates[session.key.domain] = published_elsewhere.options.at(0).options->domain_rate;
  }

  std::list<Exporter> all;
  std::map<uint32_t, Session> sessions;
  std::map<uint32_t, uint32_t> rates;
  size_t room = 1;
  int published = 0;
  int taken = 0;
  Sharing sharing{*this};
};

struct Two {
  SharedExporters shared;
  FakeDecoder a{shared};
  FakeDecoder b{shared};
};

TEST(Sharing, WhatOneIsToldAllKnow) {
  Two d;
  d.a.announce(1, 100);
  EXPECT_EQ(d.a.published, 1);
  EXPECT_EQ(d.b.rate_of(1), 100u);
  EXPECT_EQ(d.b.rate_of(1), 100u);
  EXPECT_EQ(d.b.taken, 1) << "once";
  EXPECT_EQ(d.a.rate_of(1), 100u);
  EXPECT_EQ(d.a.taken, 0) << "its own is no news";
}

TEST(Sharing, AChangeFollowsWhatOthersChangedBefore) {
  Two d;
  d.a.announce(1, 100);
  d.b.announce(1, 200);
  EXPECT_EQ(d.b.taken, 1);
  EXPECT_EQ(d.a.rate_of(1), 200u);
  EXPECT_EQ(d.b.rate_of(1), 200u);
}

TEST(Sharing, WithoutAChangeNothingIsPublished) {
  Two d;
  Session& session = d.a.session(1);
  d.a.sharing.begin_change(session);
  d.a.sharing.end_change();
  EXPECT_EQ(d.a.published, 0);
  EXPECT_TRUE(d.a.exporter().shared->lock().owns_lock()) << "others may change again";
}

TEST(Sharing, ASessionIsPublishedOnceADatagram) {
  Two d;
  Session& session = d.a.session(1);
  d.a.sharing.begin_change(session);
  for (int i = 0; i < 3; ++i) d.a.sharing.note_change(session);
  d.a.sharing.end_change();
  EXPECT_EQ(d.a.published, 1);
}

TEST(Sharing, WhoHasNoRoomDoesWithout) {
  Two d;
  d.b.room = 0;
  d.a.announce(1, 100);
  d.b.sharing.take_all();
  EXPECT_EQ(d.b.taken, 0);
  EXPECT_TRUE(d.b.sessions.empty());
  d.b.room = 1;
  EXPECT_EQ(d.b.rate_of(1), 100u) << "asked for when the session is made";
}

TEST(Sharing, WhoComesLaterIsTold) {
  SharedExporters shared;
  FakeDecoder first(shared);
  first.announce(1, 100);
  FakeDecoder second(shared);
  EXPECT_EQ(second.rates[1], 100u);
}

TEST(Sharing, OfAnExporterOfOneDecoderNothingIsLocked) {
  Exporter alone;
  Session session;
  session.exporter = &alone;
  SharedExporters shared;
  FakeDecoder decoder(shared);
  decoder.sharing.begin_change(session);
  decoder.sharing.note_change(session);
  decoder.sharing.end_change();
  EXPECT_EQ(decoder.published, 0);
}

TEST(Sharing, ArrivedTemplatesAreHandedOutOnce) {
  Two d;
  d.a.sharing.note_arrived(key_of(1), TemplateId{256});
  EXPECT_TRUE(d.a.sharing.has_arrived());
  EXPECT_EQ(d.a.sharing.take_arrived().size(), 1u);
  EXPECT_FALSE(d.a.sharing.has_arrived());
}

}  // namespace
}  // namespace weir::decode
