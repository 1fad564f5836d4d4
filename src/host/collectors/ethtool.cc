#include "host/collectors/ethtool.h"

#include <linux/ethtool.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "host/collectors/options.h"
#include "host/kernel/ethtool_socket.h"
#include "host/kernel/links.h"
#include "host/select/remembered_selector.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;
using telemetry::Exposition;

constexpr std::string_view kPrefix = "node_ethtool_";

// The names that node_exporter gives to the most usual statistics.
struct Usual {
  std::string_view statistic;
  std::string_view family;
  std::string_view help;
};
constexpr auto kUsual = std::to_array<Usual>({
    {"rx_bytes", "node_ethtool_received_bytes_total", "Network interface bytes received"},
    {"rx_dropped", "node_ethtool_received_dropped_total", "Number of received frames dropped"},
    {"rx_errors", "node_ethtool_received_errors_total", "Number of received frames with errors"},
    {"rx_packets", "node_ethtool_received_packets_total", "Network interface packets received"},
    {"tx_bytes", "node_ethtool_transmitted_bytes_total", "Network interface bytes sent"},
    {"tx_errors", "node_ethtool_transmitted_errors_total", "Number of sent frames with errors"},
    {"tx_packets", "node_ethtool_transmitted_packets_total", "Network interface packets sent"},
});

constexpr auto kSpeeds = std::to_array<EthtoolSpeed>({
    {0, 10, false, "10baseT"},
    {1, 10, true, "10baseT"},
    {2, 100, false, "100baseT"},
    {3, 100, true, "100baseT"},
    {4, 1000, false, "1000baseT"},
    {5, 1000, true, "1000baseT"},
    {12, 10000, true, "10000baseT"},
    {15, 2500, true, "2500baseX"},
    {17, 1000, true, "1000baseKX"},
    {18, 10000, true, "10000baseKX4"},
    {19, 10000, true, "10000baseKR"},
    {20, 10000, true, "10000baseR_FEC"},
    {21, 20000, true, "20000baseMLD2"},
    {22, 20000, true, "20000baseKR2"},
    {23, 40000, true, "40000baseKR4"},
    {24, 40000, true, "40000baseCR4"},
    {25, 40000, true, "40000baseSR4"},
    {26, 40000, true, "40000baseLR4"},
    {27, 56000, true, "56000baseKR4"},
    {28, 56000, true, "56000baseCR4"},
    {29, 56000, true, "56000baseSR4"},
    {30, 56000, true, "56000baseLR4"},
    {31, 25000, true, "25000baseCR"},
    {32, 25000, true, "25000baseKR"},
    {33, 25000, true, "25000baseSR"},
    {34, 50000, true, "50000baseCR2"},
    {35, 50000, true, "50000baseKR2"},
    {36, 100000, true, "100000baseKR4"},
    {37, 100000, true, "100000baseSR4"},
    {38, 100000, true, "100000baseCR4"},
    {39, 100000, true, "100000baseLR4_ER4"},
    {40, 50000, true, "50000baseSR2"},
    {41, 1000, true, "1000baseX"},
    {42, 10000, true, "10000baseCR"},
    {43, 10000, true, "10000baseSR"},
    {44, 10000, true, "10000baseLR"},
    {45, 10000, true, "10000baseLRM"},
    {46, 10000, true, "10000baseER"},
    {47, 2500, true, "2500baseT"},
    {48, 5000, true, "5000baseT"},
});

struct Port {
  unsigned bit;
  std::string_view type;
};
constexpr auto kPorts = std::to_array<Port>({
    {ETHTOOL_LINK_MODE_TP_BIT, "TP"},
    {ETHTOOL_LINK_MODE_AUI_BIT, "AUI"},
    {ETHTOOL_LINK_MODE_MII_BIT, "MII"},
    {ETHTOOL_LINK_MODE_FIBRE_BIT, "FIBRE"},
    {ETHTOOL_LINK_MODE_BNC_BIT, "BNC"},
    {ETHTOOL_LINK_MODE_Backplane_BIT, "Backplane"},
});

// What one link has. Read when the link is new, or when the number of its statistics changes.
struct Device {
  uint32_t index = 0;
  std::string name;
  std::optional<EthtoolDriver> driver;
  size_t statistics = 0;
  std::vector<std::string> names;
  std::optional<EthtoolLink> link;
  std::vector<uint64_t> values;  // of this scrape; empty: it has none now
};

// A family, and where its samples are.
struct Sample {
  size_t device;
  size_t statistic;
};
struct Family {
  std::string name;
  std::string help;
  std::vector<Sample> samples;
};

class Ethtool : public Collector {
 public:
  Ethtool(const Options& options, Selector devices, Selector metrics)
      : links_(options.links), selector_(std::move(devices)), metrics_(std::move(metrics)) {}

