#include <algorithm>
#include <array>
#include <boost/crc.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <optional>
#include <string_view>
#include <utility>

#include "base/big_endian.h"
#include "decode/session/state.h"
#include "decode/template/convert.h"

namespace weir::decode {
namespace {

using flow::FlowType;

constexpr std::array<uint8_t, 8> kMagic = {'W', 'E', 'I', 'R', 'S', 'T', 'A', 'T'};
constexpr uint32_t kVersion = 2;
constexpr size_t kChecksumBytes = 4;
// The smallest of each, so that a count that cannot be is known before memory is taken for it.
constexpr size_t kLeastLayout = 14;
constexpr size_t kLeastSession = 28;
constexpr size_t kTemplateBytes = 26;
constexpr size_t kRateBytes = 13;
constexpr size_t kLeastName = 11;
// No template of a datagram has more.
constexpr size_t kMostFields = 16'383;
constexpr size_t kMostTextBytes = 4096;
constexpr int64_t kMostUs = 253'402'300'800'000'000;  // the year 10000

using Be8 = BigEndian<uint8_t>;

// CRC-32C finds every error of up to 32 bits in a row. It is against accidents: the parser takes nothing on trust.
uint32_t checksum(ByteView bytes) {
  boost::crc_optimal<32, 0x1edc6f41, 0xffffffff, 0xffffffff, true, true> crc;
  crc.process_bytes(bytes.data(), bytes.size());
  return crc.checksum();
}

// As names are kept: UTF-8 without control characters.
bool is_clean(ByteView text) {
  std::string clean;
  append_utf8(text, clean);
  return std::ranges::equal(text, clean, {}, {}, [](char c) { return static_cast<uint8_t>(c); });
}

class Writer {
 public:
  template <std::unsigned_integral T>
  void put(T value) {
    const auto wire = BigEndian<T>::from(value);
    for (const uint8_t byte : wire.bytes) out_.push_back(byte);
  }
  void put(Timestamp time) { put(static_cast<uint64_t>(std::clamp<int64_t>(to_us(time), 0, kMostUs - 1))); }
  void count(size_t number) { put(static_cast<uint32_t>(number)); }
  template <class Bytes>
  void put_bytes(const Bytes& bytes) {
    out_.insert(out_.end(), bytes.begin(), bytes.end());
  }
  std::vector<uint8_t> finish() {
    put(checksum(out_));
    return std::move(out_);
  }

 private:
  std::vector<uint8_t> out_;
};

// Numbers the layouts in the order of their first use.
class Layouts {
 public:
  uint32_t number(const LayoutPtr& layout) {
    const auto [known, added] = numbers_.try_emplace(layout.get(), static_cast<uint32_t>(all_.size()));
    if (added) all_.push_back(layout.get());
    return known->second;
  }
  const std::vector<const Template*>& all() const { return all_; }

 private:
  std::vector<const Template*> all_;
  boost::unordered_flat_map<const Template*, uint32_t> numbers_;
};

void put_layout(Writer& out, const Template& layout) {
  out.put(std::to_underlying(layout.id));
  out.put(static_cast<uint8_t>(layout.options));
  out.put(static_cast<uint16_t>(layout.fields.size()));
  for (const FieldSpec& field : layout.fields) {
    out.put(field.enterprise);
    out.put(field.element);
    out.put(field.length);
    out.put(static_cast<uint8_t>(field.scope));
  }
}

void put_origin(Writer& out, StreamOrigin origin) {
  out.put(std::to_underlying(origin.port));
  out.put(origin.clock);
}

void put_options(Writer& out, const AnnouncedOptions& options) {
  out.put(options.changed);
  out.put(options.start_ms);
  out.put(options.domain_rate);
  out.count(options.rates.size());
  for (const AnnouncedRate& rate : options.rates) {
    out.put(static_cast<uint8_t>(rate.scope));
    out.put(rate.id);
    out.put(rate.rate);
  }
  out.count(options.names.size());
  for (const AnnouncedName& name : options.names) {
    const std::string_view text = std::string_view(name.text).substr(0, kMostTextBytes);
    out.put(static_cast<uint8_t>(name.kind));
    out.put(name.id);
    out.put(static_cast<uint16_t>(text.size()));
    out.put_bytes(text);
  }
}

void put_session(Writer& out, const SessionState& session, Layouts& layouts) {
  out.put_bytes(session.key.exporter.bytes);
  out.put(session.key.domain);
  out.put(static_cast<uint8_t>(session.key.type));
  out.put(static_cast<uint8_t>(session.sent_data));
  const size_t streams = std::min<size_t>(session.streams.size(), UINT8_MAX);
  out.put(static_cast<uint8_t>(streams));
  for (const StreamState& stream : std::span(session.streams).first(streams)) {
    put_origin(out, stream.origin);
    out.put(static_cast<uint8_t>(stream.has_next));
    out.put(stream.next);
    out.put(stream.heard);
  }
  out.count(session.templates.size());
  for (const TemplateState& known : session.templates) {
    out.put(layouts.number(known.layout));
    put_origin(out, known.origin);
    out.put(known.announced);
    out.put(known.used);
  }
  const size_t options = std::min<size_t>(session.options.size(), UINT8_MAX);
  out.put(static_cast<uint8_t>(options));
  for (const StreamOptions& known : std::span(session.options).first(options)) {
    put_origin(out, known.origin);
    put_options(out, *known.options);
  }
}

// Reads a state; at the first thing that cannot be, `problem` says what, and all further reads give nothing.
class Parser {
 public:
  Parser(ByteView body, const Limits& limits) : in_(body), limits_(limits) {}

