#include "host/collectors/cpu.h"

#include <gtest/gtest.h>

#include "host/collectors/options.h"

namespace weir::host {
namespace {

TEST(Cpu, Info) {
  const auto cpus = parse_cpuinfo(
      "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 142\nmodel name\t: A \"CPU\" : fast\n"
      "stepping\t: 10\nmicrocode\t: 0xb4\ncache size\t: 8192 KB\nphysical id\t: 0\ncore id\t\t: 1\n"
      "flags\t\t: fpu vme  aes\nbugs\t\t: meltdown\n\nprocessor\t: 1\nflags\t: fpu\n\n");
  ASSERT_EQ(cpus.size(), 2U);
  EXPECT_EQ(cpus[0].model_name, "A \"CPU\" : fast");
  EXPECT_EQ(cpus[0].core, "1");
  EXPECT_EQ(cpus[0].flags, (std::vector<std::string>{"fpu", "vme", "aes"}));
  EXPECT_EQ(cpus[0].bugs, (std::vector<std::string>{"meltdown"}));
  EXPECT_EQ(cpus[1].cpu, "1");
  EXPECT_EQ(cpus[1].vendor, "");
  EXPECT_TRUE(parse_cpuinfo("").empty());
  EXPECT_TRUE(parse_cpuinfo("model : 1\nnonsense\n:\n").empty());
}

TEST(Cpu, BadExpressionEndsTheStart) {
  Options options;
  options.cpu_info_flags = "(open";
  const auto made = make_cpu(options);
  ASSERT_FALSE(made);
  EXPECT_TRUE(made.error().message.starts_with("--collector.cpu.info.flags-include"));
}

}  // namespace
}  // namespace weir::host
