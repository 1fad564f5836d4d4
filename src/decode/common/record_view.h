// Records as they were on the wire, for inspection (`weir decode`).
#pragma once

#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "base/ip_address.h"
#include "base/time.h"
#include "flow/flow_type.h"

namespace weir::decode {

class TemplateSource;
namespace sflow {
struct SampleView;
}

// One field of a record.
struct FieldView {
  uint32_t enterprise;  // 0: IANA
  uint16_t element;     // element number; for a NetFlow v9 scope field the scope type
  bool scope;           // a scope field of an options record
  ByteView value;
};

// One record, or one sFlow sample. Views are good during the call of the sink only.
struct RecordView {
  uint64_t datagram;  // number of the datagram that held it: counted from 1, or as Decoder::set_datagram_number() said
  IpAddress exporter;
  uint32_t domain;  // IPFIX: observation domain id; v9: source id; v5, v7: engine type * 256 + engine id;
                    // sFlow: sub-agent
  uint16_t set_id;  // the template id; 0 for protocols without templates
  uint32_t number;  // position in its set, from 1; of a sample in its datagram
  flow::FlowType type;
  bool options;
  Timestamp export_time;  // sFlow has none: when it was received
  ByteView raw;           // the whole record
  std::span<const FieldView> fields;
  const sflow::SampleView* sflow = nullptr;  // sFlow has no fields but a sample: decode/sflow/values.h
  TemplateSource* templates = nullptr;  // for values that are lists of templates: decode/template/structured_data.h
};

class RecordSink {
 public:
  virtual ~RecordSink() = default;
  virtual void on_record(const RecordView& record) = 0;
};

}  // namespace weir::decode
