#include "host/collectors/diskstats.h"

#include <gtest/gtest.h>

namespace weir::host {
namespace {

TEST(Diskstats, Lines) {
  const auto old = parse_diskstats_line(
      "   8       0 sda 25354637 34367663 1003346126 18492372 28444756 11134226 505697032 63877960 0 9653880 82621804");
  ASSERT_TRUE(old);
  EXPECT_EQ(old->major, 8U);
  EXPECT_EQ(old->device, "sda");
  EXPECT_EQ(old->count, 11U);
  EXPECT_EQ(old->values[10], 82621804U);
  const auto recent = parse_diskstats_line(" 259 0 nvme0n1 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19");
  ASSERT_TRUE(recent);
  EXPECT_EQ(recent->count, kDiskFields);
  EXPECT_EQ(recent->values[16], 17U);
  for (const char* damaged :
       {"", "8", "8 0", "8 0 sda", "8 0 sda 1 2 3 4 5 6 7 8 9 10", "8 0 sda 1 2 3 4 5 6 7 8 9 10 x",
        "x 0 sda 1 2 3 4 5 6 7 8 9 10 11", "8 0 sda 1 2 3 -4 5 6 7 8 9 10 11"})
    EXPECT_FALSE(parse_diskstats_line(damaged)) << damaged;
}

TEST(Diskstats, Udev) {
  const auto udev = parse_udev_data(
      "S:disk/by-id/x\nE:ID_MODEL=A \"disk\"=\nE:ID_SERIAL_SHORT=S1\nE:ID_SERIAL=long\nE:ID_ATA=1\n"
      "E:ID_ATA_ROTATION_RATE_RPM=7200\nE:ID_ATA_WRITE_CACHE=x\nE:NOTHING\nE:=\nID_WWN=no\n");
  EXPECT_EQ(udev.model, "A \"disk\"=");
  EXPECT_EQ(udev.serial, "S1");
  EXPECT_EQ(udev.wwn, "");
  EXPECT_TRUE(udev.ata);
  EXPECT_EQ(udev.ata_rotation_rate, 7200.0);
  EXPECT_FALSE(udev.ata_write_cache);
  EXPECT_EQ(parse_udev_data("E:SCSI_IDENT_SERIAL=P\nE:ID_SERIAL_SHORT=S\n").serial, "P");
  EXPECT_EQ(parse_udev_data("E:ID_SERIAL=long").serial, "long");
}

}  // namespace
}  // namespace weir::host
