// NetFlow version 9 (RFC 3954) and IPFIX (RFC 7011): one template for IPv4, one for IPv6, one options template for the
// sampling interval. The two protocols differ in their headers, in the encoding of times and in the unit of the
// sequence number.
#include <span>

#include "base/ipfix_header.h"
#include "gen/encoder.h"

namespace weir::gen {
namespace {

struct Field {
  uint16_t element;  // number in the IANA registry of information elements
  uint16_t length;
};

// Template ids, from the first of the three that are in use.
constexpr uint16_t kFirstTemplate = 256;
constexpr uint16_t kTemplateV4 = 0;
constexpr uint16_t kTemplateV6 = 1;
constexpr uint16_t kTemplateOptions = 2;
constexpr uint16_t kTemplates = 3;
// Changed templates begin with so much padding more, and every so often get new ids.
constexpr uint16_t kPaddingElement = 210;
constexpr uint32_t kPaddings = 8;
constexpr uint32_t kIdRounds = 500;
constexpr size_t kLengthInSet = 2;  // where a set has its length
constexpr size_t kMaxPaddingBytes = 3;

constexpr Field kV9FieldsV4[] = {{8, 4}, {12, 4}, {15, 4}, {10, 4}, {14, 4}, {2, 4},  {1, 4},
                                 {7, 2}, {11, 2}, {4, 1},  {5, 1},  {6, 1},  {16, 4}, {17, 4},
                                 {9, 1}, {13, 1}, {21, 4}, {22, 4}, {61, 1}, {60, 1}};
constexpr Field kV9FieldsV6[] = {{27, 16}, {28, 16}, {62, 16}, {10, 4}, {14, 4}, {2, 4},  {1, 4},
                                 {7, 2},   {11, 2},  {4, 1},   {5, 1},  {6, 1},  {16, 4}, {17, 4},
                                 {29, 1},  {30, 1},  {21, 4},  {22, 4}, {61, 1}, {60, 1}};
constexpr Field kIpfixFieldsV4[] = {{8, 4}, {12, 4}, {15, 4},  {10, 4},  {14, 4}, {2, 8},  {1, 8},
                                    {7, 2}, {11, 2}, {4, 1},   {5, 1},   {6, 1},  {16, 4}, {17, 4},
                                    {9, 1}, {13, 1}, {153, 8}, {152, 8}, {61, 1}, {60, 1}};
constexpr Field kIpfixFieldsV6[] = {{27, 16}, {28, 16}, {62, 16}, {10, 4},  {14, 4}, {2, 8},  {1, 8},
                                    {7, 2},   {11, 2},  {4, 1},   {5, 1},   {6, 1},  {16, 4}, {17, 4},
                                    {29, 1},  {30, 1},  {153, 8}, {152, 8}, {61, 1}, {60, 1}};
// samplingInterval and samplingAlgorithm (1: deterministic): what exporters of both protocols really send.
constexpr Field kOptionFields[] = {{34, 4}, {35, 1}};
constexpr Field kScopeSystem = {1, 4};               // v9 has scope types of its own (RFC 3954 section 6.1)
constexpr Field kScopeObservationDomain = {149, 4};  // IPFIX scopes are elements

constexpr size_t record_bytes(std::span<const Field> fields) {
  size_t total = 0;
  for (const Field& field : fields) total += field.length;
  return total;
}

class TemplateEncoder : public Encoder {
 public:
  explicit TemplateEncoder(const ExporterOptions& options, size_t v4_bytes, size_t v6_bytes)
      : options_(options),
        writer_(kMaxDatagramBytes),
        v4_set_(kMaxDatagramBytes),
        v6_set_(kMaxDatagramBytes),
        v4_bytes_(v4_bytes),
        v6_bytes_(v6_bytes) {}

  void begin(Timestamp now) final {
    writer_.clear();
    v4_set_.clear();
    v6_set_.clear();
    records_in_message_ = 0;
    data_records_in_message_ = 0;
    write_header(now);
    if (!templates_sent_ || now - *templates_sent_ >= options_.template_interval) {
      write_templates();
      write_options();
      templates_sent_ = now;
    }
  }

