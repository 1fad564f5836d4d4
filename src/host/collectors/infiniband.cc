#include "host/collectors/infiniband.h"

#include <array>
#include <vector>

#include "host/collectors/options.h"
#include "host/kernel/attribute.h"
#include "host/kernel/directory.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;
using telemetry::Exposition;

// A file of a port and the family that its number becomes.
struct Counter {
  std::string_view file;
  std::string_view family;
  std::string_view help;
  uint64_t unit;  // data is counted in words of four bytes
};
constexpr auto kCounters = std::to_array<Counter>({
    {"counters/excessive_buffer_overrun_errors", "node_infiniband_excessive_buffer_overrun_errors_total",
     "Number of times that OverrunErrors consecutive flow control update periods occurred, "
     "each having at least one overrun error.",
     1},
    {"counters_ext/port_rcv_data_64", "node_infiniband_legacy_data_received_bytes_total",
     "Number of data octets received on all links", 4},
    {"counters_ext/port_xmit_data_64", "node_infiniband_legacy_data_transmitted_bytes_total",
     "Number of data octets transmitted on all links", 4},
    {"counters_ext/port_multicast_rcv_packets", "node_infiniband_legacy_multicast_packets_received_total",
     "Number of multicast packets received", 1},
    {"counters_ext/port_multicast_xmit_packets", "node_infiniband_legacy_multicast_packets_transmitted_total",
     "Number of multicast packets transmitted", 1},
    {"counters_ext/port_rcv_packets_64", "node_infiniband_legacy_packets_received_total",
     "Number of data packets received on all links", 1},
    {"counters_ext/port_xmit_packets_64", "node_infiniband_legacy_packets_transmitted_total",
     "Number of data packets received on all links", 1},
    {"counters_ext/port_unicast_rcv_packets", "node_infiniband_legacy_unicast_packets_received_total",
     "Number of unicast packets received", 1},
    {"counters_ext/port_unicast_xmit_packets", "node_infiniband_legacy_unicast_packets_transmitted_total",
     "Number of unicast packets transmitted", 1},
    {"counters/link_downed", "node_infiniband_link_downed_total",
     "Number of times the link failed to recover from an error state and went down", 1},
    {"counters/link_error_recovery", "node_infiniband_link_error_recovery_total",
     "Number of times the link successfully recovered from an error state", 1},
    {"counters/local_link_integrity_errors", "node_infiniband_local_link_integrity_errors_total",
     "Number of times that the count of local physical errors exceeded the threshold specified by LocalPhyErrors.", 1},
    {"counters/multicast_rcv_packets", "node_infiniband_multicast_packets_received_total",
     "Number of multicast packets received (including errors)", 1},
    {"counters/multicast_xmit_packets", "node_infiniband_multicast_packets_transmitted_total",
     "Number of multicast packets transmitted (including errors)", 1},
    {"counters/port_rcv_constraint_errors", "node_infiniband_port_constraint_errors_received_total",
     "Number of packets received on the switch physical port that are discarded", 1},
    {"counters/port_xmit_constraint_errors", "node_infiniband_port_constraint_errors_transmitted_total",
     "Number of packets not transmitted from the switch physical port", 1},
    {"counters/port_rcv_data", "node_infiniband_port_data_received_bytes_total",
     "Number of data octets received on all links", 4},
    {"counters/port_xmit_data", "node_infiniband_port_data_transmitted_bytes_total",
     "Number of data octets transmitted on all links", 4},
    {"counters/port_rcv_discards", "node_infiniband_port_discards_received_total",
     "Number of inbound packets discarded by the port because the port is down or congested", 1},
    {"counters/port_xmit_discards", "node_infiniband_port_discards_transmitted_total",
     "Number of outbound packets discarded by the port because the port is down or congested", 1},
    {"counters/port_rcv_errors", "node_infiniband_port_errors_received_total",
     "Number of packets containing an error that were received on this port", 1},
    {"counters/port_rcv_packets", "node_infiniband_port_packets_received_total",
     "Number of packets received on all VLs by this port (including errors)", 1},
    {"counters/port_xmit_packets", "node_infiniband_port_packets_transmitted_total",
     "Number of packets transmitted on all VLs from this port (including errors)", 1},
    {"counters/port_rcv_remote_physical_errors", "node_infiniband_port_receive_remote_physical_errors_total",
     "Number of packets marked with the EBP (End of Bad Packet) delimiter received on the port.", 1},
    {"counters/port_rcv_switch_relay_errors", "node_infiniband_port_receive_switch_relay_errors_total",
     "Number of packets that could not be forwarded by the switch.", 1},
    {"counters/port_xmit_wait", "node_infiniband_port_transmit_wait_total",
     "Number of ticks during which the port had data to transmit but no data was sent during the entire tick", 1},
    {"counters/symbol_error", "node_infiniband_symbol_error_total",
     "Number of minor link errors detected on one or more physical lanes.", 1},
    {"counters/unicast_rcv_packets", "node_infiniband_unicast_packets_received_total",
     "Number of unicast packets received (including errors)", 1},
    {"counters/unicast_xmit_packets", "node_infiniband_unicast_packets_transmitted_total",
     "Number of unicast packets transmitted (including errors)", 1},
    {"counters/VL15_dropped", "node_infiniband_vl15_dropped_total",
     "Number of incoming VL15 packets dropped due to resource limitations.", 1},
    {"hw_counters/duplicate_request", "node_infiniband_duplicate_requests_packets_total",
     "The number of received packets. A duplicate request is a request that had been previously executed.", 1},
    {"hw_counters/implied_nak_seq_err", "node_infiniband_implied_nak_seq_errors_total",
     "The number of time the requested decided an ACK. with a PSN larger than the expected PSN "
     "for an RDMA read or response.",
     1},
    {"hw_counters/local_ack_timeout_err", "node_infiniband_local_ack_timeout_errors_total",
     "The number of times QP's ack timer expired for RC, XRC, DCT QPs at the sender side. The QP retry limit was not "
     "exceed, therefore it is still recoverable error.",
     1},
    {"hw_counters/np_cnp_sent", "node_infiniband_np_cnp_packets_sent_total",
     "The number of CNP packets sent by the Notification Point when it noticed congestion experienced in the RoCEv2 IP "
     "header (ECN bits). The counters was added in MLNX_OFED 4.1",
     1},
    {"hw_counters/np_ecn_marked_roce_packets", "node_infiniband_np_ecn_marked_roce_packets_received_total",
     "The number of RoCEv2 packets received by the notification point which were marked for experiencing the "
     "congestion (ECN bits where '11' on the ingress RoCE traffic) . The counters was added in MLNX_OFED 4.1",
     1},
    {"hw_counters/out_of_buffer", "node_infiniband_out_of_buffer_drops_total",
     "The number of drops occurred due to lack of WQE for the associated QPs.", 1},
    {"hw_counters/out_of_sequence", "node_infiniband_out_of_sequence_packets_received_total",
     "The number of out of sequence packets received.", 1},
    {"hw_counters/packet_seq_err", "node_infiniband_packet_sequence_errors_total",
     "The number of received NAK sequence error packets. The QP retry limit was not exceeded.", 1},
    {"hw_counters/req_cqe_error", "node_infiniband_req_cqes_errors_total",
     "The number of times requester detected CQEs completed with errors. The counters was added in MLNX_OFED 4.1", 1},
    {"hw_counters/req_cqe_flush_error", "node_infiniband_req_cqes_flush_errors_total",
     "The number of times requester detected CQEs completed with flushed errors. "
     "The counters was added in MLNX_OFED 4.1",
     1},
    {"hw_counters/req_remote_access_errors", "node_infiniband_req_remote_access_errors_total",
     "The number of times requester detected remote access errors. The counters was added in MLNX_OFED 4.1", 1},
    {"hw_counters/req_remote_invalid_request", "node_infiniband_req_remote_invalid_request_errors_total",
     "The number of times requester detected remote invalid request errors. The counters was added in MLNX_OFED 4.1",
     1},
    {"hw_counters/resp_cqe_error", "node_infiniband_resp_cqes_errors_total",
     "The number of times responder detected CQEs completed with errors. The counters was added in MLNX_OFED 4.1", 1},
    {"hw_counters/resp_cqe_flush_error", "node_infiniband_resp_cqes_flush_errors_total",
     "The number of times responder detected CQEs completed with flushed errors. "
     "The counters was added in MLNX_OFED 4.1",
     1},
    {"hw_counters/resp_local_length_error", "node_infiniband_resp_local_length_errors_total",
     "The number of times responder detected local length errors. The counters was added in MLNX_OFED 4.1", 1},
    {"hw_counters/resp_remote_access_errors", "node_infiniband_resp_remote_access_errors_total",
     "The number of times responder detected remote access errors. The counters was added in MLNX_OFED 4.1", 1},
});

