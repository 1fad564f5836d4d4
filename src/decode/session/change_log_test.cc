#include "decode/session/change_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "decode/session/session.h"

namespace weir::decode {
namespace {

constexpr Timestamp kNow = timestamp_from_us(1'700'000'000'000'000);

struct Log {
  SessionChanges take(size_t max_sessions = SIZE_MAX) {
    size_t taken = 0;
    return log.take(
        kNow, [&] { return taken < max_sessions; },
        [&](const Session& session) {
          ++taken;
          auto state = std::make_shared<SessionState>();
          state->key = session.key;
          return state;
        });
  }
  // Domains of the sessions that changed, in any order.
  std::vector<uint32_t> domains(const SessionChanges& changes) {
    std::vector<uint32_t> domains;
    for (const SessionStatePtr& state : changes.changed) domains.push_back(state->key.domain);
    std::ranges::sort(domains);
    return domains;
  }
  ChangeLog log;
};

struct Domain : Session {
  explicit Domain(uint32_t domain, uint64_t connection = 0) {
    key.domain = domain;
    key.connection = connection;
  }
};

TEST(ChangeLog, TellsEachChangedSessionOnce) {
  Log l;
  Domain one(1);
  Domain two(2);
  Domain three(3);
  for (Session* changed : {&one, &two, &one}) l.log.note(*changed);
  const SessionChanges changes = l.take();
  EXPECT_EQ(l.domains(changes), (std::vector<uint32_t>{1, 2}));
  EXPECT_FALSE(changes.more);
  EXPECT_EQ(one.shown, kNow);
  EXPECT_EQ(three.shown, Timestamp{});
  EXPECT_TRUE(l.take().changed.empty());
  l.log.note(one);
  EXPECT_EQ(l.domains(l.take()), std::vector<uint32_t>{1});
}

TEST(ChangeLog, ComesInPortions) {
  Log l;
  Domain one(1);
  Domain two(2);
  l.log.note(one);
  l.log.note(two);
  SessionChanges changes = l.take(1);
  EXPECT_EQ(changes.changed.size(), 1u);
  EXPECT_TRUE(changes.more);
  changes = l.take(1);
  EXPECT_EQ(changes.changed.size(), 1u);
  EXPECT_FALSE(changes.more);
}

TEST(ChangeLog, ForgottenSessionsAreNamedIfTheyWereShown) {
  Log l;
  Domain one(1);
  Domain two(2);
  Domain three(3);
  for (Session* changed : {&one, &two, &three}) l.log.note(*changed);
  l.log.forget(one);
  EXPECT_EQ(l.domains(l.take()), (std::vector<uint32_t>{2, 3}));
  l.log.note(three);
  l.log.forget(two);
  const SessionChanges changes = l.take();
  EXPECT_EQ(l.domains(changes), std::vector<uint32_t>{3});
  ASSERT_EQ(changes.forgotten.size(), 1u);
  EXPECT_EQ(changes.forgotten[0].domain, 2u);
}

TEST(ChangeLog, SessionsOfConnectionsAreNobodysBusiness) {
  Log l;
  Domain of_connection(1, 99);
  l.log.note(of_connection);
  l.log.note_wanted(of_connection.key, TemplateId{256});
  l.log.note_wanted(Domain(2).key, TemplateId{257});
  const SessionChanges changes = l.take();
  EXPECT_TRUE(changes.changed.empty());
  ASSERT_EQ(changes.wanted.size(), 1u);
  EXPECT_EQ(changes.wanted[0].id, TemplateId{257});
}

TEST(ChangeLog, AFloodOfWantedTemplatesIsCounted) {
  Log l;
  for (size_t i = 0; i < 70'000; ++i) l.log.note_wanted(Domain(1).key, TemplateId{256});
  const SessionChanges changes = l.take();
  EXPECT_GT(changes.wanted_lost, 0u);
  EXPECT_EQ(changes.wanted.size() + changes.wanted_lost, 70'000u);
}

}  // namespace
}  // namespace weir::decode
