// What it costs that answers say what they rest on: reading a checksum, and remembering that it was read.
#include <benchmark/benchmark.h>

#include <chrono>
#include <fstream>

#include "store/survey.h"
#include "store/test_store.h"

namespace weir::store {
namespace {

namespace fs = std::filesystem;

const Timestamp kHour = parse_time("2026-11-22T14:00:00Z").value();

// A store with copies of one segment under many names: whole, unless somebody looks at their times.
struct ManySegments {
  TestFolder folder;
  std::vector<Segment> segments;
  explicit ManySegments(int64_t count, size_t rows) {
    Random random(1);
    const fs::path hour = folder / "flows/date=2026-11-22/hour=14";
    fs::create_directories(hour);
    const auto batch = random_batch(random, {.rows = rows, .first = kHour, .span_us = 1});
    const fs::path first = hour / "first";
    CHECK(make_parquet_writer()->write(first, std::span(&batch, 1)));
    for (int64_t i = 1; i <= count; ++i) {
      Segment s{{}, kHour, kHour, 0, static_cast<uint64_t>(i), static_cast<uint64_t>(i), fs::file_size(first)};
      s.path = hour / segment_name(s);
      fs::copy_file(first, s.path);
      segments.push_back(s);
    }
  }
};

void BM_VerifySegment(benchmark::State& state) {
  const ManySegments store(1, static_cast<size_t>(state.range(0)));
  for (auto _ : state) CHECK(verify_segment(store.segments[0]).state == SegmentState::whole);
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(store.segments[0].bytes));
}
BENCHMARK(BM_VerifySegment)->Arg(100)->Arg(131'072);

// As each command does: what was verified is read, and nothing else.
void BM_SurveyOfVerified(benchmark::State& state) {
  const ManySegments store(state.range(0), 100);
  VerifiedFiles verified(store.folder.path);
  for (const Segment& s : store.segments) verified.add(*FileIdentity::of(s));
  verified.save();
  for (auto _ : state) {
    Surveyor surveyor(store.folder.path);
    CHECK(surveyor.survey(flow::Table::flows)->segments.size() == store.segments.size());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_SurveyOfVerified)->Arg(10)->Arg(1000)->Unit(benchmark::kMicrosecond);

void BM_ListSegments(benchmark::State& state) {
  const ManySegments store(state.range(0), 100);
  for (auto _ : state) CHECK(list_segments(store.folder.path)->size() == store.segments.size());
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_ListSegments)->Arg(10)->Arg(1000)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace weir::store