struct Port {
  std::string device;
  std::string number;
  Attribute state;
  Attribute physical_state;
  Attribute rate;
  std::vector<Attribute> counters;  // as kCounters
};

struct Device {
  std::string name;
  std::string board_id;
  std::string firmware_version;
  std::string hca_type;
};

class Infiniband : public Collector {
 public:
  explicit Infiniband(const Options& options) : watch_(options.sysfs + "/class/infiniband", "") {}

  Result<> collect(Exposition& out) override {
    if (watch_.changed()) find();
    if (devices_.empty()) return no_data();
    out.family("node_infiniband_info", gauge,
               "Non-numeric data from /sys/class/infiniband/<device>, value is always 1.");
    for (const Device& device : devices_)
      out.sample({{"device", device.name},
                  {"board_id", device.board_id},
                  {"firmware_version", device.firmware_version},
                  {"hca_type", device.hca_type}},
                 1);
    write_ports(out, "node_infiniband_state_id",
                "State of the InfiniBand port (0: no change, 1: down, 2: init, 3: armed, 4: active, 5: act defer)",
                &Port::state, parse_infiniband_state);
    write_ports(out, "node_infiniband_physical_state_id",
                "Physical state of the InfiniBand port (0: no change, 1: sleep, 2: polling, 3: disable, 4: shift, 5: "
                "link up, 6: link error recover, 7: phytest)",
                &Port::physical_state, parse_infiniband_state);
    write_ports(out, "node_infiniband_rate_bytes_per_second", "Maximum signal transfer rate", &Port::rate,
                parse_infiniband_rate);
    for (size_t i = 0; i < kCounters.size(); ++i) {
      out.family(kCounters[i].family, counter, kCounters[i].help);
      for (Port& port : ports_) {
        // "N/A (no PMA)" of a port that does not count it.
        if (const auto number = port.counters[i].number(buffer_))
          out.sample({{"device", port.device}, {"port", port.number}}, *number * kCounters[i].unit);
      }
    }
    return {};
  }

