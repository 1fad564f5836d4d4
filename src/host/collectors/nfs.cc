#include "host/collectors/nfs.h"

#include "base/kept_file.h"
#include "base/text.h"
#include "host/collectors/options.h"
#include "host/collectors/rpc_text.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;
using telemetry::Exposition;

// Procedures in the kernel's order, under node_exporter's names.
constexpr auto kVersion2 = std::to_array<std::string_view>({"Null", "GetAttr", "SetAttr", "Root", "Lookup", "ReadLink",
                                                            "Read", "WrCache", "Write", "Create", "Remove", "Rename",
                                                            "Link", "SymLink", "MkDir", "RmDir", "ReadDir", "FsStat"});
constexpr auto kVersion3 = std::to_array<std::string_view>(
    {"Null",    "GetAttr",     "SetAttr", "Lookup", "Access",   "ReadLink", "Read",   "Write",
     "Create",  "MkDir",       "SymLink", "MkNod",  "Remove",   "RmDir",    "Rename", "Link",
     "ReadDir", "ReadDirPlus", "FsStat",  "FsInfo", "PathConf", "Commit"});
constexpr auto kClientVersion4 = std::to_array<std::string_view>({"Null",
                                                                  "Read",
                                                                  "Write",
                                                                  "Commit",
                                                                  "Open",
                                                                  "OpenConfirm",
                                                                  "OpenNoattr",
                                                                  "OpenDowngrade",
                                                                  "Close",
                                                                  "Setattr",
                                                                  "FsInfo",
                                                                  "Renew",
                                                                  "SetClientID",
                                                                  "SetClientIDConfirm",
                                                                  "Lock",
                                                                  "Lockt",
                                                                  "Locku",
                                                                  "Access",
                                                                  "Getattr",
                                                                  "Lookup",
                                                                  "LookupRoot",
                                                                  "Remove",
                                                                  "Rename",
                                                                  "Link",
                                                                  "Symlink",
                                                                  "Create",
                                                                  "Pathconf",
                                                                  "StatFs",
                                                                  "ReadLink",
                                                                  "ReadDir",
                                                                  "ServerCaps",
                                                                  "DelegReturn",
                                                                  "GetACL",
                                                                  "SetACL",
                                                                  "FsLocations",
                                                                  "ReleaseLockowner",
                                                                  "Secinfo",
                                                                  "FsidPresent",
                                                                  "ExchangeID",
                                                                  "CreateSession",
                                                                  "DestroySession",
                                                                  "Sequence",
                                                                  "GetLeaseTime",
                                                                  "ReclaimComplete",
                                                                  "LayoutGet",
                                                                  "GetDeviceInfo",
                                                                  "LayoutCommit",
                                                                  "LayoutReturn",
                                                                  "SecinfoNoName",
                                                                  "TestStateID",
                                                                  "FreeStateID",
                                                                  "GetDeviceList",
                                                                  "BindConnToSession",
                                                                  "DestroyClientID",
                                                                  "Seek",
                                                                  "Allocate",
                                                                  "DeAllocate",
                                                                  "LayoutStats",
                                                                  "Clone"});
// Operations of the server; those without a name here are left out by node_exporter.
constexpr auto kServerVersion4 = std::to_array<std::string_view>({"",
                                                                  "",
                                                                  "",
                                                                  "Access",
                                                                  "Close",
                                                                  "Commit",
                                                                  "Create",
                                                                  "DelegPurge",
                                                                  "DelegReturn",
                                                                  "GetAttr",
                                                                  "GetFH",
                                                                  "Link",
                                                                  "Lock",
                                                                  "Lockt",
                                                                  "Locku",
                                                                  "Lookup",
                                                                  "LookupRoot",
                                                                  "Nverify",
                                                                  "Open",
                                                                  "OpenAttr",
                                                                  "OpenConfirm",
                                                                  "OpenDgrd",
                                                                  "PutFH",
                                                                  "",
                                                                  "",
                                                                  "Read",
                                                                  "ReadDir",
                                                                  "ReadLink",
                                                                  "Remove",
                                                                  "Rename",
                                                                  "Renew",
                                                                  "RestoreFH",
                                                                  "SaveFH",
                                                                  "SecInfo",
                                                                  "SetAttr",
                                                                  "",
                                                                  "",
                                                                  "Verify",
                                                                  "Write",
                                                                  "RelLockOwner"});

// The number at position 0 tells how many follow.
void write_procedures(Exposition& out, std::string_view version, std::span<const std::string_view> names,
                      const RpcLine& numbers) {
  for (size_t i = 0; i < names.size(); ++i) {
    if (!names[i].empty()) out.sample({{"proto", version}, {"method", names[i]}}, numbers.at(i + 1));
  }
}

constexpr std::string_view kPacketsHelp = "Total NFSd network packets (sent+received) by protocol type.";
constexpr std::string_view kConnectionsHelp = "Total number of NFSd TCP connections.";

// Its file exists only while the client, or the server, is loaded.
class Nfs : public Collector {
 public:
  Nfs(std::string path, bool (*write)(std::string_view, Exposition&)) : file_(std::move(path)), write_(write) {}

  Result<> collect(Exposition& out) override {
    const auto text = file_.read_if_there();
    if (!text) return no_data();
    if (!write_(*text, out)) return fail("{} is not what it should be: {}", file_.path(), shortened(*text));
    return {};
  }

