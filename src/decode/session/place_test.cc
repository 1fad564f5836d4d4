// What was sent while no collector ran: counted where the numbers prove it, unknown elsewhere.
#include "decode/session/place.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "decode/session/shared_exporter.h"
#include "decode/sflow/test_sflow.h"
#include "decode/test_decode.h"

namespace weir::decode {
namespace {

using test::Harness;
using test::Wire;

constexpr int64_t kEpoch = 1'700'000'000;
Timestamp at(int64_t second) { return timestamp_from_us((kEpoch + 1'000'000 + second) * 1'000'000); }

// As pipeline/places.h does it.
class Memory : public PlaceSource {
 public:
  Memory(std::vector<SequencePlace> places, int64_t started) : places_(std::move(places)), started_(at(started)) {
    for (const SequencePlace& place : places_) ++unclaimed_[place.session.exporter];
  }
  uint64_t claim(const IpAddress& exporter) override { return std::exchange(unclaimed_[exporter], 0); }
  std::vector<KnownPlace> places_of(const SessionKey& session, const IpAddress& agent) override {
    std::vector<KnownPlace> found;
    for (uint64_t id = 0; id < places_.size(); ++id) {
      const SequencePlace& place = places_[id];
      if (!taken_[id] && place.session == session && place.agent == agent) found.push_back({id, place});
    }
    return found;
  }
  bool take(uint64_t id) override { return !std::exchange(taken_[id], true); }
  Timestamp started() const override { return started_; }

 private:
  std::vector<SequencePlace> places_;
  std::map<IpAddress, uint64_t> unclaimed_;
  std::map<uint64_t, bool> taken_;
  Timestamp started_;
};

// A message of a protocol at a second, with a number; its exporter was started at second `boot`. It adds kUnits.
constexpr uint32_t kUnits = 2;
struct Message {
  int64_t second = 0;
  uint32_t number = 0;
  int64_t boot = -1'000'000;
  uint16_t port = 50000;
  uint32_t domain = 0;

  uint32_t seconds() const { return static_cast<uint32_t>(to_us(at(second)) / 1'000'000); }
  uint32_t uptime_ms() const { return static_cast<uint32_t>((second - boot) * 1000); }
  test::Header header() const {
    return {.sequence = number, .domain = domain, .seconds = seconds(), .uptime_ms = uptime_ms(), .count = kUnits};
  }
};

const std::vector<test::FieldOf> kPorts = {{7, 2}, {11, 2}};
const Wire kTwo = Wire().u16(80).u16(443).u16(80).u16(443);

Wire v5(const Message& m) { return test::netflow5(m.header(), Wire().zeros(48 * kUnits)); }
Wire v9(const Message& m) {
  test::Header header = m.header();
  header.count = 1 + kUnits;  // records, the template's included
  return test::netflow9(header, Wire().add(test::set(0, test::template_record(256, kPorts))).add(test::set(256, kTwo)));
}
Wire ipfix(const Message& m) {
  return test::ipfix(m.header(),
                     Wire().add(test::set(2, test::template_record(256, kPorts))).add(test::set(256, kTwo)));
}
Wire sflow(const Message& m) {
  return test::sflow_datagram({.sub_agent = m.domain, .sequence = m.number, .uptime_ms = m.uptime_ms()}, {});
}

struct Protocol {
  const char* name;
  Wire (*message)(const Message&);
  uint32_t units;  // that a message adds to the sequence
  bool has_uptime;
};
const Protocol kProtocols[] = {
    {"v5", v5, kUnits, true}, {"v9", v9, 1, true}, {"IPFIX", ipfix, kUnits, false}, {"sFlow", sflow, 1, true}};

void feed(Harness& h, const Protocol& protocol, const Message& message) {
  const Wire bytes = protocol.message(message);
  h.feed(test::datagram(bytes, message.port, test::kExporter, at(message.second)));
}

// A run that hears 100 messages, one a second, from `first` on. Returns the number that comes next.
uint32_t run(Harness& h, const Protocol& protocol, uint32_t first, Message message = {}) {
  message.number = first;
  for (int i = 0; i < 100; ++i) {
    feed(h, protocol, message);
    ++message.second;
    message.number += protocol.units;
  }
  return message.number;
}

struct Lost {
  uint64_t down = 0;
  uint64_t killed = 0;
  uint64_t unknown = 0;
  bool operator==(const Lost&) const = default;
};
std::ostream& operator<<(std::ostream& out, const Lost& lost) {
  return out << lost.down << " down, " << lost.killed << " killed, " << lost.unknown << " unknown";
}
Lost lost_of(const Harness& h) {
  const flow::ExporterCounters c = h.counters();
  EXPECT_EQ(c.lost_units, 0u);
  return {c.lost_down_units, c.lost_killed_units, c.lost_down_unknown};
}

// 100 s, then the collector is away until second 130.
struct Restart {
  explicit Restart(const Protocol& of, uint32_t first = 1'000'000) : protocol(of), next(run(before, of, first)) {}
  void start(int64_t second = 130) {
    memory.emplace(before.decoder.places(100), second);
    after.decoder.set_place_source(&*memory);
  }
  void hear(Message message) { feed(after, protocol, message); }

