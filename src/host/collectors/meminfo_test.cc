#include "host/collectors/meminfo.h"

#include <gtest/gtest.h>

namespace weir::host {
namespace {

std::string name_of(std::string_view line) {
  const auto field = parse_meminfo_line(line);
  if (!field) return "none";
  std::string name;
  append_meminfo_name(name, *field);
  return name + " " + std::to_string(field->value);
}

TEST(Meminfo, Lines) {
  EXPECT_EQ(name_of("MemTotal:        8025656 kB"), "MemTotal_bytes 8218271744");
  EXPECT_EQ(name_of("Active(anon):     10 kB"), "Active_anon_bytes 10240");
  EXPECT_EQ(name_of("HugePages_Total:       7"), "HugePages_Total 7");
  EXPECT_EQ(name_of("Odd \"name\":  0 kB"), "Odd__name__bytes 0");
  for (const char* damaged : {"", ":", "MemTotal", "MemTotal:", "MemTotal: kB", "MemTotal: 5 MB", "MemTotal: -5 kB",
                              ": 5 kB", "MemTotal: 99999999999999999999 kB"})
    EXPECT_EQ(name_of(damaged), "none") << damaged;
}

}  // namespace
}  // namespace weir::host
