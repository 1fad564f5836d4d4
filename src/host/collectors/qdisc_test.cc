#include "host/collectors/qdisc.h"

#include <gtest/gtest.h>
#include <linux/gen_stats.h>
#include <linux/rtnetlink.h>

#include "host/kernel/test_netlink.h"

namespace weir::host {
namespace {

TEST(Qdisc, OneMessage) {
  tcmsg header{};
  header.tcm_ifindex = 4;
  header.tcm_parent = 0xFFFFFFFF;
  const gnet_stats_basic basic{.bytes = uint64_t{1} << 40, .packets = 5};
  const gnet_stats_queue queue{.qlen = 1, .backlog = 2, .drops = 3, .requeues = 4, .overlimits = 6};
  const auto message = [&](bool wide) {
    test::Bytes statistics = test::Bytes().attribute(TCA_STATS_BASIC, basic).attribute(TCA_STATS_QUEUE, queue);
    if (wide) statistics.attribute(TCA_STATS_PKT64, (uint64_t{1} << 33));
    return test::Bytes().put(header).text(TCA_KIND, "fq_codel").nest(TCA_STATS2, statistics);
  };
  Qdisc qdisc;
  ASSERT_TRUE(parse_qdisc(message(false).view(), qdisc));
  EXPECT_EQ(qdisc.link_index, 4U);
  EXPECT_EQ(qdisc.parent, 0xFFFFFFFFU);
  EXPECT_EQ(qdisc.kind, "fq_codel");
  EXPECT_EQ(qdisc.bytes, uint64_t{1} << 40);
  EXPECT_EQ(qdisc.packets, 5U);
  EXPECT_EQ(qdisc.queue_length, 1U);
  EXPECT_EQ(qdisc.backlog_bytes, 2U);
  EXPECT_EQ(qdisc.drops, 3U);
  EXPECT_EQ(qdisc.requeues, 4U);
  EXPECT_EQ(qdisc.overlimits, 6U);
  ASSERT_TRUE(parse_qdisc(message(true).view(), qdisc));
  EXPECT_EQ(qdisc.packets, uint64_t{1} << 33);
  test::damage(message(true).view(), [&](ByteView damaged) { parse_qdisc(damaged, qdisc); });
  EXPECT_FALSE(parse_qdisc(test::Bytes().put(header).view(), qdisc));
}

}  // namespace
}  // namespace weir::host