  std::expected<DecodedState, StateProblem> run() {
    DecodedState state;
    state.saved = time();
    read_layouts();
    const size_t sessions = count(kLeastSession, "sessions");
    for (size_t i = 0; i < sessions && problem_.empty(); ++i) {
      auto session = std::make_shared<SessionState>();
      read_session(*session);
      if (session->empty() || !problem_.empty()) continue;
      if (state.sessions.size() < limits_.sessions) {
        state.sessions.push_back(std::move(session));
      } else {
        left_out_ += session->templates.size();
      }
    }
    if (problem_.empty() && !in_.empty()) fail("bytes behind the end");
    if (!problem_.empty()) return std::unexpected(StateProblem{false, kVersion, problem_});
    state.left_out = left_out_;
    return state;
  }

 private:
  void fail(std::string_view what) {
    if (problem_.empty()) problem_ = what;
    in_ = ByteReader({});
  }
  template <std::unsigned_integral T>
  T number() {
    const auto wire = in_.read<BigEndian<T>>();
    if (!wire) {
      fail("cut short");
      return 0;
    }
    return *wire;
  }
  Timestamp time() {
    const auto us = number<uint64_t>();
    if (us >= static_cast<uint64_t>(kMostUs)) fail("a time that cannot be");
    return timestamp_from_us(problem_.empty() ? static_cast<int64_t>(us) : 0);
  }
  StreamOrigin origin() {
    const auto port = number<uint16_t>();
    return {ExporterPort{port}, number<uint32_t>()};
  }
  // Of things that take at least so many bytes each.
  size_t count(size_t least, std::string_view what) {
    const auto n = number<uint32_t>();
    if (n <= in_.remaining() / least) return n;
    fail(std::string("more ") + std::string(what) + " than bytes");
    return 0;
  }
  // 0 or 1, or an enumerator below `end`.
  uint8_t below(uint8_t end) {
    const auto value = number<uint8_t>();
    if (value >= end) fail("a value that is not defined");
    return problem_.empty() ? value : uint8_t{0};
  }

  void read_layouts();
  void read_layout();
  void read_session(SessionState& session);
  void read_templates(SessionState& session);
  void read_options(AnnouncedOptions& options);
  void read_names(AnnouncedOptions& options);

