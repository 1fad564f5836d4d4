#include "host/collectors/nfs.h"

#include <gtest/gtest.h>

#include "host/collectors/rpc_text.h"
#include "host/collectors/test_lines.h"

namespace weir::host {
namespace {

TEST(Nfs, Lines) {
  const auto line = find_rpc_line("rc 1\nnet 1 2 x 4\nproc2 2 5 6\nproc3 3 1 2\n", "net");
  ASSERT_TRUE(line);
  EXPECT_EQ(line->size(), 2U) << "up to what is no number";
  EXPECT_EQ(line->at(1), 2U);
  EXPECT_EQ(line->at(3), 0U);
  EXPECT_TRUE(find_rpc_line("proc2 2 5 6\n", "proc2", true));
  EXPECT_FALSE(find_rpc_line("proc3 3 1 2\n", "proc3", true)) << "one is missing";
  EXPECT_FALSE(find_rpc_line("proc3\n", "proc3", true));
  EXPECT_FALSE(find_rpc_line("", "net"));
  std::string long_line = "net";
  for (int i = 0; i < 1000; ++i) long_line += " 7";
  EXPECT_EQ(find_rpc_line(long_line, "net")->size(), RpcLine::kMaxNumbers);
}

TEST(Nfs, Client) {
  telemetry::Exposition out;
  ASSERT_TRUE(
      write_nfs("net 70 69 45 18446744073709551615\nrpc 1218785755 374636 1218815394\n"
                "proc2 18 2 69 0 0 4410 0 0 0 0 0 0 0 0 0 0 0 99 2\n"
                "proc4 5 98 51 54 83 85\n",
                out));
  const std::string text(out.text());
  for (const char* line :
       {"node_nfs_packets_total{protocol=\"udp\"} 69", "node_nfs_connections_total 18446744073709551615",
        "node_nfs_rpcs_total 1218785755", "node_nfs_rpc_retransmissions_total 374636",
        "node_nfs_requests_total{proto=\"2\",method=\"Null\"} 2",
        "node_nfs_requests_total{proto=\"2\",method=\"FsStat\"} 2",
        "node_nfs_requests_total{proto=\"3\",method=\"Commit\"} 0",
        "node_nfs_requests_total{proto=\"4\",method=\"Open\"} 85",
        "node_nfs_requests_total{proto=\"4\",method=\"Clone\"} 0"})
    EXPECT_TRUE(has_line(text, line)) << line << text;
}

TEST(Nfs, Server) {
  telemetry::Exposition out;
  std::string operations = "proc4ops 40";
  for (int i = 0; i < 40; ++i) operations.append(" ").append(std::to_string(i));
  ASSERT_TRUE(
      write_nfsd("rc 0 6 18622\nfh 1 0 0 0 0\nio 157286400 5\nth 8 0 0.000 0.000\n"
                 "ra 32 0 0 0 0 0 0 0 0 0 0 9\nnet 18628 0 18628 6\nrpc 18628 0 1 2 3\n"
                 "proc3 22 2 112 0 2719 111 0 0 0 0 0 0 0 0 0 0 0 27 216 0 2 1 0\n" +
                     operations + "\nwdeleg_getattr 4\n",
                 out));
  const std::string text(out.text());
  for (const char* line : {"node_nfsd_reply_cache_nocache_total 18622", "node_nfsd_file_handles_stale_total 1",
                           "node_nfsd_disk_bytes_read_total 157286400", "node_nfsd_server_threads 8",
                           "node_nfsd_read_ahead_cache_size_blocks 32", "node_nfsd_read_ahead_cache_not_found_total 9",
                           "node_nfsd_packets_total{proto=\"tcp\"} 18628", "node_nfsd_connections_total 6",
                           "node_nfsd_rpc_errors_total{error=\"cInt\"} 3", "node_nfsd_server_rpcs_total 18628",
                           "node_nfsd_requests_total{proto=\"3\",method=\"GetAttr\"} 112",
                           "node_nfsd_requests_total{proto=\"4\",method=\"Access\"} 3",
                           "node_nfsd_requests_total{proto=\"4\",method=\"RelLockOwner\"} 39",
                           "node_nfsd_requests_total{proto=\"4\",method=\"WdelegGetattr\"} 4"})
    EXPECT_TRUE(has_line(text, line)) << line << text;
  EXPECT_EQ(text.find("method=\"\""), std::string::npos);
  EXPECT_EQ(text.find("Null"), std::string::npos);
}

TEST(Nfs, Damaged) {
  telemetry::Exposition out;
  for (const char* damaged : {"", "net 1 2 3 4\n", "rpc 1 2 3 4 5\n", "net 1 2 3\nrpc 1 2 3 4 5\n", "\xFF\n"}) {
    EXPECT_FALSE(write_nfs(damaged, out)) << damaged;
    EXPECT_FALSE(write_nfsd(damaged, out)) << damaged;
  }
  EXPECT_EQ(out.text(), "");
}

}  // namespace
}  // namespace weir::host
