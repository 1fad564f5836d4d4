#include "host/collectors/mountstats.h"

#include <gtest/gtest.h>

namespace weir::host {
namespace {

constexpr const char* kText =
    "device rootfs mounted on / with fstype rootfs\n"
    "device server:/a\\040b mounted on /mnt/x with fstype nfs4 statvers=1.1\n"
    "\topts:\trw,vers=4.0\n"
    "\tage:\t13968\n"
    "\tcaps:\tcaps=0xfff7,wtmult=512\n"
    "\tevents:\t52 226 0 0 1 13 398 0 0 331 0 47 0 0 77 0 0 77 0 0 0 0 0 0 0 0 9\n"
    "\tbytes:\t1207640230 0 0 0 1210214218 0 295483 7\n"
    "\tRPC iostats version: 1.0  p/v: 100003/4 (nfs)\n"
    "\txprt:\ttcp 832 1 2 3 11 6428 6429 4 12154 5 24 26 5726\n"
    "\txprt:\tudp 832 1 5 6 7 8 9 10 11 12\n"
    "\tper-op statistics\n"
    "\t        NULL: 0 0 0 0 0 0 0 0\n"
    "\t        READ: 1298 1299 0 207680 1210292152 6 79386 79407 3\n"
    "\n"
    "device tmpfs mounted on /run with fstype tmpfs\n"
    "\t        WRITE: 1 1 1 1 1 1 1 1\n";

TEST(Mountstats, Text) {
  const auto mounts = parse_mountstats(kText);
  ASSERT_EQ(mounts.size(), 1U);
  const NfsMount& mount = mounts[0];
  EXPECT_EQ(mount.device, "server:/a b");
  EXPECT_EQ(mount.point, "/mnt/x");
  EXPECT_EQ(mount.age_seconds, 13968U);
  EXPECT_EQ(mount.bytes[7], 7U);
  EXPECT_EQ(mount.events[26], 9U);
  ASSERT_EQ(mount.transports.size(), 2U);
  EXPECT_EQ(mount.transports[0].protocol, "tcp");
  EXPECT_EQ(mount.transports[0].bind, 1U);
  EXPECT_EQ(mount.transports[0].connect, 2U);
  EXPECT_EQ(mount.transports[0].idle_seconds, 11U);
  EXPECT_EQ(mount.transports[0].receives, 6429U);
  EXPECT_EQ(mount.transports[0].backlog, 5U);
  EXPECT_EQ(mount.transports[0].pending_queue, 5726U);
  EXPECT_EQ(mount.transports[1].connect, 0U);
  EXPECT_EQ(mount.transports[1].sends, 5U);
  EXPECT_EQ(mount.transports[1].backlog, 9U);
  EXPECT_EQ(mount.transports[1].maximum_slots, 10U);
  EXPECT_EQ(mount.transports[1].pending_queue, 12U);
  ASSERT_EQ(mount.operations.size(), 2U);
  EXPECT_EQ(mount.operations[1].name, "READ");
  EXPECT_EQ(mount.operations[1].numbers[8], 3U);
}

TEST(Mountstats, Damaged) {
  const std::string_view whole = kText;
  for (size_t length = 0; length < whole.size(); ++length) {
    const std::string cut(whole.substr(0, length));
    EXPECT_LE(parse_mountstats(cut).size(), 1U);
  }
  EXPECT_TRUE(parse_mountstats("device a on /b with fstype nfs\n").empty());
  const auto odd =
      parse_mountstats("device a mounted on /b with fstype nfs\nxprt: tcp 1 2\nxprt:\nage: x\nREAD: 1 2\n");
  ASSERT_EQ(odd.size(), 1U);
  EXPECT_TRUE(odd[0].transports.empty());
  EXPECT_TRUE(odd[0].operations.empty());
  std::string many = "device a mounted on /b with fstype nfs\n";
  for (int i = 0; i < 2000; ++i) many += "OP: 1 2 3 4 5 6 7 8\n";
  EXPECT_LT(parse_mountstats(many)[0].operations.size(), 1000U);
}

}  // namespace
}  // namespace weir::host
