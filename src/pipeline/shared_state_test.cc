#include "pipeline/shared_state.h"

#include <gtest/gtest.h>

#include <thread>

#include "pipeline/state_file.h"
#include "pipeline/test_support.h"

namespace weir::pipeline {
namespace {

using namespace test;
using decode::SessionChanges;
using decode::SessionState;
using decode::SessionStatePtr;

Timestamp at(int64_t second) { return timestamp_from_us((1'700'000'000 + second) * 1'000'000); }

SessionStatePtr state(uint32_t exporter, std::vector<uint16_t> ids, int64_t used = 0) {
  SessionState session;
  session.key = {IpAddress::from_v4(exporter), 1, flow::FlowType::ipfix, 0};
  for (const uint16_t id : ids) {
    auto layout = std::make_shared<decode::Template>();
    layout->id = decode::TemplateId{id};
    layout->fields = {{0, 7, 2, false}};
    layout->measure();
    session.templates.push_back({layout, {decode::ExporterPort{5000}}, at(0), at(used)});
  }
  return std::make_shared<const SessionState>(session);
}

SessionChanges changed(const SessionStatePtr& session) {
  SessionChanges changes;
  changes.changed.push_back(session);
  return changes;
}

TEST(SharedState, KnowsTheLatestOfEachSession) {
  SharedState shared(1, false);
  shared.update(changed(state(1, {256})));
  shared.update(changed(state(2, {256})));
  const uint64_t version = shared.version();
  shared.update({});
  EXPECT_EQ(shared.version(), version) << "nothing new, nothing to write";
  shared.update(changed(state(1, {256, 257})));
  ASSERT_EQ(shared.sessions_of(IpAddress::from_v4(1)).size(), 1u);
  EXPECT_EQ(shared.sessions_of(IpAddress::from_v4(1))[0]->templates.size(), 2u);
  EXPECT_EQ(shared.all().size(), 2u);
  shared.update(changed(state(1, {})));
  EXPECT_TRUE(shared.sessions_of(IpAddress::from_v4(1)).empty()) << "all withdrawn";
  SessionChanges forgotten;
  forgotten.forgotten.push_back(state(2, {})->key);
  shared.update(forgotten);
  EXPECT_TRUE(shared.all().empty());
}

TEST(SharedState, ExportersKeepTheirDomainsApart) {
  SharedState shared(1, false);
  for (uint32_t exporter = 1; exporter <= 3; ++exporter) {
    for (uint32_t domain = 0; domain < exporter; ++domain) {
      SessionState session = *state(exporter, {256});
      session.key.domain = UINT32_MAX - domain;
      shared.update(changed(std::make_shared<const SessionState>(session)));
    }
  }
  for (uint32_t exporter = 0; exporter <= 4; ++exporter) {
    const auto found = shared.sessions_of(IpAddress::from_v4(exporter));
    EXPECT_EQ(found.size(), exporter % 4) << exporter;
    for (const SessionStatePtr& one : found) EXPECT_EQ(one->key.exporter, IpAddress::from_v4(exporter));
    for (const SessionStatePtr& one : found) EXPECT_EQ(shared.find(one->key), one);
  }
  EXPECT_EQ(shared.find(state(2, {})->key), nullptr);
}

TEST(SharedState, ExpiresWhatNobodyCameBackTo) {
  SharedState shared(1, false);
  shared.load({state(1, {256}, 0), state(2, {256}, 100)});
  shared.expire(at(150), std::chrono::seconds{100});
  ASSERT_EQ(shared.all().size(), 1u);
  EXPECT_EQ(shared.all()[0]->key.exporter, IpAddress::from_v4(2));
}

TEST(SharedState, TellsThoseWhoShareWhatChangedAndWhatWasWithdrawn) {
  SharedState shared(1, true);
  shared.update(changed(state(1, {256, 257})));
  EXPECT_EQ(shared.wait_for_work(milliseconds{0}).changed.size(), 1u);
  SessionChanges changes = changed(state(1, {257}));
  changes.wanted.push_back({state(3, {})->key, decode::TemplateId{300}});
  shared.update(changes);
  const SharedState::Work work = shared.wait_for_work(milliseconds{0});
  ASSERT_EQ(work.withdrawn.size(), 1u);
  EXPECT_EQ(work.withdrawn[0].id, decode::TemplateId{256});
  ASSERT_EQ(work.wanted.size(), 1u);
  EXPECT_EQ(work.wanted[0].id, decode::TemplateId{300});
  EXPECT_TRUE(shared.wait_for_work(milliseconds{0}).changed.empty()) << "told once";
}

TEST(SharedState, WaitsForWorkUntilThereIsSome) {
  SharedState shared(1, true);
  std::thread thread([&] { shared.update(changed(state(1, {256}))); });
  EXPECT_EQ(shared.wait_for_work(kDeadline).changed.size(), 1u);
  thread.join();
}

TEST(SharedState, DeliversToEveryThreadWithinALimit) {
  SharedState shared(2, true);
  const SessionStatePtr news = state(1, {256});
  for (size_t i = 0; i < 65536; ++i) ASSERT_TRUE(shared.deliver(news));
  EXPECT_FALSE(shared.deliver(news)) << "nobody takes them";
  EXPECT_EQ(shared.take_imports(0).size(), 65536u);
  EXPECT_TRUE(shared.take_imports(0).empty());
  EXPECT_FALSE(shared.deliver(news)) << "the other thread still does not";
  EXPECT_EQ(shared.take_imports(0).size(), 1u);
  EXPECT_EQ(shared.take_imports(1).size(), 65536u);
}

TEST(StateFile, IsWrittenIfAnythingChangedAndReadBack) {
  const Folder folder;
  const auto path = folder.path() / "templates.state";
  {
    SharedState shared(1, false);
    StateFile file(path, shared);
    file.save(at(0), std::chrono::hours{1});
    EXPECT_FALSE(std::filesystem::exists(path)) << "nothing to keep";
    shared.update(changed(state(1, {256, 257})));
    file.save(at(0), std::chrono::hours{1});
    file.save(at(1), std::chrono::hours{1});
    EXPECT_EQ(file.counters().saves, 1u);
  }
  SharedState shared(1, false);
  StateFile file(path, shared);
  file.load(at(10), {});
  EXPECT_EQ(file.counters().sessions_restored, 1u);
  EXPECT_EQ(file.counters().templates_restored, 2u);
  EXPECT_EQ(*shared.all().at(0), *state(1, {256, 257}));

  SharedState later(1, false);
  StateFile too_late(path, later);
  too_late.load(at(200'000), {});
  EXPECT_TRUE(later.all().empty());
}

// What is written is always read back: where there is no room for all, those that send data come first, and one that
// is very large does not take the room of others.
TEST(StateFile, HasNoMoreThanItCanReadBack) {
  const Folder folder;
  const auto path = folder.path() / "templates.state";
  const auto with_data = [](uint32_t exporter, std::vector<uint16_t> ids) {
    SessionState proven = *state(exporter, std::move(ids));
    proven.sent_data = true;
    return std::make_shared<const SessionState>(proven);
  };
  std::vector<uint16_t> many;
  for (uint16_t id = 256; id < 2256; ++id) many.push_back(id);
  constexpr size_t kMost = 4096;
  SharedState shared(1, false);
  for (uint32_t i = 1; i <= 100; ++i) shared.update(changed(state(i, {256, 257, 258})));
  for (uint32_t i = 201; i <= 203; ++i) shared.update(changed(with_data(i, {256})));
  shared.update(changed(with_data(300, many)));
  StateFile file(path, shared, kMost);
  file.save(at(0), std::chrono::hours{1});
  EXPECT_EQ(file.counters().saves, 1u);
  EXPECT_LE(std::filesystem::file_size(path), kMost);
  const uint64_t left_out = file.counters().sessions_left_out;
  EXPECT_GT(left_out, 1u);

  SharedState back(1, false);
  StateFile(path, back, kMost).load(at(10), {});
  EXPECT_EQ(back.all().size() + left_out, 104u);
  EXPECT_GT(back.all().size(), 10u);
  for (uint32_t i = 201; i <= 203; ++i) EXPECT_EQ(back.sessions_of(IpAddress::from_v4(i)).size(), 1u) << i;
  EXPECT_TRUE(back.sessions_of(IpAddress::from_v4(300)).empty());

  SharedState smaller(1, false);
  StateFile(path, smaller, std::filesystem::file_size(path) - 1).load(at(10), {});
  EXPECT_TRUE(smaller.all().empty());
  EXPECT_TRUE(std::filesystem::exists(path.string() + ".corrupt"));
}

TEST(StateFile, ADamagedOneIsSetAside) {
  const Folder folder;
  const auto path = folder.path() / "templates.state";
  for (const auto& [content, aside] :
       {std::pair{"", ".corrupt"}, std::pair{"WEIRSTAT", ".corrupt"},
        std::pair{"something else that is longer", ".corrupt"}, std::pair{"WEIRSTATver9", ".version-1986359865"}}) {
    std::ofstream(path, std::ios::binary) << content;
    SharedState shared(1, false);
    StateFile file(path, shared);
    file.load(at(0), {});
    EXPECT_FALSE(std::filesystem::exists(path)) << content;
    EXPECT_TRUE(std::filesystem::exists(path.string() + aside)) << content;
    std::filesystem::remove(path.string() + aside);
    EXPECT_TRUE(shared.all().empty());
  }
}

}  // namespace
}  // namespace weir::pipeline