  Result<> collect(Exposition& out) override {
    TRY(socket_.open());
    const std::span<const Link> links = TRY(links_->read(seen_));
    bool changed = match(links);
    for (Device& device : devices_) changed |= read(device);
    if (changed) build_families();
    write_drivers(out);
    write_links(out);
    write_statistics(out);
    return {};
  }

 private:
  // True if there are other devices than before.
  bool match(std::span<const Link> links) {
    const auto is_shown = [&](const Link& link) {
      return selector_.selects(static_cast<size_t>(&link - links.data()), link.name);
    };
    const auto same = [](const Link& link, const Device& device) {
      return link.index == device.index && link.name == device.name;
    };
    size_t position = 0;
    bool equal = true;
    for (const Link& link : links) {
      if (!is_shown(link)) continue;
      equal = equal && position < devices_.size() && same(link, devices_[position]);
      ++position;
    }
    if (equal && position == devices_.size()) return false;
    devices_.clear();
    for (const Link& link : links) {
      if (!is_shown(link)) continue;
      Device& device = devices_.emplace_back();
      device.index = link.index;
      device.name = link.name;
      device.driver = socket_.driver(link.name);
      read_names(device);
    }
    return true;
  }

  void read_names(Device& device) {
    const auto texts = socket_.statistic_names(device.name);
    device.names = texts ? parse_ethtool_strings(*texts) : std::vector<std::string>();
  }

  // True if its statistics have other names than before.
  bool read(Device& device) {
    device.link = socket_.link(device.name);
    device.values.clear();
    if (device.names.empty() || socket_.statistics(device.name, device.names.size(), device.values)) return false;
    // A queue was added or removed.
    read_names(device);
    device.values.clear();
    if (!device.names.empty() && !socket_.statistics(device.name, device.names.size(), device.values))
      device.values.clear();
    return true;
  }

  void build_families() {
    families_.clear();
    for (size_t i = 0; i < devices_.size(); ++i) {
      for (size_t k = 0; k < devices_[i].names.size(); ++k) {
        if (metrics_.selects(devices_[i].names[k])) add(i, k);
      }
    }
    std::ranges::sort(families_, {}, &Family::name);
  }

  void add(size_t device, size_t statistic) {
    const std::string& name = devices_[device].names[statistic];
    const auto usual = std::ranges::find(kUsual, name, &Usual::statistic);
    const bool is_usual = usual != kUsual.end();
    std::string family_name = is_usual ? std::string(usual->family) : ethtool_family_name(name);
    if (family_name.size() <= kPrefix.size()) return;
    auto family = std::ranges::find(families_, family_name, &Family::name);
    if (family == families_.end()) {
      families_.push_back({.name = std::move(family_name),
                           .help = is_usual ? std::string(usual->help) : fmt::format("Network interface {}", name),
                           .samples = {}});
      family = std::prev(families_.end());
    }
    // Two statistics of a driver may become the same name. The first one is shown.
    if (std::ranges::find(family->samples, device, &Sample::device) == family->samples.end())
      family->samples.push_back({.device = device, .statistic = statistic});
  }

  void write_drivers(Exposition& out) const {
    out.family("node_ethtool_info", gauge,
               "A metric with a constant '1' value labeled by bus_info, device, driver, expansion_rom_version, "
               "firmware_version, version.");
    for (const Device& device : devices_) {
      if (!device.driver) continue;
      out.sample({{"bus_info", device.driver->bus_info},
                  {"device", device.name},
                  {"driver", device.driver->driver},
                  {"expansion_rom_version", device.driver->expansion_rom_version},
                  {"firmware_version", device.driver->firmware_version},
                  {"version", device.driver->version}},
                 1);
    }
  }

  using Bits = std::array<uint32_t, 4> EthtoolLink::*;

  void write_bit(Exposition& out, std::string_view name, std::string_view help, Bits bits, unsigned bit) const {
    out.family(name, gauge, help);
    for (const Device& device : devices_) {
      if (device.link) out.sample({{"device", device.name}}, EthtoolLink::has((*device.link).*bits, bit));
    }
  }

  void write_speeds(Exposition& out, std::string_view name, std::string_view help, Bits bits) const {
    out.family(name, gauge, help);
    for (const Device& device : devices_) {
      if (!device.link) continue;
      for (const EthtoolSpeed& speed : kSpeeds) {
        if (EthtoolLink::has((*device.link).*bits, speed.bit))
          out.sample({{"device", device.name}, {"duplex", speed.full_duplex ? "full" : "half"}, {"mode", speed.mode}},
                     uint64_t{speed.megabits} * (1'000'000 / 8));
      }
    }
  }