  const Protocol& protocol;
  Harness before;
  uint32_t next;
  std::optional<Memory> memory;
  Harness after;
};

TEST(Places, WhatWasSentMeanwhileIsCounted) {
  for (const Protocol& protocol : kProtocols) {
    SCOPED_TRACE(protocol.name);
    for (const uint32_t missing : {0u, 1u, 30u}) {
      for (const uint32_t first : {1'000'000u, UINT32_MAX - 210}) {  // the numbers wrap
        if (!protocol.has_uptime && first == UINT32_MAX - 210) continue;
        Restart world(protocol, first);
        world.start();
        uint32_t number = world.next + missing * protocol.units;
        for (int64_t second = 130; second < 140; ++second, number += protocol.units) {
          world.hear({.second = second, .number = number});
        }
        EXPECT_EQ(lost_of(world.after), (Lost{.down = missing * protocol.units}));
        EXPECT_EQ(world.after.anomalies(), "");
      }
    }
  }
}

TEST(Places, AfterAKillItMayHaveBeenStored) {
  for (const Protocol& protocol : kProtocols) {
    Restart world(protocol);
    std::vector<SequencePlace> places = world.before.decoder.places(100);
    ASSERT_EQ(places.size(), 1u) << protocol.name;
    places.front().before_kill = true;
    Memory memory(places, 130);
    world.after.decoder.set_place_source(&memory);
    world.hear({.second = 130, .number = world.next + 5 * protocol.units});
    EXPECT_EQ(lost_of(world.after), (Lost{.killed = 5 * protocol.units})) << protocol.name;
  }
}

TEST(Places, LossAfterwardsIsNotOfTheTimeBetween) {
  for (const Protocol& protocol : kProtocols) {
    Restart world(protocol);
    world.start();
    world.hear({.second = 130, .number = world.next});
    world.hear({.second = 131, .number = world.next + 4 * protocol.units});
    const flow::ExporterCounters c = world.after.counters();
    EXPECT_EQ(c.lost_units, 3 * protocol.units) << protocol.name;
    EXPECT_EQ(c.lost_down_units, 0u);
  }
}

// What is only overtaken by the first message turns up after all.
TEST(Places, WhatComesLateIsTakenBack) {
  for (const Protocol& protocol : kProtocols) {
    Restart world(protocol);
    world.start();
    world.hear({.second = 131, .number = world.next + 4 * protocol.units});
    world.hear({.second = 130, .number = world.next + 3 * protocol.units});
    EXPECT_EQ(lost_of(world.after), (Lost{.down = 3 * protocol.units})) << protocol.name;
  }
}

TEST(Places, ARestartOfTheExporterProvesNothing) {
  for (const Protocol& protocol : kProtocols) {
    SCOPED_TRACE(protocol.name);
    for (const uint32_t number : {0u, 40u, 1'000'300u}) {
      // IPFIX does not tell of its restart; that it came so far within 10 s is not to be believed.
      if (!protocol.has_uptime && number == 1'000'300u) continue;
      Restart world(protocol);
      world.start();
      for (uint32_t i = 0; i < 5; ++i) {
        world.hear({.second = 130 + i, .number = number + i * protocol.units, .boot = 110});
      }
      EXPECT_EQ(lost_of(world.after), (Lost{.unknown = 1})) << number;
    }
  }
}

// An exporter without an uptime that has not sent more than it can have sent meanwhile may have been restarted.
TEST(Places, YoungNumbersWithoutAnUptimeProveNothing) {
  const Protocol& protocol = kProtocols[2];
  Restart world(protocol, 0);
  world.start();
  world.hear({.second = 130, .number = world.next + 10});
  EXPECT_EQ(lost_of(world.after), (Lost{.unknown = 1}));
}

// No exporter sends a hundred times as much as before.
TEST(Places, ALeapProvesNothing) {
  for (const Protocol& protocol : kProtocols) {
    Restart world(protocol);
    world.start();
    world.hear({.second = 130, .number = world.next + 100'000});
    EXPECT_EQ(lost_of(world.after), (Lost{.unknown = 1})) << protocol.name;
    Restart back(protocol);
    back.start();
    back.hear({.second = 130, .number = back.next - 10});
    EXPECT_EQ(lost_of(back.after), (Lost{.unknown = 1})) << protocol.name;
  }
}

// Who comes back late was away for a reason of its own, maybe.
TEST(Places, LongAfterTheStartTheReasonIsUnknown) {
  for (const Protocol& protocol : kProtocols) {
    Restart world(protocol);
    world.start();
    world.hear({.second = 130 + 400, .number = world.next + 20});
    EXPECT_EQ(lost_of(world.after), (Lost{.unknown = 1})) << protocol.name;
  }
}

TEST(Places, AnotherPortIsAnotherStream) {
  for (const Protocol& protocol : kProtocols) {
    Restart world(protocol);
    world.start();
    world.hear({.second = 130, .number = world.next + 20, .port = 50001});
    EXPECT_EQ(lost_of(world.after), (Lost{.unknown = 1})) << protocol.name;
  }
}

TEST(Places, WhoIsNewHasNothingUnknown) {
  for (const Protocol& protocol : kProtocols) {
    Harness h;
    Memory memory({}, 0);
    h.decoder.set_place_source(&memory);
    run(h, protocol, 5000);
    EXPECT_EQ(lost_of(h), Lost{}) << protocol.name;
  }
}

// Two devices behind one address and port, told apart by their boots.
TEST(Places, StreamsOfOnePortAreToldApartByTheirBoots) {
  for (const Protocol& protocol : kProtocols) {
    if (!protocol.has_uptime) continue;
    SCOPED_TRACE(protocol.name);
    Restart world(protocol);
    const uint32_t other = run(world.before, protocol, 5'000'000, {.boot = -50'000});
    world.start();
    world.hear({.second = 130, .number = world.next + 3 * protocol.units});
    world.hear({.second = 130, .number = other + 7 * protocol.units, .boot = -50'000});
    EXPECT_EQ(lost_of(world.after), (Lost{.down = 10 * protocol.units}));
  }
}

// Numbers that never went on say nothing afterwards either.
TEST(Places, OnlyWhereLossWasKnown) {
  Harness h;
  for (int64_t second = 0; second < 100; ++second) feed(h, kProtocols[0], {.second = second, .number = 0});
  EXPECT_TRUE(h.decoder.places(100).empty());
}

TEST(Places, AreBounded) {
  Harness h;
  for (const Protocol& protocol : kProtocols) {
    for (uint32_t domain = 0; domain < 20; ++domain) run(h, protocol, 1000, {.domain = domain});
  }
  EXPECT_EQ(h.decoder.places(1000).size(), 80u);
  EXPECT_EQ(h.decoder.places(30).size(), 30u);
}

// Some exporters count the message's own records in its number.
TEST(Places, NumbersThatIncludeTheirMessage) {
  const auto message = [](int64_t second, uint32_t number, uint32_t units) {
    test::Header header = Message{.second = second, .number = number}.header();
    header.count = static_cast<uint16_t>(units);
    return test::netflow5(header, Wire().zeros(48 * units));
  };
  constexpr uint32_t kAmounts[] = {2, 5, 1, 30, 7};
  Harness before;
  uint32_t number = 1'000'000;
  int64_t second = 0;
  for (; second < 100; ++second) {
    const uint32_t units = kAmounts[second % 5];
    number += units;
    before.feed(test::datagram(message(second, number, units), 50000, test::kExporter, at(second)));
  }
  Memory memory(before.decoder.places(10), 130);
  Harness after;
  after.decoder.set_place_source(&memory);
  number += 11 + 3;
  after.feed(test::datagram(message(130, number, 3), 50000, test::kExporter, at(130)));
  EXPECT_EQ(lost_of(after), (Lost{.down = 11}));
}

// Several threads receive a part each, somewhat out of order.
TEST(Places, WhereDecodersShareTheExporter) {
  for (const Protocol& protocol : kProtocols) {
    if (std::string_view(protocol.name) == "sFlow") continue;  // goes by its source
    SCOPED_TRACE(protocol.name);
    const auto both = [&](uint32_t first, int64_t from, int64_t to, Memory* memory,
                          const std::function<void(Harness&, Harness&)>& then) {
      SharedExporters shared;
      Harness a;
      Harness b;
      for (Harness* h : {&a, &b}) {
        h->decoder.set_shared(&shared);
        h->decoder.set_place_source(memory);
      }
      uint32_t number = first;
      for (int64_t second = from; second < to; second += 2) {
        // The second one first.
        feed(b, protocol, {.second = second + 1, .number = number + protocol.units});
        feed(a, protocol, {.second = second, .number = number});
        number += 2 * protocol.units;
      }
      for (Harness* h : {&a, &b}) h->decoder.expire(Timestamp::max());
      then(a, b);
      return number;
    };
    std::vector<SequencePlace> places;
    const uint32_t next =
        both(1'000'000, 0, 100, nullptr, [&](Harness&, Harness& b) { places = b.decoder.places(10); });
    ASSERT_EQ(places.size(), 1u);
    EXPECT_EQ(places.front().next, next);
    Memory memory(places, 130);
    both(next + 6 * protocol.units, 130, 150, &memory, [&](Harness& a, Harness& b) {
      Lost lost = lost_of(a);
      const Lost more = lost_of(b);
      lost = {lost.down + more.down, lost.killed + more.killed, lost.unknown + more.unknown};
      EXPECT_EQ(lost, (Lost{.down = 6 * protocol.units}));
    });
  }
}

}  // namespace
}  // namespace weir::decode
