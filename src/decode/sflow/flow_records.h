// The records of a sampled packet as the columns of one row.
#pragma once

#include <cstdint>
#include <string>

#include "decode/common/limits.h"
#include "decode/packet/packet.h"
#include "decode/sflow/layout.h"
#include "flow/anomaly.h"
#include "flow/batch.h"

namespace weir::decode::sflow {

// What the header protocol of a sampled header stands for.
packet::Link link_of(uint32_t header_protocol);

// What is the same for all records of one row.
struct RowPlace {
  flow::FlowBatch& batch;
  size_t row;
  flow::AnomalyCounts& anomalies;
};

class FlowRecords {
 public:
  void set_limits(const Limits& limits) { limits_ = limits; }

  // Fills the columns of a row from what the sample says itself and from its records. The row has been appended, and
  // is all null. What is the same for all samples of a datagram is left to the caller.
  void put_sample(const Sample& sample, RecordCutter& records, const RowPlace& place);

 private:
  // What the device has read of a packet itself: sampled_ethernet; sampled_ipv4 and sampled_ipv6.
  struct ParsedEthernet {
    bool present = false;
    uint64_t src_mac = 0;
    uint64_t dst_mac = 0;
    uint32_t type = 0;
  };
  struct ParsedIp {
    uint16_t etype = 0;  // 0: there is none
    uint32_t protocol = 0;
    IpAddress src_addr;
    IpAddress dst_addr;
    uint32_t src_port = 0;
    uint32_t dst_port = 0;
    uint32_t tcp_flags = 0;
    uint32_t tos = 0;
  };
  // What only the whole sample tells.
  struct Summary {
    uint64_t bytes = 0;
    uint8_t bytes_rank = 0;  // 0: not known
    uint32_t fec_length = UINT32_MAX;
    ParsedEthernet ethernet;
    ParsedIp ip;
  };

  void put_record(const Record& record, const RowPlace& place, Summary& summary);
  bool put_raw_header(ByteView body, const RowPlace& place, Summary& summary);
  bool put_switch(ByteView body, const RowPlace& place);
  bool put_router(ByteView body, const RowPlace& place);
  bool put_by_layout(const Record& record, const RowPlace& place, Summary& summary);
  void put_field(const Field& field, const Value& value, const RowPlace& place);
  void put_special(uint32_t format, const RowPlace& place, Summary& summary);
  void note_ethernet(Summary& summary) const;
  void note_ip(uint16_t etype, Summary& summary) const;
  void put_route(const RowPlace& place);
  void put_labels(const RowPlace& place);
  void put_tags(flow::Column outer, flow::Column inner, const RowPlace& place);
  void put_tunnel(const RowPlace& place);
  void put_acl(const RowPlace& place);
  void put_wireless_payload(const RowPlace& place);
  void put_text(flow::Column column, ByteView bytes, const RowPlace& place);
  void put_text(flow::Column column, std::string_view text, const RowPlace& place);
  static void put_parsed(const RowPlace& place, const Summary& summary);
  void finish(const Sample& sample, const RowPlace& place, const Summary& summary);

  Limits limits_;
  packet::Packet packet_;  // scratch, as are the following
  Values values_;
  std::string text_;
};

}  // namespace weir::decode::sflow