 private:
  void find() {
    devices_.clear();
    ports_.clear();
    for (const std::string& name : watch_.names()) {
      const std::string path = watch_.path() + "/" + name;
      devices_.push_back({.name = name,
                          .board_id = attribute_text(path + "/board_id"),
                          .firmware_version = attribute_text(path + "/fw_ver"),
                          .hca_type = attribute_text(path + "/hca_type")});
      for (const std::string& number : list_directory(path + "/ports"))
        add_port(name, path + "/ports/" + number, number);
    }
  }

  void add_port(const std::string& device, const std::string& path, const std::string& number) {
    Port port{.device = device,
              .number = number,
              .state = Attribute(path + "/state"),
              .physical_state = Attribute(path + "/phys_state"),
              .rate = Attribute(path + "/rate"),
              .counters = {}};
    for (const Counter& one : kCounters) port.counters.emplace_back(fmt::format("{}/{}", path, one.file));
    ports_.push_back(std::move(port));
  }

  void write_ports(Exposition& out, std::string_view name, std::string_view help, Attribute Port::* attribute,
                   std::optional<uint64_t> (*parse)(std::string_view)) {
    out.family(name, gauge, help);
    for (Port& port : ports_) {
      const auto text = (port.*attribute).read(buffer_);
      const auto number = text ? parse(*text) : std::nullopt;
      if (number) out.sample({{"device", port.device}, {"port", port.number}}, *number);
    }
  }

  DirectoryWatch watch_;
  std::vector<Device> devices_;
  std::vector<Port> ports_;
  AttributeBuffer buffer_;
};

}  // namespace

std::optional<uint64_t> parse_infiniband_rate(std::string_view text) {
  const auto gigabits = parse_number<double>(next_word(text));
  if (!gigabits || !(*gigabits >= 0) || *gigabits > 1e9 || next_word(text) != "Gb/sec") return std::nullopt;
  return static_cast<uint64_t>(*gigabits * 125'000'000);
}

std::optional<uint64_t> parse_infiniband_state(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  return parse_number<uint64_t>(text.substr(0, colon));
}

Result<std::unique_ptr<Collector>> make_infiniband(const Options& options) {
  return std::make_unique<Infiniband>(options);
}

}  // namespace weir::host
