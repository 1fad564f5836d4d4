#include "host/collectors/netstat.h"

#include <gtest/gtest.h>

namespace weir::host {
namespace {

TEST(Netstat, WantedColumns) {
  const auto fields = Selector::only("^(Tcp_(B|D))$", "--f").value();
  NetstatTable table;
  telemetry::Exposition out;
  EXPECT_TRUE(table.write(out, "Tcp: A B C D", "Tcp: 1 -1 3 18446744073709551615", fields));
  EXPECT_EQ(out.text(),
            "# HELP node_netstat_Tcp_B Statistic TcpB.\n# TYPE node_netstat_Tcp_B untyped\nnode_netstat_Tcp_B -1\n"
            "# HELP node_netstat_Tcp_D Statistic TcpD.\n# TYPE node_netstat_Tcp_D untyped\n"
            "node_netstat_Tcp_D 18446744073709551615\n");
  out.clear();
  EXPECT_TRUE(table.write(out, "Tcp: B", "Tcp: 5", fields));
  EXPECT_TRUE(out.text().ends_with("\nnode_netstat_Tcp_B 5\n"));
}

TEST(Netstat, DamagedTables) {
  const auto fields = Selector::only("", "--f").value();
  for (const auto& [names, values] :
       std::initializer_list<std::pair<const char*, const char*>>{{"", ""},
                                                                  {"Tcp", "Tcp"},
                                                                  {"Tcp:", "Tcp:"},
                                                                  {"Tcp: A B", "Tcp: 1"},
                                                                  {"Tcp: A", "Tcp: 1 2"},
                                                                  {"Tcp: A", ""},
                                                                  {"Tcp: A", "Udp: 1"},
                                                                  {":", ":"},
                                                                  {"T\"p: A", "T\"p: 1"}}) {
    NetstatTable table;
    telemetry::Exposition out;
    EXPECT_FALSE(table.write(out, names, values, fields)) << names << " / " << values;
    EXPECT_FALSE(table.write(out, names, values, fields)) << names << " / " << values;
  }
  NetstatTable table;
  telemetry::Exposition out;
  EXPECT_TRUE(table.write(out, "Tcp: A \"B\" C", "Tcp: x 2 ", fields) == false);
  EXPECT_TRUE(table.write(out, "Tcp: A\"B\" C", "Tcp: 1 x", fields));
  EXPECT_EQ(out.text(), "");
}

}  // namespace
}  // namespace weir::host
