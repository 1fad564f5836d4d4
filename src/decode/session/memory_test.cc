// What exporters make us remember is charged what it really takes, and has a limit.
#include <gtest/gtest.h>
#include <malloc.h>

#include <cstdint>
#include <functional>

#include "decode/session/exporter_table.h"
#include "decode/session/sessions.h"
#include "decode/test_decode.h"
#include "decode/test_wire.h"

namespace weir::decode {
namespace {

using flow::Anomaly;
using test::Wire;

constexpr size_t kMiB = size_t{1} << 20;

IpAddress address(uint32_t number) { return IpAddress::from_v4(0x0a000000 + number); }

// A session of `sessions` that somebody uses, at some time.
Session& use(Sessions& sessions, uint32_t exporter, uint32_t domain = 0, int64_t second = 0) {
  const Timestamp now = timestamp_from_us((1'700'000'000 + second) * 1'000'000);
  const StreamId stream{.endpoint = {.address = address(exporter), .port = ExporterPort{1}},
                        .domain = domain,
                        .protocol = flow::FlowType::ipfix};
  Exporter& known = sessions.exporter(address(exporter), now);
  ++known.counters.datagrams_decoded;
  return sessions.session(known, stream);
}

MessageContext message_of(const Session& session, Timestamp now) {
  MessageContext message;
  message.stream = {.endpoint = {.address = session.exporter->address, .port = ExporterPort{1}},
                    .domain = session.key.domain,
                    .protocol = session.key.type};
  message.received = now;
  return message;
}

// A template that nobody else has.
void define(Sessions& sessions, Session& session, uint16_t id, uint16_t mark, size_t fields = 20) {
  Template layout{.id = TemplateId{id}, .fields = {{0, mark, 4, false}}};
  for (size_t i = 1; i < fields; ++i) layout.fields.push_back({0, static_cast<uint16_t>(1 + i), 4, false});
  layout.measure();
  MessageContext message = message_of(session, sessions.now());
  sessions.listen(session, message, 0);
  sessions.define(session, std::move(layout), message, 0, true);
}

size_t heap() { return mallinfo2().uordblks; }

// How much of what was charged `fill` has really taken, together with the state of each session.
double taken_of_charged(const std::function<void(Sessions&)>& fill) {
  const size_t before = heap();
  Sessions sessions({});
  fill(sessions);
  const SessionChanges states = sessions.take_changes(sessions.now(), SIZE_MAX);
  const size_t taken = heap() - before;
  return static_cast<double>(taken) / static_cast<double>(sessions.table().memory());
}

class Charged : public testing::Test {
 protected:
  void SetUp() override {
    if (heap() == 0) GTEST_SKIP() << "sanitizers have an allocator of their own";
  }
};

TEST_F(Charged, Sessions) {
  const double part = taken_of_charged([](Sessions& sessions) {
    for (uint32_t i = 0; i < 5000; ++i) use(sessions, i / 10, i % 10);
  });
  EXPECT_GT(part, 0.4);
  EXPECT_LT(part, 1.1);
}

TEST_F(Charged, Templates) {
  const double part = taken_of_charged([](Sessions& sessions) {
    for (uint32_t i = 0; i < 500; ++i) {
      Session& session = use(sessions, i);
      for (uint16_t t = 0; t < 20; ++t) {
        define(sessions, session, 256 + t, static_cast<uint16_t>(1000 + i * 20 + t));
        sessions.find_template(session, TemplateId{static_cast<uint16_t>(256 + t)},
                               message_of(session, sessions.now()).stream, sessions.now());
      }
    }
  });
  EXPECT_GT(part, 0.5);
  EXPECT_LT(part, 1.1);
}

TEST_F(Charged, TemplatesThatAllHaveAreOnce) {
  const double part = taken_of_charged([](Sessions& sessions) {
    for (uint32_t i = 0; i < 2000; ++i) {
      for (uint16_t t = 0; t < 20; ++t) define(sessions, use(sessions, i), 256 + t, 1000 + t);
    }
  });
  EXPECT_GT(part, 0.5);
  EXPECT_LT(part, 1.1);
}

TEST_F(Charged, RatesAndNames) {
  for (const size_t length : {4, 20, 255}) {
    const double part = taken_of_charged([&](Sessions& sessions) {
      for (uint32_t i = 0; i < 20; ++i) {
        Session& session = use(sessions, i);
        const StreamId stream = message_of(session, sessions.now()).stream;
        for (uint32_t n = 0; n < 3000; ++n) {
          sessions.learn_rate(session, stream, RateScope::interface, n, 7);
          sessions.learn_name(session, stream, NameKind::interface_name, n, std::string(length, 'n'));
        }
        sessions.charge(session);
      }
    });
    EXPECT_GT(part, 0.5) << length;
    EXPECT_LT(part, 1.1) << length;
  }
}

TEST_F(Charged, DataThatWait) {
  for (const bool one_id : {true, false}) {
    const double part = taken_of_charged([&](Sessions& sessions) {
      for (uint32_t i = 0; i < 100; ++i) {
        Session& session = use(sessions, i);
        for (uint16_t n = 0; n < 500; ++n) {
          const auto id = static_cast<uint16_t>(256 + (one_id ? 0 : n));
          sessions.hold(session, TemplateId{id}, message_of(session, sessions.now()), Wire().u32(n), false);
        }
      }
    });
    EXPECT_GT(part, 0.4) << one_id;
    EXPECT_LT(part, 1.1) << one_id;
  }
}

size_t sessions_of(const Sessions& sessions, uint32_t exporter) {
  for (const Exporter& known : sessions.table().exporters()) {
    if (known.address == address(exporter)) return known.sessions.size();
  }
  return 0;
}

// Proven: it has sent for a while, beside another one.
void prove(Sessions& sessions, uint32_t exporter) {
  for (int i = 0; i < 20; ++i) {
    use(sessions, exporter, 0, i);
    use(sessions, 0, 0, i);
  }
}

TEST(Memory, OneExporterHasHalfOfItAndEvictsItsOwn) {
  Sessions sessions({.memory = kMiB});
  prove(sessions, 1);
  for (uint32_t domain = 0; domain < 5000; ++domain) define(sessions, use(sessions, 2, domain, 30), 256, 1000);
  EXPECT_LE(sessions.table().memory(), kMiB);
  EXPECT_EQ(sessions_of(sessions, 1), 1u);
  EXPECT_GT(sessions_of(sessions, 2), 50u);
  for (const Exporter& known : sessions.table().exporters()) EXPECT_LE(known.memory, kMiB / 2 + 4096);
}

TEST(Memory, NewcomersGoFirst) {
  Sessions sessions({.memory = kMiB});
  prove(sessions, 1);
  define(sessions, use(sessions, 1, 0, 20), 256, 1);
  for (uint32_t i = 2; i < 5000; ++i) {
    for (uint16_t t = 0; t < 4; ++t)
      define(sessions, use(sessions, i, 0, 30), 256 + t, static_cast<uint16_t>(1000 + i));
  }
  EXPECT_LE(sessions.table().memory(), kMiB + 4096);
  EXPECT_EQ(sessions_of(sessions, 1), 1u);
  EXPECT_EQ(sessions_of(sessions, 4999), 1u);
  EXPECT_EQ(sessions_of(sessions, 2), 0u);
}

TEST(Memory, WhoIsNewFindsRoomAmongThoseThatAreProven) {
  Sessions sessions({.memory = kMiB});
  for (uint32_t exporter = 1; exporter <= 100; ++exporter) {
    prove(sessions, exporter);
    for (uint16_t t = 0; t < 20; ++t)
      define(sessions, use(sessions, exporter, 0, 100), 256 + t, static_cast<uint16_t>(1000 + exporter * 20 + t));
  }
  Session& session = use(sessions, 1000, 0, 200);
  for (uint16_t t = 0; t < 20; ++t) define(sessions, session, 256 + t, static_cast<uint16_t>(9000 + t));
  EXPECT_EQ(session.templates.count, 20u);
  EXPECT_LE(sessions.table().memory(), kMiB + 4096);
  EXPECT_EQ(sessions_of(sessions, 1), 0u) << "the one that has been silent the longest";
}

// Two that have proven themselves, and then take all they can.
TEST(Memory, WhoHasMuchGoesBeforeWhoIsSilent) {
  Sessions sessions({.memory = kMiB});
  for (uint32_t exporter = 1; exporter <= 20; ++exporter) prove(sessions, exporter);
  for (uint32_t domain = 0; domain < 3000; ++domain) {
    for (const uint32_t greedy : {1, 2}) define(sessions, use(sessions, greedy, domain, 100), 256, 1000);
  }
  EXPECT_LE(sessions.table().memory(), kMiB + 4096);
  for (uint32_t exporter = 3; exporter <= 20; ++exporter) EXPECT_EQ(sessions_of(sessions, exporter), 1u) << exporter;
}

TEST(Memory, NamesThatHaveNoRoomAreCountedAndOthersStay) {
  Sessions sessions({.memory = kMiB});
  Session& session = use(sessions, 1);
  const StreamId stream = message_of(session, sessions.now()).stream;
  for (uint32_t n = 0; n < 5000; ++n) {
    sessions.learn_name(session, stream, NameKind::vrf, n, std::string(200, 'n'));
    sessions.charge(session);
  }
  EXPECT_LE(sessions.table().memory(), kMiB / 2);
  const uint64_t full = session.anomalies()[Anomaly::options_limit];
  EXPECT_GT(full, 3000u);
  sessions.learn_name(session, stream, NameKind::vrf, 0, "another");
  EXPECT_EQ(session.anomalies()[Anomaly::options_limit], full) << "what is known can change";
  EXPECT_EQ(*session.options.front()->state.find_name(NameKind::vrf, 0), "another");
}

TEST(Memory, ALongTemplateEvictsOlderOnesOfItsOwn) {
  Sessions sessions({.memory = kMiB / 4});
  Session& session = use(sessions, 1);
  for (uint16_t t = 0; t < 100; ++t) define(sessions, session, 256 + t, static_cast<uint16_t>(1000 + t), 500);
  EXPECT_LE(sessions.table().memory(), kMiB / 8);
  EXPECT_GT(session.templates.count, 2u);
  EXPECT_GT(session.anomalies()[Anomaly::template_limit], 80u);
}

TEST(Memory, IsGivenBack) {
  Sessions sessions({.memory = kMiB});
  for (uint32_t i = 0; i < 100; ++i) define(sessions, use(sessions, i), 256, static_cast<uint16_t>(1000 + i));
  const size_t before = sessions.table().memory();
  while (sessions.table().forget_oldest_session()) {
  }
  EXPECT_LT(sessions.table().memory(), before * 8 / 10);
}

}  // namespace
}  // namespace weir::decode
