// Templates: what an exporter says its records look like (RFC 3954 sections 5.2 and 6.1, RFC 7011 section 3.4).
//
//   template record            id, field count, fields
//   options template, v9       id, bytes of scope fields, bytes of other fields, scope fields, other fields
//   options template, IPFIX    id, field count, how many of them are scope fields, fields
//   field                      element, length; IPFIX: enterprise number if the top bit of the element is set
//   withdrawal, IPFIX          id and a field count of zero; ids 2 and 3 withdraw all
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "flow/anomaly.h"

namespace weir::decode {

// What sets NetFlow v9 and IPFIX apart.
struct Dialect {
  uint16_t template_set;
  uint16_t options_template_set;
  uint16_t first_data_set;  // set ids between the two above and this one are reserved
  bool enterprise_bit;      // v9 numbers from 32768 are the vendor's own, without an enterprise number
  bool withdrawals;
  bool scope_in_bytes;  // options templates give the length of the scope, not the count of its fields
  size_t max_padding;   // bytes at the end of a set that need no remark
};

inline constexpr Dialect kNetflow9{0, 1, 256, false, false, true, 3};
inline constexpr Dialect kIpfix{2, 3, 256, true, true, false, 7};

// Below 256 the ids of sets mean kinds of sets (RFC 7011 section 3.3.2).
enum class TemplateId : uint16_t {};
inline constexpr TemplateId kFirstTemplateId{256};

// RFC 7011 section 7: the length is in the record. No field of a datagram can be that long, so v9 needs no exception.
inline constexpr uint16_t kVariableLength = 65535;

// Of an element number in IPFIX: an enterprise number follows (RFC 7011 section 3.2).
inline constexpr uint16_t kEnterpriseBit = 0x8000;

struct FieldSpec {
  uint32_t enterprise = 0;  // 0: IANA
  uint16_t element = 0;     // for a v9 scope field the scope type
  uint16_t length = 0;      // kVariableLength, or bytes
  bool scope : 1 = false;
  uint16_t occurrence : 15 = 1;  // which of the fields with this element it is
  uint16_t offset = 0;           // in the record, if all fields before it are of fixed length and it can be received
  bool operator==(const FieldSpec&) const = default;
};
static_assert(sizeof(FieldSpec) == 12);  // thousands of exporters have thousands of them

// The field's name as the key of a JSON object, with its quotes: the element's, and of repeated elements, which need
// keys that differ, from the second on with its number: "octetDeltaCount#2".
std::string field_label(const FieldSpec& field);

// A template as it was announced. Immutable once it is in a session.
struct Template {
  TemplateId id{};
  bool options = false;
  bool variable = false;  // at least one field is of variable length
  size_t min_length = 0;  // bytes of the shortest record; of every record if !variable
  std::vector<FieldSpec> fields;

  // How many whole records `bytes` hold; not if variable. Mostly that is one, or a few in a datagram: a division of 64
  // bits takes as long as decoding some fields.
  size_t whole_records(size_t bytes) const {
    if (bytes < 2 * min_length) return bytes < min_length ? 0 : 1;
    if (bytes <= UINT32_MAX) return static_cast<uint32_t>(bytes) / static_cast<uint32_t>(min_length);
    return bytes / min_length;
  }

  // Sets variable, min_length, and the fields' occurrence and offset.
  void measure();
  bool same_layout(const Template& other) const { return options == other.options && fields == other.fields; }
};

// field_label() of every field.
std::vector<std::string> field_labels(const Template& layout);

enum class TemplateRecordKind : uint8_t { definition, withdrawal, withdraw_all };

struct TemplateRecord {
  TemplateRecordKind kind = TemplateRecordKind::definition;
  Template layout;  // for a withdrawal only the id
};

// Walks the records of one template set. What is wrong is counted; records after damage that hides their start are
// skipped.
class TemplateReader {
 public:
  TemplateReader(ByteView body, const Dialect& dialect, bool options, size_t max_fields, flow::AnomalyCounts& anomalies)
      : in_(body), dialect_(dialect), options_(options), max_fields_(max_fields), anomalies_(anomalies) {}

  // The next usable record; nothing at the end of the set.
  std::optional<TemplateRecord> next();

 private:
  struct Counts {
    uint16_t id = 0;
    size_t fields = 0;
    size_t scope = 0;        // how many of them are scope fields
    bool bad_scope = false;  // a count of scope fields that cannot be
  };
  enum class Step : uint8_t { record, skip, end };

  Step read_header(Counts& counts);
  Step read_fields(const Counts& counts, Template& out);
  Step stop(flow::Anomaly anomaly);
  void check_padding();

  ByteReader in_;
  const Dialect& dialect_;
  bool options_;
  size_t max_fields_;
  flow::AnomalyCounts& anomalies_;
};

}  // namespace weir::decode