  bool add(Flow& flow) final {
    WireWriter& set = flow.is_v4() ? v4_set_ : v6_set_;
    const size_t header = set.size() == 0 ? sizeof(SetHeader) + kMaxPaddingBytes : 0;
    const size_t reserved = (v4_set_.size() != 0 ? kMaxPaddingBytes : 0) + (v6_set_.size() != 0 ? kMaxPaddingBytes : 0);
    const size_t used = writer_.size() + v4_set_.size() + v6_set_.size() + reserved;
    if (kMaxDatagramBytes - used < header + padding() + (flow.is_v4() ? v4_bytes_ : v6_bytes_)) return false;
    if (set.size() == 0) begin_set(set, id(flow.is_v4() ? kTemplateV4 : kTemplateV6));
    for (size_t i = 0; i < padding(); ++i) set.u8(0);
    write_record(set, flow);
    count_data_record();
    return true;
  }

  void change_templates() final {
    ++layout_;
    templates_sent_.reset();
  }

  void restart() override { templates_sent_.reset(); }

  ByteView finish() final {
    for (WireWriter* set : {&v4_set_, &v6_set_}) {
      if (set->size() == 0) continue;
      end_set(*set, 0);
      writer_.bytes(set->view());
    }
    end_message();
    return writer_.view();
  }

 protected:
  virtual void write_header(Timestamp now) = 0;
  virtual void write_templates() = 0;
  virtual void write_options_template() = 0;
  virtual void write_record(WireWriter& set, Flow& flow) = 0;
  virtual void end_message() = 0;

  static size_t begin_set(WireWriter& writer, uint16_t id) {
    const size_t at = writer.size();
    writer.u16(id);
    writer.u16(0);
    return at;
  }
  static void end_set(WireWriter& writer, size_t at) {
    writer.pad_to_multiple_of_4(at);
    writer.patch_u16(at + kLengthInSet, static_cast<uint16_t>(writer.size() - at));
  }
  size_t padding() const { return layout_ % kPaddings; }
  uint16_t id(uint16_t which) const {
    return static_cast<uint16_t>(kFirstTemplate + layout_ / kPaddings % kIdRounds * kTemplates + which);
  }
  void write_template(uint16_t which, std::span<const Field> fields) {
    writer_.u16(id(which));
    writer_.u16(static_cast<uint16_t>(fields.size() + (padding() > 0 ? 1 : 0)));
    const Field filler{kPaddingElement, static_cast<uint16_t>(padding())};
    if (padding() > 0) write_fields({&filler, 1});
    write_fields(fields);
    ++records_in_message_;
  }
  void write_fields(std::span<const Field> fields) {
    for (const Field& field : fields) {
      writer_.u16(field.element);
      writer_.u16(field.length);
    }
  }
  // What both address templates share, between the addresses and the times.
  static void write_common(WireWriter& set, const Flow& flow, bool wide) {
    set.u32(flow.input_interface);
    set.u32(flow.output_interface);
    if (wide) {
      set.u64(flow.packets);
      set.u64(flow.bytes);
    } else {
      set.u32(static_cast<uint32_t>(flow.packets));
      set.u32(static_cast<uint32_t>(flow.bytes));
    }
    set.u16(flow.source_port);
    set.u16(flow.destination_port);
    set.u8(flow.protocol);
    set.u8(flow.tos);
    set.u8(flow.tcp_flags);
    set.u32(flow.source_as);
    set.u32(flow.destination_as);
    set.u8(flow.source_mask);
    set.u8(flow.destination_mask);
  }
  static void write_addresses(WireWriter& set, const Flow& flow) {
    for (const IpAddress& address : {flow.source, flow.destination, flow.next_hop})
      flow.is_v4() ? set.v4(address) : set.v6(address);
  }
  static void write_end(WireWriter& set, const Flow& flow) {
    set.u8(flow.direction);
    set.u8(flow.is_v4() ? 4 : 6);
  }
  void count_data_record() {
    ++records_in_message_;
    ++data_records_in_message_;
  }

  ExporterOptions options_;
  WireWriter writer_;
  uint16_t records_in_message_ = 0;       // templates, too
  uint16_t data_records_in_message_ = 0;  // options data, too

 private:
  void write_options() {
    write_options_template();
    ++records_in_message_;
    const size_t set = begin_set(writer_, id(kTemplateOptions));
    writer_.u32(options_.domain);
    writer_.u32(options_.sampling_interval);
    writer_.u8(1);
    end_set(writer_, set);
    count_data_record();
    ++option_records_;
  }

  uint32_t layout_ = 0;
  WireWriter v4_set_;
  WireWriter v6_set_;
  size_t v4_bytes_;
  size_t v6_bytes_;
  std::optional<Timestamp> templates_sent_;
};

class V9Encoder final : public TemplateEncoder {
 public:
  explicit V9Encoder(const ExporterOptions& options)
      : TemplateEncoder(options, record_bytes(kV9FieldsV4), record_bytes(kV9FieldsV6)), uptime_(options.seed) {}

