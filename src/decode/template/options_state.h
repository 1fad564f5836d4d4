// What options records of one observation domain say (RFC 7011 section 3.4.2.2, RFC 3954 section 6.1): sampling rates
// by sampler, interface, template or for the whole domain, and names of what flow records give numbers of.
//
// Persistent, that is worth writing into a state file, is all that the public accessors show: domain_rate(), rates(),
// names() and start_ms(). set_rate(), set_name() and set_start_ms() put it back.
#pragma once

#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/keyed_hash.h"
#include "decode/common/limits.h"
#include "decode/template/template.h"

namespace weir::decode {

// What a rate is a rate of, besides the whole domain.
enum class RateScope : uint8_t {
  selector,       // 302 selectorId, 48 samplerId
  interface,      // SNMP index
  data_template,  // id of the template of data records
};
inline constexpr size_t kRateScopes = 3;

// What a name is a name of; the number in parentheses is the key.
enum class NameKind : uint8_t {
  interface_name,           // 82 (SNMP index)
  interface_description,    // 83
  vrf,                      // 236 (VRF id)
  application,              // 96 (application_key() of 95)
  application_description,  // 94
  selector,                 // 335, 84 (selector or sampler id)
};
inline constexpr size_t kNameKinds = 6;

using RateMap = boost::unordered_flat_map<uint64_t, uint32_t, KeyedHash>;
using NameMap = boost::unordered_flat_map<uint64_t, std::string, KeyedHash>;  // UTF-8, never empty

// RFC 6759 section 4.1: one byte classification engine, then the selector in up to 7 bytes here, or of engine 20 an
// enterprise number and a selector of its own; the lengths that exporters use differ between options and data. nullopt
// if it is empty or too large for a key.
std::optional<uint64_t> application_key(ByteView application_id);

// What a flow record says about who sampled it.
struct RateQuery {
  std::optional<uint64_t> selector;
  uint32_t in_if = 0;  // 0: not known
  uint32_t out_if = 0;
  TemplateId template_id{};
};

class OptionsState {
 public:
  enum class Learned : uint8_t { known, changed, full };

  // Rates are never zero. full: there are as many as Limits::rates_per_session already, and this is a new one. More are
  // ignored: it is no use to forget others.
  void set_domain_rate(uint32_t rate);
  Learned set_rate(RateScope scope, uint64_t id, uint32_t rate, const Limits& limits);
  // text: not empty. It is cut to Limits::name_length.
  Learned set_name(NameKind kind, uint64_t id, std::string_view text, const Limits& limits);
  void set_start_ms(uint64_t start_ms) { start_ms_ = start_ms; }
  void clear();

  uint32_t domain_rate() const { return domain_rate_; }
  const RateMap& rates(RateScope scope) const { return rates_[static_cast<size_t>(scope)]; }
  const NameMap& names(NameKind kind) const { return names_[static_cast<size_t>(kind)]; }
  uint64_t start_ms() const { return start_ms_; }  // systemInitTimeMilliseconds, 0 if not known

  bool has_names() const { return name_count_ > 0; }
  bool has_rates() const { return (rate_count_ | domain_rate_) != 0; }
  // Memory of rates and names, about, with that of their snapshot.
  size_t memory() const { return name_bytes_ + rate_count_ * kRateBytes; }
  static size_t memory_of_name(std::string_view text) { return kNameBytes + 2 * text.size(); }
  static constexpr size_t kRateBytes = 56;
  // Counts changes of what is known.
  uint64_t version() const { return version_; }

  // The rate of a record: of its sampler if it names one that we know, else of its input, then its output interface,
  // its template, its domain. A record that names no sampler, of a domain with one sampler only, was sampled by that
  // one. 0: not announced.
  uint32_t rate_for(const RateQuery& query) const;
  const std::string* find_name(NameKind kind, uint64_t id) const;  // nullptr: not known

 private:
  static constexpr size_t kNameBytes = 128;

  uint32_t domain_rate_ = 0;
  std::array<RateMap, kRateScopes> rates_;
  std::array<NameMap, kNameKinds> names_;
  uint64_t start_ms_ = 0;
  // Derived.
  size_t rate_count_ = 0;
  size_t name_count_ = 0;
  size_t name_bytes_ = 0;
  uint64_t version_ = 0;
};

// The options that hold for a stream's records: its own first, then those of others that may hold for it, such as
// domains of the same exporter that send nothing but options. Cisco IOS XE announces samplers, interfaces and
// applications under another source id than that of its flows (public captures have 6 and 256). Never empty.
using KnownOptions = std::span<const OptionsState* const>;

// The stream's own, else what the others agree on. Nothing (0, nullptr): not announced, or they contradict each other.
uint32_t announced_rate(KnownOptions options, const RateQuery& query);
const std::string* find_name(KnownOptions options, NameKind kind, uint64_t id);
uint64_t start_ms(KnownOptions options);

}  // namespace weir::decode
