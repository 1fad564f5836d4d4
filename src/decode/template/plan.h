// A decode plan: a template compiled, once, into what has to be done to turn its records into rows. Records of fixed
// length are decoded column by column over a whole set; records with variable-length fields are first cut into fields,
// then decoded the same way.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "decode/common/exporter_rates.h"
#include "decode/common/message.h"
#include "decode/template/header_section.h"
#include "decode/template/kernels.h"
#include "decode/template/options_state.h"
#include "decode/template/sampling.h"
#include "decode/template/structured_data.h"
#include "decode/template/template.h"
#include "flow/anomaly.h"
#include "flow/batch.h"

namespace weir::decode {

// One element into one column. Steps of a column are in order of preference; `fill` steps touch only rows that are
// still null or zero. Small, as thousands of exporters have thousands of templates: what decoding reads of a template
// comes from memory then.
struct Step {
  static constexpr uint8_t kTypesOwn = UINT8_MAX;

  flow::ColumnIndex column;
  flow::ColumnType type;
  flow::Conversion conversion;
  uint8_t kernels = 0;       // of kKernels; 0: value by value
  uint8_t most = kTypesOwn;  // of kBounds: the largest value that the element defines; else what the column holds
  bool fill : 1 = false;
  bool append : 1 = false;  // adds to the text of an earlier step, with a space: done by that step
  uint16_t field;           // position in the template
  uint16_t offset;          // FieldSpec::offset
  uint16_t adding = 0;      // so many steps behind this one add to it
};
static_assert(sizeof(Step) == 12);

// What rows of a set need besides their own bytes.
struct RowContext {
  flow::FlowBatch& batch;
  const MessageContext& message;
  TimeBase time;
  KnownOptions options;      // what options records announced for these rows
  TemplateId template_id;    // 0 for protocols without templates
  uint32_t configured_rate;  // the operator's, 0 if none
  // From a relay that is trusted: records say whose they are, and these are the operator's rates for those. Else
  // nullptr.
  const ExporterRates* relayed;
  bool other;                 // fill the column `other`
  TemplateSource& templates;  // for lists of templates
  const Limits& limits;
  flow::AnomalyCounts& anomalies;
  std::string& scratch;  // for texts
};

class DecodePlan {
 public:
  DecodePlan() = default;
  // For rows of `schema`: its configured columns are filled beside those of this version. `layout` has to stay where it
  // is as long as the plan is used.
  DecodePlan(const Template& layout, const flow::Schema& schema);

  // Appends one row for each record, of which there is at least one. records: `count` records of fixed length, or the
  // fields of each record in wire order. There has to be room in the batch.
  void decode_fixed(ByteView records, size_t count, const RowContext& context) const;
  void decode_gathered(std::span<const ByteView> slices, const RowContext& context) const;

  // Fetches what decoding needs into the cache.
  void prefetch() const;

 private:
  struct Unmapped {
    uint16_t field;
    uint16_t label_size;  // in labels_, behind those before it
    flow::AbstractType type;
  };
  enum class Family : uint8_t { none, v4, v6, both };

  template <class Records>
  void run(const Records& records, const RowContext& context) const;
  template <class Records>
  void run_step(const Step& step, const Records& records, const RowContext& context, size_t first) const;
  template <class Records>
  void run_slowly(const Step& step, const Records& records, const RowContext& context, size_t first) const;
  template <class Records>
  void run_added(std::span<const Step> steps, const Records& records, const RowContext& context, size_t first) const;
  template <class Records>
  void derive_times(const Records& records, const RowContext& context, size_t first) const;
  template <class Records>
  void set_sampling_rate(const Records& records, const RowContext& context, size_t first) const;
  template <class Records>
  uint32_t record_rate(const Records& records, const RowContext& context, size_t record, size_t row) const;
  void fill_names(const RowContext& context, size_t first, size_t count) const;
  template <class Records>
  void fill_application_names(const Records& records, const RowContext& context, size_t first) const;
  template <class Records>
  void fill_other(const Records& records, const RowContext& context, size_t first) const;
  void set_constants(const RowContext& context, size_t first, size_t count) const;
  static void name_exporters(const RowContext& context, size_t first, size_t count);
  void set_etype(flow::FlowBatch& batch, size_t first, size_t count) const;
  void set_icmp(flow::FlowBatch& batch, size_t first, size_t count) const;
  void set_icmp_of(flow::FlowBatch& batch, size_t first, size_t end) const;
  bool tells_icmp(const flow::FlowBatch& batch, size_t row, uint8_t protocol) const;
  template <class Records>
  void read_sections(const Records& records, flow::FlowBatch& batch, size_t first) const;

  // inner: of each field, whether it says something about the inner packet.
  void add_steps(const Template& layout, const std::vector<bool>& inner, const flow::Schema& schema);
  void fill_inner_etype(const RowContext& context, size_t first, size_t count) const;
  void note_specials(const std::vector<bool>& inner);
  void note_icmp(const std::vector<bool>& inner);
  void choose_kernels(bool variable);

  std::span<const FieldSpec> fields_;  // of the template
  std::vector<Step> steps_;
  std::vector<Unmapped> unmapped_;
  std::string labels_;          // of the unmapped fields, as JSON, with a colon
  uint32_t record_length_ = 0;  // 0: of variable length
  uint16_t bad_fields_ = 0;     // fields whose length their element cannot have: null in every record
  uint16_t inner_etype_ = 0;
  Family family_ = Family::none;
  bool has_etype_ = false;
  // Type and code of ICMP are in the destination port, as in NetFlow v5, where nothing else tells them.
  bool icmp_in_port_ = false;
  bool icmp_elements_ = false;    // there are elements of type and code: of ICMP
  bool icmpv6_elements_ = false;  // of ICMPv6
  SamplingFields sampling_;
  std::unique_ptr<const HeaderSection> section_;  // nullptr: there is none
  // Positions in the template; negative: not there.
  int16_t application_field_ = -1;  // 95 applicationId
  int16_t start_ms_field_ = -1;     // 160 systemInitTimeMilliseconds
  int16_t duration_ms_field_ = -1;  // 161 flowDurationMilliseconds
  int16_t duration_us_field_ = -1;  // 162 flowDurationMicroseconds
  bool has_start_ = false;
  bool has_end_ = false;
};

}  // namespace weir::decode