 private:
  static constexpr size_t kCountOffset = 2;

  void write_header(Timestamp now) override {
    uptime_ms_ = uptime_.at(now);
    writer_.u16(9);
    writer_.u16(0);
    writer_.u32(uptime_ms_);
    writer_.u32(static_cast<uint32_t>(to_us(now) / 1'000'000));
    writer_.u32(sequence_++);  // the unit is datagrams
    writer_.u32(options_.domain);
  }
  void write_templates() override {
    const size_t set = begin_set(writer_, 0);
    write_template(kTemplateV4, kV9FieldsV4);
    write_template(kTemplateV6, kV9FieldsV6);
    end_set(writer_, set);
  }
  void write_options_template() override {
    const size_t set = begin_set(writer_, 1);
    writer_.u16(id(kTemplateOptions));
    writer_.u16(sizeof(Field));  // bytes of scope fields, then of option fields
    writer_.u16(sizeof kOptionFields);
    write_fields({&kScopeSystem, 1});
    write_fields(kOptionFields);
    end_set(writer_, set);
  }
  void write_record(WireWriter& set, Flow& flow) override {
    flow.packets &= 0xffffffff;
    flow.bytes &= 0xffffffff;
    write_addresses(set, flow);
    write_common(set, flow, false);
    const uint32_t last_ms = uptime_ms_ - flow.ended_ms_ago;
    set.u32(last_ms);
    set.u32(last_ms - flow.duration_ms);
    write_end(set, flow);
  }
  void end_message() override { writer_.patch_u16(kCountOffset, records_in_message_); }

  void restart() override {
    TemplateEncoder::restart();
    uptime_.restart();
    sequence_ = 0;
  }
  void clock_jumped(Micros jump) override { uptime_.clock_jumped(jump); }

  Uptime uptime_;
  uint32_t uptime_ms_ = 0;
  uint32_t sequence_ = 0;
};

class IpfixEncoder final : public TemplateEncoder {
 public:
  explicit IpfixEncoder(const ExporterOptions& options)
      : TemplateEncoder(options, record_bytes(kIpfixFieldsV4), record_bytes(kIpfixFieldsV6)) {}

 private:
  static constexpr size_t kLengthOffset = 2;

  void write_header(Timestamp now) override {
    now_ms_ = static_cast<uint64_t>(to_us(now) / 1000);
    writer_.u16(kIpfixVersion);
    writer_.u16(0);
    writer_.u32(static_cast<uint32_t>(now_ms_ / 1000));
    writer_.u32(sequence_);
    writer_.u32(options_.domain);
  }
  void write_templates() override {
    const size_t set = begin_set(writer_, 2);
    write_template(kTemplateV4, kIpfixFieldsV4);
    write_template(kTemplateV6, kIpfixFieldsV6);
    end_set(writer_, set);
  }
  void write_options_template() override {
    const size_t set = begin_set(writer_, 3);
    writer_.u16(id(kTemplateOptions));
    writer_.u16(1 + std::size(kOptionFields));
    writer_.u16(1);  // the first of these fields is a scope
    write_fields({&kScopeObservationDomain, 1});
    write_fields(kOptionFields);
    end_set(writer_, set);
  }
  void write_record(WireWriter& set, Flow& flow) override {
    write_addresses(set, flow);
    write_common(set, flow, true);
    const uint64_t end_ms = now_ms_ - flow.ended_ms_ago;
    set.u64(end_ms);
    set.u64(end_ms - flow.duration_ms);
    write_end(set, flow);
  }
  void end_message() override {
    writer_.patch_u16(kLengthOffset, static_cast<uint16_t>(writer_.size()));
    sequence_ += data_records_in_message_;  // the unit is data records, options data included (RFC 7011 section 3.1)
  }

  void restart() override {
    TemplateEncoder::restart();
    sequence_ = 0;
  }

  uint64_t now_ms_ = 0;
  uint32_t sequence_ = 0;
};

}  // namespace

std::unique_ptr<Encoder> make_v9_encoder(const ExporterOptions& options) {
  return std::make_unique<V9Encoder>(options);
}
std::unique_ptr<Encoder> make_ipfix_encoder(const ExporterOptions& options) {
  return std::make_unique<IpfixEncoder>(options);
}

}  // namespace weir::gen