  ByteReader in_;
  const Limits& limits_;
  std::vector<LayoutPtr> layouts_;  // nullptr: beyond our limit
  std::string problem_;
  uint64_t left_out_ = 0;
  size_t templates_ = 0;
  size_t name_bytes_ = 0;
};

void Parser::read_layouts() {
  const size_t layouts = count(kLeastLayout, "layouts");
  for (size_t i = 0; i < layouts && problem_.empty(); ++i) read_layout();
}

void Parser::read_layout() {
  auto layout = std::make_shared<Template>();
  layout->id = TemplateId{number<uint16_t>()};
  layout->options = below(2) == 1;
  const auto fields = number<uint16_t>();
  if (layout->id < kFirstTemplateId || fields == 0 || fields > kMostFields) return fail("a template that cannot be");
  const bool fits = fields <= limits_.fields_per_template && layouts_.size() < limits_.templates;
  for (size_t i = 0; i < fields && problem_.empty(); ++i) {
    FieldSpec field{number<uint32_t>(), number<uint16_t>(), number<uint16_t>(), below(2) == 1};
    if (field.scope && !layout->options) return fail("a template that cannot be");
    if (fits) layout->fields.push_back(field);
  }
  layout->measure();
  if (layout->fields.empty()) layout = nullptr;
  if (layout && layout->min_length == 0) return fail("a template that cannot be");
  layouts_.push_back(std::move(layout));
}

void Parser::read_session(SessionState& session) {
  const auto address = in_.read<IpAddress>();
  if (!address) return fail("cut short");
  session.key.exporter = *address;
  session.key.domain = number<uint32_t>();
  session.key.type = static_cast<FlowType>(number<uint8_t>());
  if (session.key.type != FlowType::netflow_v9 && session.key.type != FlowType::ipfix) {
    return fail("a protocol without templates");
  }
  session.sent_data = below(2) == 1;
  const auto streams = number<uint8_t>();
  for (size_t i = 0; i < streams && problem_.empty(); ++i) {
    session.streams.push_back({origin(), below(2) == 1, number<uint32_t>(), time()});
  }
  read_templates(session);
  const auto told = number<uint8_t>();
  for (size_t i = 0; i < told && problem_.empty(); ++i) {
    const StreamOrigin of = origin();
    AnnouncedOptions options;
    read_options(options);
    if (!options.empty()) session.options.push_back({of, std::make_shared<const AnnouncedOptions>(std::move(options))});
  }
  std::ranges::stable_sort(session.options, {}, &StreamOptions::origin);
}

void Parser::read_templates(SessionState& session) {
  const size_t templates = count(kTemplateBytes, "templates");
  for (size_t i = 0; i < templates && problem_.empty(); ++i) {
    const auto layout = number<uint32_t>();
    TemplateState known{nullptr, origin(), time(), time()};
    if (layout >= layouts_.size()) return fail("a template without a layout");
    known.layout = layouts_[layout];
    const bool fits =
        known.layout && templates_ < limits_.templates && session.templates.size() < limits_.templates_per_session;
    if (!fits) {
      ++left_out_;
      continue;
    }
    ++templates_;
    session.templates.push_back(std::move(known));
  }
  std::ranges::stable_sort(session.templates, {}, [](const TemplateState& known) { return known.layout->id; });
}

void Parser::read_options(AnnouncedOptions& options) {
  options.changed = time();
  options.start_ms = number<uint64_t>();
  options.domain_rate = number<uint32_t>();
  const size_t rates = count(kRateBytes, "rates");
  for (size_t i = 0; i < rates && problem_.empty(); ++i) {
    const AnnouncedRate rate{static_cast<RateScope>(below(kRateScopes)), number<uint64_t>(), number<uint32_t>()};
    if (rate.rate == 0) return fail("a sampling rate of zero");
    if (options.rates.size() < limits_.rates_per_session) {
      options.rates.push_back(rate);
    } else {
      ++left_out_;
    }
  }
  std::ranges::sort(options.rates);
  read_names(options);
}

void Parser::read_names(AnnouncedOptions& options) {
  const size_t names = count(kLeastName, "names");
  for (size_t i = 0; i < names && problem_.empty(); ++i) {
    AnnouncedName name{static_cast<NameKind>(below(kNameKinds)), number<uint64_t>(), {}};
    const auto text = in_.take(number<uint16_t>());
    if (!text) return fail("cut short");
    if (text->empty() || text->size() > kMostTextBytes) return fail("a name that cannot be");
    name.text.assign(text->begin(), text->end());
    if (!is_clean(*text)) return fail("a name with bytes that are no text");
    name_bytes_ += name.text.size();
    if (options.names.size() < limits_.names_per_session && name_bytes_ <= limits_.memory) {
      options.names.push_back(std::move(name));
    } else {
      ++left_out_;
    }
  }
  std::ranges::sort(options.names);
}

struct FileHeader {
  std::array<uint8_t, 8> magic;
  Be32 version;
};

}  // namespace

std::vector<uint8_t> encode_state(std::span<const SessionStatePtr> sessions, Timestamp saved) {
  Layouts layouts;
  for (const SessionStatePtr& session : sessions) {
    for (const TemplateState& known : session->templates) layouts.number(known.layout);
  }
  Writer out;
  out.put_bytes(kMagic);
  out.put(kVersion);
  out.put(saved);
  out.count(layouts.all().size());
  for (const Template* layout : layouts.all()) put_layout(out, *layout);
  out.count(sessions.size());
  for (const SessionStatePtr& session : sessions) put_session(out, *session, layouts);
  return out.finish();
}

std::expected<DecodedState, StateProblem> decode_state(ByteView bytes, const Limits& limits) {
  ByteReader in(bytes);
  const auto header = in.read<FileHeader>();
  if (!header || header->magic != kMagic) return std::unexpected(StateProblem{false, 0, "not a state of weir"});
  if (header->version != kVersion) {
    return std::unexpected(StateProblem{
        true, header->version,
        header->version > kVersion ? "written by a later version of weir" : "written by an earlier version of weir"});
  }
  if (in.remaining() < kChecksumBytes) return std::unexpected(StateProblem{false, kVersion, "cut short"});
  const ByteView body = *in.take(in.remaining() - kChecksumBytes);
  const auto expected = *in.read<Be32>();
  if (checksum(bytes.first(bytes.size() - kChecksumBytes)) != expected) {
    return std::unexpected(StateProblem{false, kVersion, "the checksum does not fit: damaged or cut short"});
  }
  return Parser(body, limits).run();
}

}  // namespace weir::decode