 private:
  KeptFile file_;
  bool (*write_)(std::string_view, Exposition&);
};

void write_server_caches(Exposition& out, const RpcLine& replies, const RpcLine& ahead) {
  out.single("node_nfsd_reply_cache_hits_total", counter,
             "Total number of NFSd Reply Cache hits (client lost server response).", replies.at(0));
  out.single("node_nfsd_reply_cache_misses_total", counter,
             "Total number of NFSd Reply Cache an operation that requires caching (idempotent).", replies.at(1));
  out.single("node_nfsd_reply_cache_nocache_total", counter,
             "Total number of NFSd Reply Cache non-idempotent operations (rename/delete/…).", replies.at(2));
  // The size, ten buckets, and how many were not found.
  out.single("node_nfsd_read_ahead_cache_size_blocks", gauge, "How large the read ahead cache is in blocks.",
             ahead.at(0));
  out.single("node_nfsd_read_ahead_cache_not_found_total", counter, "Total number of NFSd read ahead cache not found.",
             ahead.at(11));
}

void write_server_network(Exposition& out, const RpcLine& network, const RpcLine& rpc) {
  out.family("node_nfsd_packets_total", counter, kPacketsHelp);
  out.sample({{"proto", "udp"}}, network.at(1));
  out.sample({{"proto", "tcp"}}, network.at(2));
  out.single("node_nfsd_connections_total", counter, kConnectionsHelp, network.at(3));
  out.family("node_nfsd_rpc_errors_total", counter, "Total number of NFSd RPC errors by error type.");
  out.sample({{"error", "fmt"}}, rpc.at(2));
  out.sample({{"error", "auth"}}, rpc.at(3));
  out.sample({{"error", "cInt"}}, rpc.at(4));
  out.single("node_nfsd_server_rpcs_total", counter, "Total number of NFSd RPCs.", rpc.at(0));
}

}  // namespace

bool write_nfs(std::string_view text, Exposition& out) {
  const auto network = find_rpc_line(text, "net");
  const auto rpc = find_rpc_line(text, "rpc");
  if (!network || network->size() < 4 || !rpc || rpc->size() < 3) return false;
  out.family("node_nfs_packets_total", counter, kPacketsHelp);
  out.sample({{"protocol", "udp"}}, network->at(1));
  out.sample({{"protocol", "tcp"}}, network->at(2));
  out.single("node_nfs_connections_total", counter, kConnectionsHelp, network->at(3));
  out.single("node_nfs_rpcs_total", counter, "Total number of RPCs performed.", rpc->at(0));
  out.single("node_nfs_rpc_retransmissions_total", counter, "Number of RPC transmissions performed.", rpc->at(1));
  out.single("node_nfs_rpc_authentication_refreshes_total", counter,
             "Number of RPC authentication refreshes performed.", rpc->at(2));
  out.family("node_nfs_requests_total", counter, "Number of NFS procedures invoked.");
  write_procedures(out, "2", kVersion2, find_rpc_line(text, "proc2", true).value_or(RpcLine()));
  write_procedures(out, "3", kVersion3, find_rpc_line(text, "proc3", true).value_or(RpcLine()));
  write_procedures(out, "4", kClientVersion4, find_rpc_line(text, "proc4", true).value_or(RpcLine()));
  return true;
}

bool write_nfsd(std::string_view text, Exposition& out) {
  const auto line = [text](std::string_view keyword) { return find_rpc_line(text, keyword).value_or(RpcLine()); };
  const auto network = find_rpc_line(text, "net");
  const auto rpc = find_rpc_line(text, "rpc");
  if (!network || network->size() < 4 || !rpc || rpc->size() < 5) return false;
  write_server_caches(out, line("rc"), line("ra"));
  out.single("node_nfsd_file_handles_stale_total", counter, "Total number of NFSd stale file handles",
             line("fh").at(0));
  out.single("node_nfsd_disk_bytes_read_total", counter, "Total NFSd bytes read.", line("io").at(0));
  out.single("node_nfsd_disk_bytes_written_total", counter, "Total NFSd bytes written.", line("io").at(1));
  out.single("node_nfsd_server_threads", gauge, "Total number of NFSd kernel threads that are running.",
             line("th").at(0));
  write_server_network(out, *network, *rpc);
  out.family("node_nfsd_requests_total", counter, "Total number NFSd Requests by method and protocol.");
  auto version2 = kVersion2;
  auto version3 = kVersion3;
  version2[0] = version3[0] = {};  // Null, which node_exporter leaves out here
  write_procedures(out, "2", version2, find_rpc_line(text, "proc2", true).value_or(RpcLine()));
  write_procedures(out, "3", version3, find_rpc_line(text, "proc3", true).value_or(RpcLine()));
  write_procedures(out, "4", kServerVersion4, find_rpc_line(text, "proc4ops", true).value_or(RpcLine()));
  if (const auto delegations = find_rpc_line(text, "wdeleg_getattr"))
    out.sample({{"proto", "4"}, {"method", "WdelegGetattr"}}, delegations->at(0));
  return true;
}

Result<std::unique_ptr<Collector>> make_nfs(const Options& options) {
  return std::make_unique<Nfs>(options.procfs + "/net/rpc/nfs", write_nfs);
}

Result<std::unique_ptr<Collector>> make_nfsd(const Options& options) {
  return std::make_unique<Nfs>(options.procfs + "/net/rpc/nfsd", write_nfsd);
}

}  // namespace weir::host
