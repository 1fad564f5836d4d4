#include "decode/session/ordered_sequence.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace weir::decode {
namespace {

using flow::Anomaly;

constexpr int64_t kSecond = 1'000'000;

Timestamp at(int64_t us) { return timestamp_from_us(1'700'000'000 * kSecond + us); }

// Messages of an exporter, a millisecond apart.
struct Exporter {
  uint32_t number = 0;
  int64_t us = 0;
  bool inclusive = false;
  SequencedMessage next(uint32_t units) {
    us += 1000;
    const SequencedMessage message{.number = inclusive ? number + units : number,
                                   .units = units,
                                   .export_us = us / kSecond * kSecond,  // of whole seconds, as they are on the wire
                                   .received = at(us)};
    number += units;
    return message;
  }
  std::vector<SequencedMessage> several(size_t count, uint32_t first_units, uint32_t more_units) {
    std::vector<SequencedMessage> all;
    for (size_t i = 0; i < count; ++i) all.push_back(next(first_units + static_cast<uint32_t>(i) * more_units % 7));
    return all;
  }
};

// Two threads: each message goes to one of them at random, and they hand in what they have in turns of any length;
// neither lags by more than a second.
std::vector<SequencedMessage> by_two_threads(const std::vector<SequencedMessage>& sent, uint32_t seed) {
  std::mt19937 random(seed);
  std::array<std::vector<SequencedMessage>, 2> of;
  for (const SequencedMessage& message : sent) of[random() % 2].push_back(message);
  std::array<size_t, 2> done{};
  std::vector<SequencedMessage> all;
  while (all.size() < sent.size()) {
    const bool lags = done[0] + 300 < done[1] || done[1] + 300 < done[0];
    const size_t thread = lags ? (done[0] < done[1] ? 0 : 1) : random() % 2;
    for (size_t left = random() % 64; left > 0 && done[thread] < of[thread].size(); --left) {
      all.push_back(of[thread][done[thread]++]);
    }
  }
  return all;
}

struct Seen {
  flow::ExporterCounters counters;
  OrderedSequence sequence;
  void note(const std::vector<SequencedMessage>& messages) {
    for (const SequencedMessage& message : messages) sequence.note(message, counters);
  }
  uint64_t count(Anomaly anomaly) const { return counters.anomalies[anomaly]; }
  void end() { sequence.give_up(Timestamp::max(), counters); }
};

TEST(OrderedSequence, MessagesOfTwoThreadsAreNoGaps) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    Seen seen;
    Exporter exporter{.number = UINT32_MAX - 5000};  // wraps on the way
    seen.sequence.note(exporter.next(24), seen.counters);
    seen.note(by_two_threads(exporter.several(2000, 1, seed % 3), seed));
    seen.end();
    EXPECT_EQ(seen.counters.anomalies, flow::AnomalyCounts{}) << seed;
    EXPECT_EQ(seen.counters.lost_units, 0u);
  }
}

TEST(OrderedSequence, WhatIsMissingIsLostOnce) {
  for (uint32_t seed = 0; seed < 20; ++seed) {
    Seen seen;
    Exporter exporter;
    seen.sequence.note(exporter.next(10), seen.counters);
    std::vector<SequencedMessage> sent = exporter.several(2000, 10, 0);
    uint64_t lost = 0;
    uint64_t gaps = 0;
    for (size_t i = 1900; i >= 100; i -= 100) {  // the later ones first, so that places stay
      sent.erase(sent.begin() + static_cast<std::ptrdiff_t>(i),
                 sent.begin() + static_cast<std::ptrdiff_t>(i + i % 3 + 1));
      lost += 10 * (i % 3 + 1);
      ++gaps;
    }
    seen.note(by_two_threads(sent, seed));
    seen.end();
    EXPECT_EQ(seen.counters.lost_units, lost);
    EXPECT_EQ(seen.count(Anomaly::sequence_gap), gaps);
    EXPECT_EQ(seen.count(Anomaly::exporter_restart) + seen.count(Anomaly::sequence_reordered), 0u);
  }
}

TEST(OrderedSequence, WaitsOnlyForAWhile) {
  Seen seen;
  Exporter exporter;
  seen.sequence.note(exporter.next(1), seen.counters);
  const SequencedMessage late = exporter.next(1);
  seen.note(exporter.several(1000, 1, 0));
  EXPECT_EQ(seen.counters.lost_units, 0u);
  seen.note(exporter.several(1100, 1, 0));
  EXPECT_EQ(seen.counters.lost_units, 1u) << "two seconds later";
  seen.sequence.note(late, seen.counters);
  EXPECT_EQ(seen.count(Anomaly::sequence_reordered), 1u);
  EXPECT_EQ(seen.count(Anomaly::exporter_restart), 0u);

  exporter.next(1);
  seen.sequence.note(exporter.next(1), seen.counters);
  seen.sequence.give_up(at(exporter.us + 1 * kSecond), seen.counters);
  EXPECT_EQ(seen.counters.lost_units, 1u);
  seen.sequence.give_up(at(exporter.us + 3 * kSecond), seen.counters);
  EXPECT_EQ(seen.counters.lost_units, 2u) << "nothing came after it";
}

TEST(OrderedSequence, WaitsForNoMoreThanItsLimit) {
  Seen seen;
  seen.sequence.note({.number = 0, .units = 1}, seen.counters);
  for (uint32_t i = 0; i < OrderedSequence::kMostWaiting; ++i)
    seen.sequence.note({.number = 2 + i, .units = 1}, seen.counters);
  EXPECT_EQ(seen.counters.lost_units, 0u);
  seen.sequence.note({.number = 10'000'000, .units = 1}, seen.counters);
  EXPECT_EQ(seen.counters.lost_units, 1u);
}

// Of a protocol whose messages do not say how long the exporter has been up.
TEST(OrderedSequence, ANewSequenceAndStragglersOfTheOldOne) {
  for (const uint32_t old_number : {5000U, 1'000'000U, 0x80000000U}) {
    Seen seen;
    Exporter exporter{.number = old_number, .us = 100 * kSecond};
    seen.sequence.note(exporter.next(24), seen.counters);
    std::vector<SequencedMessage> old = exporter.several(200, 24, 0);
    Exporter again{.number = 0, .us = exporter.us + 2 * kSecond};
    const std::vector<SequencedMessage> fresh = again.several(200, 24, 0);
    // One thread has handed in all of it, the other one lags.
    const std::vector<SequencedMessage> stragglers(old.end() - 20, old.end());
    old.resize(old.size() - 20);
    seen.note(old);
    seen.note({fresh.begin(), fresh.begin() + 50});
    seen.note(stragglers);
    seen.note({fresh.begin() + 50, fresh.end()});
    seen.end();
    EXPECT_EQ(seen.count(Anomaly::exporter_restart), 1u) << old_number;
    EXPECT_EQ(seen.count(Anomaly::sequence_gap), 0u);
    EXPECT_EQ(seen.counters.lost_units, 0u);
    EXPECT_EQ(seen.count(Anomaly::sequence_reordered), 20u);
  }
}

// softflowd and VMware count a message's own records in.
TEST(OrderedSequence, LearnsHowTheExporterCounts) {
  for (uint32_t seed = 0; seed < 10; ++seed) {
    Seen seen;
    Exporter exporter{.inclusive = true};
    seen.sequence.note(exporter.next(3), seen.counters);
    seen.note(by_two_threads(exporter.several(10'000, 1, 3), seed));
    seen.end();
    EXPECT_EQ(seen.counters.lost_units, 0u) << seed;
    EXPECT_LT(seen.count(Anomaly::sequence_gap), 5u);
    EXPECT_EQ(seen.count(Anomaly::exporter_restart), 0u);
  }
}

TEST(OrderedSequence, AfterWhatCannotBeCountedItBeginsAnew) {
  Seen seen;
  Exporter exporter;
  seen.note(exporter.several(10, 5, 0));
  SequencedMessage unknown = exporter.next(7);
  unknown.units = 0;
  unknown.countable = false;
  seen.sequence.note(unknown, seen.counters);
  seen.note(exporter.several(10, 5, 0));
  seen.end();
  EXPECT_EQ(seen.counters.anomalies, flow::AnomalyCounts{});
  EXPECT_EQ(seen.counters.lost_units, 0u);
}

// A thread that has not seen the template yet cannot count the records; the one that has lags behind it.
TEST(OrderedSequence, AThreadWithoutTheTemplateIsAhead) {
  for (const size_t before : {0UZ, 200UZ}) {  // messages of a template that both know
    Seen seen;
    Exporter exporter;
    seen.note(exporter.several(before, 4, 0));
    std::vector<SequencedMessage> with;
    std::vector<SequencedMessage> without;
    for (int i = 0; i < 50; ++i) {
      with.push_back(exporter.next(4));
      without.push_back(exporter.next(4));
      without.back().units = 0;
      without.back().countable = false;
    }
    seen.note(without);
    seen.note(with);
    seen.note(by_two_threads(exporter.several(2000, 4, 0), 1));
    seen.end();
    EXPECT_EQ(seen.counters.anomalies, flow::AnomalyCounts{}) << before;
    EXPECT_EQ(seen.counters.lost_units, 0u) << before;
  }
}

TEST(OrderedSequence, AClockSetBackDoesNotMakeEveryMessageLate) {
  Seen seen;
  Exporter exporter{.us = 7200 * kSecond};
  seen.note(exporter.several(100, 1, 0));
  exporter.us = 3600 * kSecond;  // as well as ours
  seen.note(by_two_threads(exporter.several(1000, 1, 0), 1));
  std::vector<SequencedMessage> sent = exporter.several(1000, 1, 0);
  for (SequencedMessage& message : sent) message.export_us -= 60 * kSecond;  // only its own
  seen.note(by_two_threads(sent, 1));
  seen.end();
  EXPECT_EQ(seen.counters.anomalies, flow::AnomalyCounts{});
}

}  // namespace
}  // namespace weir::decode
