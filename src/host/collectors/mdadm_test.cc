#include "host/collectors/mdadm.h"

#include <gtest/gtest.h>

namespace weir::host {
namespace {

std::string parse(std::string_view text) {
  std::vector<MdArray> arrays;
  bool damaged = false;
  parse_mdstat(text, arrays, damaged);
  std::string out;
  for (const MdArray& a : arrays)
    out += fmt::format("{} {} {}/{} f{} s{} {}/{};", a.name, a.state, a.active, a.required, a.failed, a.spare, a.synced,
                       a.blocks);
  return out + (damaged ? "damaged" : "");
}

TEST(Mdadm, Arrays) {
  EXPECT_EQ(parse("Personalities : [raid1] [raid6]\n"
                  "md3 : active raid6 sda1[8] sdh1[7](F) sdd1[5](S)\n"
                  "      5853468288 blocks super 1.2 level 6, 64k chunk, algorithm 2 [8/7] [UUUUUUU_]\n"
                  "      bitmap: 3/3 pages [12KB], 65536KB chunk\n\n"
                  "md127 : active (auto-read-only) raid1 sdi2[0] sdj2[1]\n      312319552 blocks [2/2] [UU]\n\n"
                  "md0 : active raid0 sdc1[1] sdb1[0]\n      524272 blocks super 1.2 512k chunks\n\n"
                  "md7 : inactive sdb2[0](S)\n      1048576 blocks super 1.2\n\n"
                  "unused devices: <none>\n"),
            "md3 active 7/8 f1 s1 5853468288/5853468288;md127 active 2/2 f0 s0 312319552/312319552;"
            "md0 active 2/2 f0 s0 524272/524272;md7 inactive 0/0 f0 s1 1048576/1048576;");
}

TEST(Mdadm, Progress) {
  EXPECT_EQ(parse("md8 : active raid1 sdb1[1] sda1[0]\n      195310144 blocks [2/1] [U_]\n"
                  "      [=>...........]  recovery =  8.5% (16775552/195310144) finish=17.0min speed=259783K/sec\n\n"
                  "md9 : active raid1 sdb1[1] sda1[0]\n      50 blocks [2/2] [UU]\n      bitmap: 0/1 pages\n"
                  "        resync=DELAYED\n\n"
                  "md10 : active raid1 sdb1[1] sda1[0]\n      50 blocks [2/2] [UU]\n"
                  "      [>..]  check = 1% (5/50) finish=1min\n"),
            "md8 recovering 1/2 f0 s0 16775552/195310144;md9 resync 2/2 f0 s0 0/50;md10 check 2/2 f0 s0 5/50;");
}

TEST(Mdadm, Damaged) {
  for (const char* text : {"md0", "md0 :", "md0 : active raid1 a[0]\n", "md0 : active raid1 a[0]\n   x blocks [2/2]\n",
                           "md0 : active raid1 a[0]\n   5 blocks [22]\n", "md0 - active raid0 a[0]\n  5 blocks\n"})
    EXPECT_EQ(parse(text), "damaged") << text;
  EXPECT_EQ(parse(""), "");
  EXPECT_EQ(parse("md0 : active raid1 a[0]\nmd1 : active raid1 b[0]\n 5 blocks [1/1] [U]\n"), "damaged");
}

}  // namespace
}  // namespace weir::host
