// What can be wrong with what an exporter sends: a closed list, counted per exporter, never an error. The scope of an
// anomaly is what it costs: the datagram (rejected), the set (skipped), the record (rolled back), the field (left
// null), or nothing (a remark).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace weir::flow {

enum class AnomalyScope : uint8_t { datagram, set, record, field, remark };

enum class Anomaly : uint8_t {
  // datagram: rejected
  unknown_version,         // not NetFlow v1, v5, v7, v9, IPFIX or sFlow v5
  unsupported_version,     // a protocol that this version does not decode
  truncated_header,        // shorter than its protocol's header, or an sFlow agent's address of no known family
  length_beyond_datagram,  // the header claims more bytes than arrived; what arrived is decoded (a remark)
  exporter_not_allowed,    // not in exporters.allow; the datagram is not read
  source_over_rate,        // above limits.datagrams_per_second of a source that is not proven; not read
  memory_limit,            // the collector has reached limits.memory; the datagram is not read
  session_limit,           // too many exporters or domains; the least recently used one goes (a remark)
  // set: skipped
  bad_set_length,      // shorter than a set header, or beyond the message: the rest of the message is skipped
  reserved_set_id,     // set ids 4 to 255 (IPFIX), 2 to 255 (v9), 0 and 1 in IPFIX
  truncated_template,  // the template record ends before its fields do
  bad_template,        // id below 256, no fields, a length of zero in all, scope count of zero or beyond the fields
  template_limit,      // too many templates or fields
  early_data_limit,    // data before its template did not fit, or waited too long
  missing_template,    // data before its template: held (counted once when it arrives)
  bad_sample,          // sFlow: too short, or its length, count and records disagree; what is there is read
  unknown_sample,      // sFlow: a sample of a format that we do not know
  // record: rolled back
  truncated_record,   // a variable-length record that runs over the end of its set
  bad_sample_record,  // sFlow: a record of impossible length or contents; the rest of the sample is read
  // field: left null
  value_out_of_range,  // does not fit its column, or is none that its element has
  bad_field_length,    // a length that the element cannot have
  time_base_unknown,   // uptime without the system's start time
  bad_list,            // structured data (RFC 6313) that contradicts itself
  list_limit,          // lists nested too deep or with too many entries, AS paths, communities, texts: cut
  // remarks: nothing is lost
  count_mismatch,      // the header's record count is not what the datagram holds
  trailing_bytes,      // bytes after the message
  bad_padding,         // more than is needed to align, or not zero
  template_redefined,  // the same id with other fields
  template_conflict,   // an id defined otherwise, maybe by another exporter behind the same port: data wait
  template_withdrawn,
  withdrawal_ignored,  // over UDP, where RFC 7011 section 8 forbids it and anybody can forge one
  template_expired,
  sequence_gap,  // datagrams or records were lost before they reached us (the ledger has how many)
  sequence_reordered,
  exporter_restart,
  unknown_sample_record,  // sFlow: a record of a format that we do not know
  options_limit,          // too many names or rates told by options records
};

inline constexpr size_t kAnomalyCount = static_cast<size_t>(Anomaly::options_limit) + 1;

struct AnomalyInfo {
  std::string_view name;
  AnomalyScope scope;
};

// Indexed by Anomaly.
inline constexpr std::array<AnomalyInfo, kAnomalyCount> kAnomalies = {{
    {"unknown_version", AnomalyScope::datagram},
    {"unsupported_version", AnomalyScope::datagram},
    {"truncated_header", AnomalyScope::datagram},
    {"length_beyond_datagram", AnomalyScope::remark},
    {"exporter_not_allowed", AnomalyScope::datagram},
    {"source_over_rate", AnomalyScope::datagram},
    {"memory_limit", AnomalyScope::datagram},
    {"session_limit", AnomalyScope::remark},
    {"bad_set_length", AnomalyScope::set},
    {"reserved_set_id", AnomalyScope::set},
    {"truncated_template", AnomalyScope::set},
    {"bad_template", AnomalyScope::set},
    {"template_limit", AnomalyScope::set},
    {"early_data_limit", AnomalyScope::set},
    {"missing_template", AnomalyScope::set},
    {"bad_sample", AnomalyScope::set},
    {"unknown_sample", AnomalyScope::set},
    {"truncated_record", AnomalyScope::record},
    {"bad_sample_record", AnomalyScope::record},
    {"value_out_of_range", AnomalyScope::field},
    {"bad_field_length", AnomalyScope::field},
    {"time_base_unknown", AnomalyScope::field},
    {"bad_list", AnomalyScope::field},
    {"list_limit", AnomalyScope::field},
    {"count_mismatch", AnomalyScope::remark},
    {"trailing_bytes", AnomalyScope::remark},
    {"bad_padding", AnomalyScope::remark},
    {"template_redefined", AnomalyScope::remark},
    {"template_conflict", AnomalyScope::remark},
    {"template_withdrawn", AnomalyScope::remark},
    {"withdrawal_ignored", AnomalyScope::remark},
    {"template_expired", AnomalyScope::remark},
    {"sequence_gap", AnomalyScope::remark},
    {"sequence_reordered", AnomalyScope::remark},
    {"exporter_restart", AnomalyScope::remark},
    {"unknown_sample_record", AnomalyScope::remark},
    {"options_limit", AnomalyScope::remark},
}};

constexpr std::string_view name(Anomaly anomaly) { return kAnomalies[static_cast<size_t>(anomaly)].name; }

// How often each happened.
class AnomalyCounts {
 public:
  void add(Anomaly anomaly, uint64_t times = 1) { counts_[static_cast<size_t>(anomaly)] += times; }
  uint64_t operator[](Anomaly anomaly) const { return counts_[static_cast<size_t>(anomaly)]; }
  AnomalyCounts& operator+=(const AnomalyCounts& other) {
    for (size_t i = 0; i < kAnomalyCount; ++i) counts_[i] += other.counts_[i];
    return *this;
  }
  bool operator==(const AnomalyCounts&) const = default;

 private:
  std::array<uint64_t, kAnomalyCount> counts_{};
};

}  // namespace weir::flow
