#include "pipeline/places_json.h"

#include <boost/json.hpp>
#include <optional>
#include <string_view>

#include "flow/flow_type.h"
#include "pipeline/places.h"

namespace weir::pipeline {
namespace {

namespace json = boost::json;

constexpr size_t kMembers = 17;
constexpr uint8_t kProtocols = 7;  // flow::FlowType

// Takes one member after the other; false once one of them could not be.
class Members {
 public:
  explicit Members(const json::array& array) : array_(array) {}

  template <class Number>
  Number number() {
    json::error_code error;
    const json::value& value = next();
    const auto n = value.is_number() ? value.to_number<Number>(error) : Number{};
    good_ &= value.is_number() && !error;
    return n;
  }
  bool flag() {
    const json::value& value = next();
    good_ &= value.is_bool();
    return value.is_bool() && value.get_bool();
  }
  std::string_view text() {
    const json::value& value = next();
    good_ &= value.is_string();
    return value.is_string() ? std::string_view(value.get_string()) : std::string_view();
  }
  std::optional<IpAddress> address() { return IpAddress::parse(text()); }
  bool good() const { return good_; }

 private:
  const json::value& next() { return array_[at_++]; }
  const json::array& array_;
  size_t at_ = 0;
  bool good_ = true;
};

flow::FlowType type_of(std::string_view name) {
  for (uint8_t type = 0; type < kProtocols; ++type) {
    if (flow::name(static_cast<flow::FlowType>(type)) == name) return static_cast<flow::FlowType>(type);
  }
  return flow::FlowType::unknown;
}

std::optional<decode::SequencePlace> place_from(const json::array& array) {
  if (array.size() != kMembers) return std::nullopt;
  Members in(array);
  decode::SequencePlace place;
  const auto exporter = in.address();
  place.session.type = type_of(in.text());
  place.session.domain = in.number<uint32_t>();
  const std::string_view agent = in.text();
  place.port = decode::ExporterPort{in.number<uint16_t>()};
  place.next = in.number<uint32_t>();
  place.inclusive = in.flag();
  place.has_boot = in.flag();
  place.boot_by_ours = in.number<uint32_t>();
  place.boot_by_its_own = in.number<uint32_t>();
  place.most_units = in.number<uint32_t>();
  place.units = in.number<uint64_t>();
  place.messages = in.number<uint64_t>();
  place.lived_ms = in.number<int64_t>();
  place.heard = timestamp_from_us(in.number<int64_t>());
  place.export_us = in.number<int64_t>();
  place.before_kill = in.flag();
  const auto known_agent = agent.empty() ? std::optional(IpAddress{}) : IpAddress::parse(agent);
  if (!in.good() || !exporter || !known_agent || place.session.type == flow::FlowType::unknown) return std::nullopt;
  place.session.exporter = *exporter;
  place.agent = *known_agent;
  return place;
}

}  // namespace

std::vector<decode::SequencePlace> places_from_json(const json::value& places) {
  std::vector<decode::SequencePlace> all;
  if (!places.is_array()) return all;
  for (const json::value& entry : places.get_array()) {
    if (!entry.is_array() || all.size() >= kMaxPlaces) continue;
    if (auto place = place_from(entry.get_array())) all.push_back(*std::move(place));
  }
  return all;
}

}  // namespace weir::pipeline
