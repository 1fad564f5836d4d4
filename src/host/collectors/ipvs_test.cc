#include "host/collectors/ipvs.h"

#include <gtest/gtest.h>

#include "host/collectors/options.h"

namespace weir::host {
namespace {

TEST(Ipvs, Stats) {
  const auto numbers = parse_ipvs_stats(
      "   Total Incoming Outgoing         Incoming         Outgoing\n"
      "   Conns  Packets  Packets            Bytes            Bytes\n"
      " 16AA370 E33656E5        0     51D8C8883AB3        1\n");
  ASSERT_TRUE(numbers);
  EXPECT_EQ(*numbers, (std::array<uint64_t, 5>{23765872, 3811989221, 0, 89991519156915, 1}));
  EXPECT_FALSE(parse_ipvs_stats(""));
  EXPECT_FALSE(parse_ipvs_stats("a\nb\n1 2 3 4\n"));
  EXPECT_FALSE(parse_ipvs_stats("a\nb\n1 2 3 4 x\n"));
}

TEST(Ipvs, Backends) {
  const auto backends = parse_ipvs(
      "IP Virtual Server version 1.2.1 (size=4096)\n"
      "Prot LocalAddress:Port Scheduler Flags\n"
      "  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n"
      "TCP  C0A80016:0CEA wlc\n"
      "  -> C0A85216:0CEA      Tunnel  100    248        2\n"
      "  -> C0A8521X:0CEA      Tunnel  100    248        2\n"
      "UDP  [2620:0000:0000:0000:0000:0000:0000:0001]:0050 sh\n"
      "  -> [2620:0000:0000:0000:0000:0000:0000:0002]:0050      Route   1      0          3\n"
      "FWM  10001000 wlc\n"
      "  -> C0A8320D:0CEA      Route   0      0          1498\n"
      "XXX  C0A80016:0CEA wlc\n"
      "  -> C0A85216:0CEA      Tunnel  100    248        2\n");
  ASSERT_EQ(backends.size(), 3U);
  EXPECT_EQ(backends[0].local_address, "192.168.0.22");
  EXPECT_EQ(backends[0].local_port, "3306");
  EXPECT_EQ(backends[0].remote_address, "192.168.82.22");
  EXPECT_EQ(backends[0].active, 248U);
  EXPECT_EQ(backends[1].local_address, "2620::1");
  EXPECT_EQ(backends[1].remote_port, "80");
  EXPECT_EQ(backends[2].local_mark, "10001000");
  EXPECT_EQ(backends[2].local_address, "");
  EXPECT_EQ(backends[2].inactive, 1498U);
}

TEST(Ipvs, LabelsOfTheUser) {
  Options options;
  options.ipvs_backend_labels = "proto,local_port";
  EXPECT_TRUE(make_ipvs(options));
  options.ipvs_backend_labels = "proto,colour";
  const auto bad = make_ipvs(options);
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().message.find("colour"), std::string::npos);
}

}  // namespace
}  // namespace weir::host
