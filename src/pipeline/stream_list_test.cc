#include "pipeline/stream_list.h"

#include <gtest/gtest.h>

namespace weir::pipeline {
namespace {

constexpr int64_t kHeard = 1'700'000'000'000'000;

decode::StreamReport report(uint32_t exporter, uint32_t domain, uint16_t port) {
  decode::StreamReport report;
  report.session = {.exporter = IpAddress::from_v4(exporter), .domain = domain, .type = flow::FlowType::netflow_v9};
  report.port = decode::ExporterPort{port};
  report.first_heard = timestamp_from_us(kHeard - 5'000'000);
  report.last_heard = timestamp_from_us(kHeard);
  return report;
}

TEST(StreamList, OfAllThreadsInOrder) {
  StreamBoard board;
  EXPECT_EQ(board.version(), 0u);
  decode::StreamReport known = report(0xc0000202, 6, 2055);
  known.boot = static_cast<uint32_t>(kHeard / 1000 - 90'000);
  known.boots = 2;
  known.messages = UINT64_MAX;
  known.lost = UINT64_MAX - 1;
  known.templates = 3;
  known.shared = true;
  decode::StreamReport in_part = report(0xc0000202, 5, 2056);
  in_part.doubt = decode::LossDoubt::holes;
  in_part.lost = 7;
  in_part.replaced = true;
  decode::StreamReport unknown = report(0xc0000201, 9, 1);
  unknown.doubt = decode::LossDoubt::erratic;
  unknown.lost = 8;
  unknown.sure = false;
  unknown.session.type = flow::FlowType::sflow_v5;
  unknown.agent = *IpAddress::parse("2001:db8::1");
  unknown.session.connection = 4;
  board.publish(1, {.streams = {known, in_part}, .left_out = 1});
  board.publish(0, {.streams = {unknown}, .left_out = 2});
  EXPECT_EQ(board.version(), 2u);
  const StreamList list = board.list();
  EXPECT_EQ(list.left_out, 3u);
  ASSERT_EQ(list.streams.size(), 3u);
  EXPECT_EQ(list.streams[0].exporter.to_string(), "192.0.2.1");
  EXPECT_EQ(list.streams[0].protocol, "sFlow v5");
  EXPECT_EQ(list.streams[0].lost, std::nullopt);
  EXPECT_EQ(list.streams[0].loss_known, "none");
  EXPECT_EQ(list.streams[0].doubt, "erratic");
  EXPECT_EQ(list.streams[1].domain, 5u);
  EXPECT_EQ(list.streams[1].lost, 7u);
  EXPECT_EQ(list.streams[1].loss_known, "part");
  EXPECT_EQ(list.streams[1].booted, std::nullopt);
  EXPECT_EQ(list.streams[2].booted, timestamp_from_us(kHeard - 90'000'000));
  EXPECT_EQ(list.streams[2].loss_known, "all");
  const auto read = streams_from_json(streams_to_json(list));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->streams, list.streams);
  EXPECT_EQ(read->left_out, 3u);

  board.publish(1, {});
  EXPECT_EQ(board.list().streams.size(), 1u) << "what a thread left before is replaced";
}

TEST(StreamList, IsBounded) {
  StreamBoard board;
  decode::StreamReports many{.streams = {}, .left_out = 10};
  for (uint32_t i = 0; i < 15'000; ++i) many.streams.push_back(report(i, 0, 1));
  board.publish(0, many);
  board.publish(1, many);
  const StreamList list = board.list();
  EXPECT_EQ(list.streams.size(), kMaxStreams);
  EXPECT_EQ(list.left_out, 10'020u);
}

TEST(StreamList, DamagedFilesAreErrors) {
  for (const char* text : {"", "[]", "{}", R"({"version":2,"streams":[]})", R"({"version":1,"streams":[{}]})",
                           R"({"version":1,"streams":[7]})", R"({"version":1})"}) {
    EXPECT_FALSE(streams_from_json(text)) << text;
  }
  EXPECT_TRUE(streams_from_json(R"({"version":1,"streams":[{"exporter":"192.0.2.1","new":1}]})"));
}

}  // namespace
}  // namespace weir::pipeline
