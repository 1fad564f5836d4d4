#include "host/collectors/infiniband.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "host/collectors/fibrechannel.h"
#include "host/collectors/options.h"
#include "host/collectors/test_lines.h"

namespace weir::host {
namespace {

TEST(Infiniband, Texts) {
  EXPECT_EQ(parse_infiniband_rate("40 Gb/sec (4X QDR)"), 5'000'000'000U);
  EXPECT_EQ(parse_infiniband_rate("2.5 Gb/sec (1X SDR)"), 312'500'000U);
  EXPECT_EQ(parse_infiniband_state("4: ACTIVE"), 4U);
  for (const char* damaged :
       {"", "40", "x Gb/sec", "40 Mb/sec", "-1 Gb/sec", "nan Gb/sec", "inf Gb/sec", "1e300 Gb/sec"})
    EXPECT_FALSE(parse_infiniband_rate(damaged)) << damaged;
  for (const char* damaged : {"", "4", "x: ACTIVE", ": ACTIVE"})
    EXPECT_FALSE(parse_infiniband_state(damaged)) << damaged;
}

TEST(Fibrechannel, Counters) {
  EXPECT_EQ(parse_fibrechannel_counter("0x1f"), 31U);
  for (const char* damaged : {"", "31", "0x", "0xg", "0xffffffffffffffff", "0x10000000000000000"})
    EXPECT_FALSE(parse_fibrechannel_counter(damaged)) << damaged;
}

class ClassTest : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove_all(root_); }
  void file(const std::string& name, const std::string& text) {
    const std::filesystem::path path = root_ + "/class/" + name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text << "\n";
  }
  std::string root_ = testing::TempDir() + "weir_class_" + std::to_string(::getpid());
};

TEST_F(ClassTest, InfinibandPorts) {
  file("infiniband/mlx4_0/board_id", "SM_\"1\"");
  file("infiniband/mlx4_0/fw_ver", "2.31");
  file("infiniband/mlx4_0/ports/1/state", "4: ACTIVE");
  file("infiniband/mlx4_0/ports/1/rate", "40 Gb/sec (4X QDR)");
  file("infiniband/mlx4_0/ports/1/counters/port_rcv_data", "107");
  file("infiniband/mlx4_0/ports/1/counters/port_xmit_data", "N/A (no PMA)");
  Options options;
  options.sysfs = root_;
  telemetry::Exposition out;
  ASSERT_TRUE(make_infiniband(options).value()->collect(out));
  EXPECT_TRUE(has_line(
      out.text(), R"(node_infiniband_info{device="mlx4_0",board_id="SM_\"1\"",firmware_version="2.31",hca_type=""} 1)"))
      << out.text();
  EXPECT_TRUE(has_line(out.text(), R"(node_infiniband_rate_bytes_per_second{device="mlx4_0",port="1"} 5000000000)"));
  EXPECT_TRUE(has_line(out.text(), R"(node_infiniband_port_data_received_bytes_total{device="mlx4_0",port="1"} 428)"));
  EXPECT_EQ(out.text().find("transmitted"), std::string_view::npos);

  out.clear();
  const auto none = make_fibrechannel(options).value()->collect(out);
  EXPECT_TRUE(!none && is_no_data(none.error()));
}

TEST_F(ClassTest, FibrechannelHosts) {
  file("fc_host/host0/port_name", "0x1000e0071bce95f2");
  file("fc_host/host0/port_state", "Online");
  file("fc_host/host0/statistics/rx_frames", "0x10");
  file("fc_host/host0/statistics/tx_frames", "0xffffffffffffffff");
  Options options;
  options.sysfs = root_;
  telemetry::Exposition out;
  ASSERT_TRUE(make_fibrechannel(options).value()->collect(out));
  EXPECT_TRUE(has_line(out.text(), R"(node_fibrechannel_rx_frames_total{fc_host="host0"} 16)")) << out.text();
  EXPECT_NE(out.text().find(R"(port_name="1000e0071bce95f2",port_state="Online")"), std::string_view::npos);
  EXPECT_EQ(out.text().find("tx_frames"), std::string_view::npos);
}

}  // namespace
}  // namespace weir::host
