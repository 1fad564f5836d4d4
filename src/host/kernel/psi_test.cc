#include "host/kernel/psi.h"

#include <gtest/gtest.h>

namespace weir::host {
namespace {

TEST(Psi, Text) {
  const Psi both =
      parse_psi("some avg10=0.10 avg60=2.00 avg300=3.85 total=15\nfull avg10=0.20 avg60=3.00 avg300=4.95 total=25\n");
  EXPECT_EQ(both.some_us, 15U);
  EXPECT_EQ(both.full_us, 25U);
  EXPECT_FALSE(parse_psi("full avg10=0.00 avg60=0.00 avg300=0.00 total=5\n").some_us);
  for (const char* damaged :
       {"", "\n", "some", "some total=", "some total=x\n", "some avg10=0.0\n", "none total=5\n"}) {
    EXPECT_FALSE(parse_psi(damaged).some_us) << damaged;
    EXPECT_FALSE(parse_psi(damaged).full_us) << damaged;
  }
}

}  // namespace
}  // namespace weir::host
