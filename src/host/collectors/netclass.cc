#include "host/collectors/netclass.h"

#include <array>

#include "base/kept_file.h"
#include "base/text.h"
#include "host/collectors/options.h"
#include "host/select/remembered_selector.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;
using telemetry::Exposition;

// After so many scrapes one link is read again, in turn: no counter shows a change of speed or duplex by ethtool -s.
constexpr uint64_t kRefreshInterval = 16;

// If one of these changes, the files of a link have to be read again.
struct Generation {
  std::string name;
  std::string address;
  uint32_t flags = 0;
  uint8_t operstate = 0;
  std::optional<uint32_t> carrier_changes;

  bool is_of(const Link& link) const {
    return name == link.name && address == link.address && flags == link.flags && operstate == link.operstate &&
           carrier_changes == link.carrier_changes;
  }
  void take(const Link& link) {
    name = link.name;
    address = link.address;
    flags = link.flags;
    operstate = link.operstate;
    carrier_changes = link.carrier_changes;
  }
};

// What netlink does not report of a link, and the texts of what it does.
struct Details {
  Generation generation;
  std::string address;
  std::string broadcast;
  std::string duplex;
  std::optional<uint64_t> address_assign_type;
  std::optional<uint64_t> name_assign_type;
  std::optional<uint64_t> device_id;
  std::optional<int64_t> speed;  // Mbit/s; -1: unknown
};

struct Known {
  const Link* link;
  const Details* details;
};

// A value of a link; nothing if it has none now.
template <class Value>
void write(Exposition& out, std::span<const Known> links, std::string_view name, telemetry::MetricType type,
           std::string_view help, Value&& value) {
  out.family(name, type, help);
  for (const Known& known : links) {
    if (const auto number = value(known)) out.sample({{"device", known.link->name}}, *number);
  }
}

#define WEIR_PROPERTY(field, type, expression)                                                           \
  write(out, links, "node_network_" field, type, "Network device property: " field, [](const Known& k) { \
    const Link& link [[maybe_unused]] = *k.link;                                                         \
    const Details& details [[maybe_unused]] = *k.details;                                                \
    return std::optional(expression);                                                                    \
  })

void write_info(Exposition& out, std::span<const Known> links) {
  out.family("node_network_info", gauge, "Non-numeric data from /sys/class/net/<iface>, value is always 1.");
  for (const auto& [link, details] : links) {
    out.sample({{"device", link->name},
                {"address", details->address},
                {"broadcast", details->broadcast},
                {"duplex", details->duplex},
                {"operstate", operstate_text(link->operstate)},
                {"adminstate", link->is_up() ? "up" : "down"},
                {"ifalias", link->alias}},
               1);
  }
  write(out, links, "node_network_up", gauge, "Value is 1 if operstate is 'up', 0 otherwise.",
        [](const Known& k) { return std::optional(operstate_text(k.link->operstate) == "up"); });
}

void write_properties(Exposition& out, std::span<const Known> links) {
  // The kernel reports neither carrier nor dormant for a link that is down.
  const auto if_up = [](const Link& link, bool value) { return link.is_up() ? std::optional(value) : std::nullopt; };
  WEIR_PROPERTY("address_assign_type", gauge, details.address_assign_type);
  write(out, links, "node_network_carrier", gauge, "Network device property: carrier",
        [&](const Known& k) { return if_up(*k.link, k.link->carrier); });
  WEIR_PROPERTY("carrier_changes_total", counter, link.carrier_changes);
  WEIR_PROPERTY("carrier_down_changes_total", counter, link.carrier_downs);
  WEIR_PROPERTY("carrier_up_changes_total", counter, link.carrier_ups);
  WEIR_PROPERTY("device_id", gauge, details.device_id);
  write(out, links, "node_network_dormant", gauge, "Network device property: dormant",
        [&](const Known& k) { return if_up(*k.link, k.link->is_dormant()); });
  WEIR_PROPERTY("flags", gauge, link.set_flags());
  WEIR_PROPERTY("iface_id", gauge, link.index);
  WEIR_PROPERTY("iface_link", gauge, link.peer);
  WEIR_PROPERTY("iface_link_mode", gauge, link.link_mode);
  WEIR_PROPERTY("mtu_bytes", gauge, link.mtu);
  WEIR_PROPERTY("name_assign_type", gauge, details.name_assign_type);
  WEIR_PROPERTY("net_dev_group", gauge, link.group);
  WEIR_PROPERTY("protocol_type", gauge, link.type);
  WEIR_PROPERTY("transmit_queue_length", gauge, link.queue_length);
}

