#include "pipeline/details.h"

#include <gtest/gtest.h>

#include "decode/session/state.h"

namespace weir::pipeline {
namespace {

decode::SessionKey session(uint32_t domain) {
  return {.exporter = IpAddress::from_v4(0xc0000201), .domain = domain, .type = flow::FlowType::ipfix};
}

decode::AnnouncedOptionsPtr told(decode::AnnouncedOptions options) {
  return std::make_shared<const decode::AnnouncedOptions>(std::move(options));
}

TEST(Details, OneLineForEachThing) {
  DetailsBoard board;
  EXPECT_EQ(board.version(), 0u);
  decode::AnnouncedOptions options;
  options.domain_rate = 10;
  options.rates = {{decode::RateScope::selector, 3, 100}, {decode::RateScope::interface, 7, 1000}};
  options.names = {{decode::NameKind::interface_name, 7, "Gi\"7"},
                   {decode::NameKind::interface_description, 7, "to Basel"},
                   {decode::NameKind::application, uint64_t{13} << 56 | 452, "skype"}};
  board.publish(1, {{session(6), told(options)}});
  decode::AnnouncedOptions other;
  other.names = {{decode::NameKind::vrf, 2, "blue"}};
  board.publish(0, {{session(5), told(other)}});
  EXPECT_EQ(board.version(), 2u);
  const DetailsReport report = board.report();
  std::vector<std::string> lines;
  for (const ExporterDetail& d : report.details) {
    lines.push_back(std::to_string(d.domain) + " " + d.kind + " " + d.id + "|" + d.name + "|" + d.description + "|" +
                    std::to_string(d.sampling_rate));
  }
  EXPECT_EQ(lines, (std::vector<std::string>{"5 vrf 2|blue||0", "6 domain |||10", "6 interface 7|Gi\"7|to Basel|1000",
                                             "6 sampler 3|||100", "6 application 13:452|skype||0"}));
  const auto read = details_from_json(details_to_json(report));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->details, report.details);
}

TEST(Details, AreBounded) {
  DetailsBoard board;
  decode::AnnouncedOptionsList all;
  decode::AnnouncedOptions options;
  for (uint32_t i = 1; i <= 30'000; ++i) options.names.push_back({decode::NameKind::interface_name, i, "x"});
  for (uint32_t domain = 0; domain < 5; ++domain) all.emplace_back(session(domain), told(options));
  board.publish(0, all);
  const DetailsReport report = board.report();
  EXPECT_EQ(report.details.size(), kMaxDetails);
  EXPECT_EQ(report.left_out, 50'000u);
}

TEST(Details, DamagedFilesAreErrors) {
  for (const char* text : {"", "[]", "{}", R"({"version":2,"details":[]})", R"({"version":1,"details":[{}]})",
                           R"({"version":1,"details":[7]})", R"({"version":1})"}) {
    EXPECT_FALSE(details_from_json(text)) << text;
  }
  EXPECT_TRUE(details_from_json(R"({"version":1,"details":[{"exporter":"192.0.2.1","new":1}]})"));
}

}  // namespace
}  // namespace weir::pipeline
