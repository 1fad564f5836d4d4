#include "host/collectors/cpu_vulnerabilities.h"

#include <gtest/gtest.h>

namespace weir::host {
namespace {

TEST(CpuVulnerabilities, States) {
  const auto text = [](std::string_view line) {
    const Vulnerability found = parse_vulnerability(line);
    return std::string(found.state) + "|" + std::string(found.mitigation);
  };
  EXPECT_EQ(text("Not affected"), "not affected|");
  EXPECT_EQ(text("Vulnerable"), "vulnerable|");
  EXPECT_EQ(text("Vulnerable: Clear CPU buffers attempted, no microcode"),
            "vulnerable|Clear CPU buffers attempted, no microcode");
  EXPECT_EQ(text("Mitigation: PTI"), "mitigation|PTI");
  EXPECT_EQ(text("KVM: Mitigation: VMX disabled"), "mitigation|VMX disabled");
  EXPECT_EQ(text("Unknown: No mitigations"), "unknown|Unknown: No mitigations");
  EXPECT_EQ(text(""), "unknown|");
}

}  // namespace
}  // namespace weir::host