#undef WEIR_PROPERTY

class Netclass : public Collector {
 public:
  Netclass(const Options& options, Selector selector)
      : links_(options.links),
        selector_(std::move(selector)),
        folder_(options.sysfs + "/class/net/"),
        ignore_invalid_speed_(options.netclass_ignore_invalid_speed) {}

  Result<> collect(Exposition& out) override {
    const std::span<const Link> links = TRY(links_->read(seen_));
    const size_t refreshed = scrapes_++ % kRefreshInterval == 0 && !links.empty()
                                 ? scrapes_ / kRefreshInterval % links.size()
                                 : links.size();
    // A link keeps its place as long as none comes or goes. Resized first, as known_ points into it.
    if (details_.size() < links.size()) details_.resize(links.size());
    known_.clear();
    for (size_t i = 0; i < links.size(); ++i) {
      const Link& link = links[i];
      if (!selector_.selects(i, link.name)) continue;
      Details& details = details_[i];
      if (i == refreshed || !details.generation.is_of(link)) read_details(link, details);
      known_.push_back({&link, &details});
    }
    write_info(out, known_);
    write_properties(out, known_);
    write(out, std::span<const Known>(known_), "node_network_speed_bytes", gauge,
          "Network device property: speed_bytes", [this](const Known& k) { return speed_bytes(*k.details); });
    return {};
  }

 private:
  std::optional<int64_t> speed_bytes(const Details& details) const {
    if (!details.speed || (*details.speed < 0 && ignore_invalid_speed_)) return std::nullopt;
    return *details.speed * (1'000'000 / 8);
  }

  // The text of the file, without its line end; empty if it has none (EINVAL: the link is down).
  std::string_view read_property(const std::string& name, std::string_view property) {
    path_.assign(folder_).append(name).append("/").append(property);
    const auto text = try_read_file(path_, buffer_);
    return text ? trimmed(*text) : std::string_view();
  }

  void read_details(const Link& link, Details& details) {
    details.generation.take(link);
    write_link_address(link.address, details.address);
    write_link_address(link.broadcast, details.broadcast);
    details.duplex = read_property(link.name, "duplex");
    details.address_assign_type = parse_number<uint64_t>(read_property(link.name, "addr_assign_type"));
    details.name_assign_type = parse_number<uint64_t>(read_property(link.name, "name_assign_type"));
    details.speed = parse_number<int64_t>(read_property(link.name, "speed"));
    std::string_view device_id = read_property(link.name, "dev_id");
    if (device_id.starts_with("0x")) device_id.remove_prefix(2);
    details.device_id = parse_number<uint64_t>(device_id, 16);
  }

  std::shared_ptr<LinkTable> links_;
  uint64_t seen_ = 0;
  RememberedSelector selector_;
  std::string folder_;
  bool ignore_invalid_speed_;
  uint64_t scrapes_ = 1;
  std::vector<Details> details_;
  std::vector<Known> known_;
  std::string path_;
  std::string buffer_;
};

}  // namespace

void write_link_address(std::string_view bytes, std::string& text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  text.clear();
  for (const char byte : bytes) {
    if (!text.empty()) text += ':';
    text += kDigits[static_cast<uint8_t>(byte) >> 4];
    text += kDigits[static_cast<uint8_t>(byte) & 15];
  }
}

std::string_view operstate_text(uint8_t operstate) {
  constexpr std::array<std::string_view, 7> kNames{"unknown", "notpresent", "down", "lowerlayerdown",
                                                   "testing", "dormant",    "up"};
  return operstate < kNames.size() ? kNames[operstate] : "unknown";
}

Result<std::unique_ptr<Collector>> make_netclass(const Options& options) {
  Selector selector = TRY(Selector::compile({.include = {}, .exclude = options.netclass_ignored_devices},
                                            "--collector.netclass.ignored-devices"));
  return std::make_unique<Netclass>(options, std::move(selector));
}

}  // namespace weir::host
