// Places of streams between two runs.
#include "pipeline/places.h"

#include <gtest/gtest.h>

namespace weir::pipeline {
namespace {

using decode::SequencePlace;

const IpAddress kA = *IpAddress::parse("192.0.2.1");
const IpAddress kB = *IpAddress::parse("192.0.2.2");
const Timestamp kStart = *parse_time("2026-12-01T10:00:00Z");

SequencePlace place(const IpAddress& exporter, uint32_t domain, uint32_t next, int64_t heard_s = 0, uint32_t boot = 1) {
  SequencePlace place;
  place.session = {.exporter = exporter, .domain = domain, .type = flow::FlowType::netflow_v9};
  place.next = next;
  place.has_boot = true;
  place.boot_by_ours = boot;
  place.heard = kStart + std::chrono::seconds(heard_s);
  return place;
}

std::vector<uint32_t> nexts(const std::vector<SequencePlace>& places) {
  std::vector<uint32_t> all;
  for (const SequencePlace& p : places) all.push_back(p.next);
  return all;
}

TEST(PlaceBoard, TheFurthestOfSeveralThreadsCounts) {
  PlaceBoard board;
  board.publish(0, {place(kA, 1, 100, 5), place(kB, 1, 7, 1)});
  board.publish(1, {place(kA, 1, 90, 4), place(kA, 2, 8, 2), place(kA, 1, 55, 3, 500'000)});
  EXPECT_EQ(nexts(board.list()), (std::vector<uint32_t>{100, 55, 8, 7}));
  board.publish(1, {place(kA, 1, 110, 5)});
  EXPECT_EQ(nexts(board.list()), (std::vector<uint32_t>{110, 7})) << "what a thread left before is replaced";
}

TEST(PlaceBoard, IsBounded) {
  PlaceBoard board;
  std::vector<SequencePlace> many;
  for (uint32_t i = 0; i < kMaxPlaces + 10; ++i) many.push_back(place(kA, i, i, i));
  board.publish(0, many);
  const std::vector<SequencePlace> kept = board.list();
  ASSERT_EQ(kept.size(), kMaxPlaces);
  EXPECT_EQ(kept.front().next, kMaxPlaces + 9) << "those heard last";
}

TEST(PlacesBefore, EachIsTakenOnce) {
  PlacesBefore places({place(kA, 1, 100), place(kA, 1, 200, 0, 9'000), place(kA, 2, 300)}, kStart);
  EXPECT_EQ(places.claim(kA), 3u);
  EXPECT_EQ(places.claim(kA), 0u);
  EXPECT_EQ(places.claim(kB), 0u);
  const decode::SessionKey session = place(kA, 1, 0).session;
  auto known = places.places_of(session, {});
  ASSERT_EQ(known.size(), 2u);
  EXPECT_TRUE(places.take(known[0].id));
  EXPECT_FALSE(places.take(known[0].id));
  EXPECT_EQ(places.places_of(session, {}).size(), 1u);
  EXPECT_EQ(places.places_of(session, kB).size(), 0u) << "another agent";
  EXPECT_EQ(nexts(places.left(kStart + std::chrono::minutes(1))), (std::vector<uint32_t>{200, 300}));
  EXPECT_TRUE(places.left(kStart + std::chrono::minutes(6)).empty());
}

}  // namespace
}  // namespace weir::pipeline