  void write_links(Exposition& out) const {
    constexpr Bits kSupported = &EthtoolLink::supported;
    constexpr Bits kAdvertised = &EthtoolLink::advertised;
    write_speeds(out, "node_network_advertised_speed_bytes",
                 "Combination of speeds and features offered by network device", kAdvertised);
    write_bit(out, "node_network_asymmetricpause_advertised", "If this port device offers asymmetric pause capability",
              kAdvertised, ETHTOOL_LINK_MODE_Asym_Pause_BIT);
    write_bit(out, "node_network_asymmetricpause_supported", "If this port device supports asymmetric pause frames",
              kSupported, ETHTOOL_LINK_MODE_Asym_Pause_BIT);
    out.family("node_network_autonegotiate", gauge, "If this port is using autonegotiate");
    for (const Device& device : devices_) {
      if (device.link) out.sample({{"device", device.name}}, device.link->autonegotiation);
    }
    write_bit(out, "node_network_autonegotiate_advertised", "If this port device offers autonegotiate", kAdvertised,
              ETHTOOL_LINK_MODE_Autoneg_BIT);
    write_bit(out, "node_network_autonegotiate_supported", "If this port device supports autonegotiate", kSupported,
              ETHTOOL_LINK_MODE_Autoneg_BIT);
    write_bit(out, "node_network_pause_advertised", "If this port device offers pause capability", kAdvertised,
              ETHTOOL_LINK_MODE_Pause_BIT);
    write_bit(out, "node_network_pause_supported", "If this port device supports pause frames", kSupported,
              ETHTOOL_LINK_MODE_Pause_BIT);
    out.family("node_network_supported_port_info", gauge, "Type of ports or PHYs supported by network device");
    for (const Device& device : devices_) {
      for (const Port& port : kPorts) {
        if (device.link && EthtoolLink::has(device.link->supported, port.bit))
          out.sample({{"device", device.name}, {"type", port.type}}, 1);
      }
    }
    write_speeds(out, "node_network_supported_speed_bytes",
                 "Combination of speeds and features supported by network device", kSupported);
  }

  void write_statistics(Exposition& out) const {
    for (const Family& family : families_) {
      out.family(family.name, untyped, family.help);
      for (const Sample& sample : family.samples) {
        const Device& device = devices_[sample.device];
        if (sample.statistic < device.values.size())
          out.sample({{"device", device.name}}, device.values[sample.statistic]);
      }
    }
  }

  std::shared_ptr<LinkTable> links_;
  uint64_t seen_ = 0;
  RememberedSelector selector_;
  Selector metrics_;
  EthtoolSocket socket_;
  std::vector<Device> devices_;
  std::vector<Family> families_;
};

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

// "rx" between underscores or ends becomes "received". An underscore that ended one such word begins no other.
std::string with_word(std::string_view text, std::string_view word, std::string_view replacement) {
  std::string replaced;
  size_t done = 0;
  for (size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
    if (at < done) continue;
    const bool begins = at == 0 || (at > done && text[at - 1] == '_');
    const size_t end = at + word.size();
    if (!begins || (end < text.size() && text[end] != '_')) continue;
    replaced.append(text.substr(done, at - done)).append(replacement);
    done = end;
    if (done < text.size()) {
      replaced += '_';
      ++done;
    }
  }
  return replaced.append(text.substr(done));
}

}  // namespace

std::string ethtool_family_name(std::string_view statistic) {
  std::string name;
  for (size_t i = 0; i < statistic.size();) {
    if (is_word(statistic[i])) {
      name += static_cast<char>(std::tolower(static_cast<unsigned char>(statistic[i++])));
      continue;
    }
    // Characters that a name cannot have, with any underscores beside them, become one underscore.
    const size_t begin = i;
    while (i < statistic.size() && !is_word(statistic[i])) ++i;
    const std::string_view run = statistic.substr(begin, i - begin);
    name += run.find_first_not_of('_') == std::string_view::npos ? run : std::string_view("_");
  }
  name.erase(0, std::min(name.find_first_not_of('_'), name.size()));
  name = with_word(name, "rx", "received");
  return std::string(kPrefix) + with_word(name, "tx", "transmitted");
}

std::vector<std::string> parse_ethtool_strings(ByteView texts) {
  std::vector<std::string> names;
  while (texts.size() >= ETH_GSTRING_LEN) {
    const ByteView text = texts.first(ETH_GSTRING_LEN);
    names.emplace_back(text.begin(), std::ranges::find(text, uint8_t{0}));
    texts = texts.subspan(ETH_GSTRING_LEN);
  }
  return names;
}

std::span<const EthtoolSpeed> ethtool_speeds() { return kSpeeds; }

Result<std::unique_ptr<Collector>> make_ethtool(const Options& options) {
  Selector devices = TRY(Selector::compile(options.ethtool_device, "--collector.ethtool.device"));
  Selector metrics = TRY(Selector::compile({.include = options.ethtool_metrics_include, .exclude = {}},
                                           "--collector.ethtool.metrics-include"));
  return std::make_unique<Ethtool>(options, std::move(devices), std::move(metrics));
}

}  // namespace weir::host
