#include "decode/template/options_state.h"

#include <algorithm>
#include <utility>

#include "base/big_endian.h"

namespace weir::decode {
namespace {

// At most `limit` bytes, without half a character at the end.
std::string_view cut(std::string_view text, size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<uint8_t>(text[limit]) & 0xc0) == 0x80) --limit;
  return text.substr(0, limit);
}

uint32_t find_rate(const RateMap& rates, uint64_t id) {
  const auto found = rates.find(id);
  return found == rates.end() ? 0 : found->second;
}

}  // namespace

std::optional<uint64_t> application_key(ByteView application_id) {
  constexpr uint8_t kEnterpriseEngine = 20;
  constexpr size_t kHead = 1 + sizeof(uint32_t);
  if (application_id.empty() || application_id.size() > kHead + 8) return std::nullopt;
  if (application_id[0] == kEnterpriseEngine && application_id.size() > kHead) {
    const uint64_t enterprise = load_be_sized(application_id.subspan(1, sizeof(uint32_t)));
    const uint64_t own = load_be_sized(application_id.subspan(kHead));
    if (enterprise >> 24 != 0 || own >> 32 != 0) return std::nullopt;
    return uint64_t{kEnterpriseEngine} << 56 | enterprise << 32 | own;
  }
  if (application_id.size() > 9) return std::nullopt;
  const uint64_t selector = load_be_sized(application_id.subspan(1));
  if (selector >> 56 != 0) return std::nullopt;
  return uint64_t{application_id[0]} << 56 | selector;
}

void OptionsState::set_domain_rate(uint32_t rate) {
  version_ += rate == domain_rate_ ? 0 : 1;
  domain_rate_ = rate;
}

OptionsState::Learned OptionsState::set_rate(RateScope scope, uint64_t id, uint32_t rate, const Limits& limits) {
  RateMap& rates = rates_[static_cast<size_t>(scope)];
  const auto known = rates.find(id);
  if (known != rates.end()) {
    if (known->second == rate) return Learned::known;
    known->second = rate;
  } else {
    if (rate_count_ >= limits.rates_per_session) return Learned::full;
    rates.emplace(id, rate);
    ++rate_count_;
  }
  ++version_;
  return Learned::changed;
}

OptionsState::Learned OptionsState::set_name(NameKind kind, uint64_t id, std::string_view text, const Limits& limits) {
  text = cut(text, limits.name_length);
  NameMap& names = names_[static_cast<size_t>(kind)];
  const auto known = names.find(id);
  if (known != names.end()) {
    if (known->second == text) return Learned::known;
    name_bytes_ -= memory_of_name(known->second);
    known->second = text;
  } else {
    if (name_count_ >= limits.names_per_session) return Learned::full;
    names.emplace(id, text);
    ++name_count_;
  }
  name_bytes_ += memory_of_name(text);
  ++version_;
  return Learned::changed;
}

void OptionsState::clear() {
  const uint64_t version = version_;
  *this = {};
  version_ = version + 1;
}

uint32_t OptionsState::rate_for(const RateQuery& query) const {
  if (query.selector) {
    if (const uint32_t rate = find_rate(rates(RateScope::selector), *query.selector); rate != 0) return rate;
  }
  const RateMap& interfaces = rates(RateScope::interface);
  if (!interfaces.empty()) {
    if (const uint32_t rate = find_rate(interfaces, query.in_if); rate != 0) return rate;
    if (const uint32_t rate = find_rate(interfaces, query.out_if); rate != 0) return rate;
  }
  const RateMap& templates = rates(RateScope::data_template);
  if (!templates.empty()) {
    if (const uint32_t rate = find_rate(templates, std::to_underlying(query.template_id)); rate != 0) return rate;
  }
  const RateMap& selectors = rates(RateScope::selector);
  if (domain_rate_ == 0 && !query.selector && selectors.size() == 1) return selectors.begin()->second;
  return domain_rate_;
}

const std::string* OptionsState::find_name(NameKind kind, uint64_t id) const {
  const NameMap& names = names_[static_cast<size_t>(kind)];
  if (names.empty()) return nullptr;
  const auto found = names.find(id);
  return found == names.end() ? nullptr : &found->second;
}

uint32_t announced_rate(KnownOptions options, const RateQuery& query) {
  uint32_t rate = options.front()->rate_for(query);
  if (rate != 0) return rate;
  for (const OptionsState* other : options.subspan(1)) {
    const uint32_t candidate = other->rate_for(query);
    if (candidate != 0 && rate != 0 && candidate != rate) return 0;
    if (candidate != 0) rate = candidate;
  }
  return rate;
}

const std::string* find_name(KnownOptions options, NameKind kind, uint64_t id) {
  const std::string* name = options.front()->find_name(kind, id);
  if (name != nullptr) return name;
  for (const OptionsState* other : options.subspan(1)) {
    const std::string* candidate = other->find_name(kind, id);
    if (candidate != nullptr && name != nullptr && *candidate != *name) return nullptr;
    if (candidate != nullptr) name = candidate;
  }
  return name;
}

uint64_t start_ms(KnownOptions options) {
  uint64_t start = options.front()->start_ms();
  if (start != 0) return start;
  for (const OptionsState* other : options.subspan(1)) {
    const uint64_t candidate = other->start_ms();
    if (candidate != 0 && start != 0 && candidate != start) return 0;
    if (candidate != 0) start = candidate;
  }
  return start;
}

}  // namespace weir::decode
