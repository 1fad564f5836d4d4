#include "host/collectors/tcpstat.h"

#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "host/collectors/options.h"
#include "host/kernel/netlink.h"

namespace weir::host {
namespace {

constexpr std::array<std::string_view, TcpSums::kStates> kStateNames{
    "unknown", "established", "syn_sent", "syn_recv", "fin_wait1", "fin_wait2",   "time_wait",
    "close",   "close_wait",  "last_ack", "listen",   "closing",   "new_syn_recv"};

class Tcpstat : public Collector {
 public:
  Result<> collect(telemetry::Exposition& out) override {
    TcpSums sums;
    for (netlink::Request& request : requests_) {
      const TcpSums before = sums;
      const auto asked = socket_.ask(
          request, [&] { sums = before; },
          [&](const netlink::Message& message) {
            if (message.type == SOCK_DIAG_BY_FAMILY) add_socket(message.payload, sums);
          });
      if (!asked) return fail("cannot list the sockets of TCP: {}", asked.error().message);
    }
    out.family("node_tcp_connection_states", telemetry::MetricType::gauge, "Number of connection states.");
    for (size_t i = 0; i < kStateNames.size(); ++i) {
      if (sums.by_state[i] > 0) out.sample({{"state", kStateNames[i]}}, sums.by_state[i]);
    }
    out.sample({{"state", "rx_queued_bytes"}}, sums.receive_queues);
    out.sample({{"state", "tx_queued_bytes"}}, sums.transmit_queues);
    return {};
  }

 private:
  static netlink::Request request(uint8_t family) {
    inet_diag_req_v2 header{};
    header.sdiag_family = family;
    header.sdiag_protocol = IPPROTO_TCP;
    header.idiag_states = 0xFFF;  // all
    return netlink::Request(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP, header);
  }

  netlink::Socket socket_{NETLINK_SOCK_DIAG};
  std::array<netlink::Request, 2> requests_{request(AF_INET), request(AF_INET6)};
};

}  // namespace

bool add_socket(ByteView payload, TcpSums& sums) {
  const auto message = netlink::framed<inet_diag_msg>(payload);
  if (!message) return false;
  const uint8_t state = message->header.idiag_state;
  ++sums.by_state[state < TcpSums::kStates ? state : 0];
  sums.receive_queues += message->header.idiag_rqueue;
  sums.transmit_queues += message->header.idiag_wqueue;
  return true;
}

Result<std::unique_ptr<Collector>> make_tcpstat(const Options& /*options*/) { return std::make_unique<Tcpstat>(); }

}  // namespace weir::host
