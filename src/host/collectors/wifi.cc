#include "host/collectors/wifi.h"

#include <linux/nl80211.h>

#include <array>
#include <vector>

#include "host/collectors/netclass.h"
#include "host/collectors/options.h"
#include "host/kernel/generic_netlink.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;
using telemetry::Exposition;

constexpr uint8_t kSsidElement = 0;
// An access point serves some hundred stations.
constexpr size_t kMaxStations = 4096;

std::string address_text(ByteView bytes) {
  std::string text;
  write_link_address({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, text);
  return text;
}

// Elements of a beacon: identifier, length, bytes.
std::string find_ssid(ByteView elements) {
  while (elements.size() >= 2) {
    const size_t length = elements[1];
    if (elements.size() - 2 < length) break;
    const ByteView value = elements.subspan(2, length);
    if (elements[0] == kSsidElement) return {value.begin(), value.end()};
    elements = elements.subspan(2 + length);
  }
  return {};
}

template <class Integer>
Integer integer_of(const netlink::Attributes& attributes, uint16_t type) {
  const auto value = attributes.find(type);
  return value ? netlink::host_order<Integer>(*value).value_or(0) : Integer{0};
}

// The bit rate of a nested rate, in units of 100 kbit/s.
uint64_t bits_per_second(const netlink::Attributes& attributes, uint16_t type) {
  const auto rate = attributes.find(type);
  if (!rate) return 0;
  const netlink::Attributes inside(*rate);
  const auto wide = integer_of<uint32_t>(inside, NL80211_RATE_INFO_BITRATE32);
  return uint64_t{wide != 0 ? wide : integer_of<uint16_t>(inside, NL80211_RATE_INFO_BITRATE)} * 100'000;
}

struct Family {
  std::string_view name;
  telemetry::MetricType type;
  std::string_view help;
  uint64_t WifiStation::* value;
};
constexpr auto kFamilies = std::to_array<Family>({
    {"node_wifi_station_beacon_loss_total", counter, "The total number of times a station has detected a beacon loss.",
     &WifiStation::beacon_loss},
    {"node_wifi_station_connected_seconds_total", counter,
     "The total number of seconds a station has been connected to an access point.", &WifiStation::connected_seconds},
    {"node_wifi_station_receive_bits_per_second", gauge,
     "The current WiFi receive bitrate of a station, in bits per second.", &WifiStation::receive_bits_per_second},
    {"node_wifi_station_receive_bytes_total", counter, "The total number of bytes received by a WiFi station.",
     &WifiStation::receive_bytes},
    {"node_wifi_station_transmit_bits_per_second", gauge,
     "The current WiFi transmit bitrate of a station, in bits per second.", &WifiStation::transmit_bits_per_second},
    {"node_wifi_station_transmit_bytes_total", counter, "The total number of bytes transmitted by a WiFi station.",
     &WifiStation::transmit_bytes},
    {"node_wifi_station_transmit_failed_total", counter,
     "The total number of times a station has failed to send a packet.", &WifiStation::transmit_failed},
    {"node_wifi_station_transmit_retries_total", counter,
     "The total number of times a station has had to retry while sending a packet.", &WifiStation::transmit_retries},
});

class Wifi : public Collector {
 public:
  Result<> collect(Exposition& out) override {
    if (!socket_.there()) return no_data();
    TRY(list_interfaces());
    stations_.clear();
    networks_.clear();
    for (const WifiInterface& interface : interfaces_) {
      list_networks(interface);
      list_stations(interface);
    }
    write(out);
    return {};
  }

 private:
  template <class Thing>
  struct Of {
    const WifiInterface* interface;
    Thing thing;
  };

  Result<> list_interfaces() {
    netlink::Request question = socket_.request(NL80211_CMD_GET_INTERFACE, NLM_F_DUMP);
    const auto asked = socket_.ask(
        question, [this] { interfaces_.clear(); },
        [this](const netlink::Message& message) {
          auto interface = parse_wifi_interface(message.payload);
          if (interface) interfaces_.push_back(std::move(*interface));
        });
    if (!asked) return fail("cannot list the wireless interfaces: {}", asked.error().message);
    return {};
  }

  // An interface without stations, such as a monitor, refuses the request.
  void list_networks(const WifiInterface& interface) {
    netlink::Request question = socket_.request(NL80211_CMD_GET_SCAN, NLM_F_DUMP);
    question.add(NL80211_ATTR_IFINDEX, interface.index);
    std::optional<WifiNetwork> found;
    const auto asked = socket_.ask(
        question, [&] { found.reset(); },
        [&](const netlink::Message& message) {
          if (auto network = parse_wifi_network(message.payload)) found = std::move(network);
        });
    if (asked && found) networks_.push_back({&interface, std::move(*found)});
  }

  void list_stations(const WifiInterface& interface) {
    netlink::Request question = socket_.request(NL80211_CMD_GET_STATION, NLM_F_DUMP);
    question.add(NL80211_ATTR_IFINDEX, interface.index);
    const size_t before = stations_.size();
    (void)socket_.ask(
        question, [&] { stations_.resize(before); },
        [&](const netlink::Message& message) {
          auto station = parse_wifi_station(message.payload);
          if (station && stations_.size() < kMaxStations) stations_.push_back({&interface, std::move(*station)});
        });
  }

  void write(Exposition& out) const {
    out.family("node_wifi_interface_frequency_hertz", gauge,
               "The current frequency a WiFi interface is operating at, in hertz.");
    for (const WifiInterface& interface : interfaces_)
      out.sample({{"device", interface.name}}, uint64_t{interface.frequency_megahertz} * 1'000'000);
    out.family("node_wifi_station_info", gauge,
               "Labeled WiFi interface station information as provided by the operating system.");
    for (const auto& [interface, network] : networks_)
      out.sample(
          {{"device", interface->name}, {"bssid", network.bssid}, {"ssid", network.ssid}, {"mode", network.mode}}, 1);
    for (const Family& family : kFamilies) {
      out.family(family.name, family.type, family.help);
      for (const auto& [interface, station] : stations_)
        out.sample({{"device", interface->name}, {"mac_address", station.address}}, station.*family.value);
    }
    out.family("node_wifi_station_inactive_seconds", gauge,
               "The number of seconds since any wireless activity has occurred on a station.");
    for (const auto& [interface, station] : stations_)
      out.sample({{"device", interface->name}, {"mac_address", station.address}},
                 static_cast<double>(station.inactive_milliseconds) / 1000);
    out.family("node_wifi_station_signal_dbm", gauge, "The current WiFi signal strength, in decibel-milliwatts (dBm).");
    for (const auto& [interface, station] : stations_)
      out.sample({{"device", interface->name}, {"mac_address", station.address}}, station.signal_dbm);
  }

  netlink::GenericSocket socket_{NL80211_GENL_NAME};
  std::vector<WifiInterface> interfaces_;
  std::vector<Of<WifiNetwork>> networks_;
  std::vector<Of<WifiStation>> stations_;
};

}  // namespace

std::optional<WifiInterface> parse_wifi_interface(ByteView payload) {
  const auto message = netlink::framed<genlmsghdr>(payload);
  if (!message) return std::nullopt;
  const auto name = message->attributes.find(NL80211_ATTR_IFNAME);
  if (!name || netlink::text_of(*name).empty()) return std::nullopt;
  return WifiInterface{.index = integer_of<uint32_t>(message->attributes, NL80211_ATTR_IFINDEX),
                       .name = std::string(netlink::text_of(*name)),
                       .frequency_megahertz = integer_of<uint32_t>(message->attributes, NL80211_ATTR_WIPHY_FREQ)};
}

std::optional<WifiNetwork> parse_wifi_network(ByteView payload) {
  const auto message = netlink::framed<genlmsghdr>(payload);
  const auto nested = message ? message->attributes.find(NL80211_ATTR_BSS) : std::nullopt;
  if (!nested) return std::nullopt;
  const netlink::Attributes network(*nested);
  const auto status_value = network.find(NL80211_BSS_STATUS);
  const auto status = status_value ? netlink::host_order<uint32_t>(*status_value) : std::nullopt;
  const auto bssid = network.find(NL80211_BSS_BSSID);
  if (!status || !bssid) return std::nullopt;
  WifiNetwork parsed{.bssid = address_text(*bssid), .ssid = {}, .mode = "unknown"};
  if (*status == NL80211_BSS_STATUS_AUTHENTICATED || *status == NL80211_BSS_STATUS_ASSOCIATED) parsed.mode = "client";
  if (*status == NL80211_BSS_STATUS_IBSS_JOINED) parsed.mode = "ad-hoc";
  if (const auto elements = network.find(NL80211_BSS_INFORMATION_ELEMENTS)) parsed.ssid = find_ssid(*elements);
  return parsed;
}

std::optional<WifiStation> parse_wifi_station(ByteView payload) {
  const auto message = netlink::framed<genlmsghdr>(payload);
  const auto address = message ? message->attributes.find(NL80211_ATTR_MAC) : std::nullopt;
  const auto nested = message ? message->attributes.find(NL80211_ATTR_STA_INFO) : std::nullopt;
  if (!address || !nested) return std::nullopt;
  const netlink::Attributes info(*nested);
  // Older kernels have only the short counters.
  const auto bytes = [&info](uint16_t wide, uint16_t narrow) {
    return info.find(wide) ? integer_of<uint64_t>(info, wide) : integer_of<uint32_t>(info, narrow);
  };
  return WifiStation{.address = address_text(*address),
                     .connected_seconds = integer_of<uint32_t>(info, NL80211_STA_INFO_CONNECTED_TIME),
                     .inactive_milliseconds = integer_of<uint32_t>(info, NL80211_STA_INFO_INACTIVE_TIME),
                     .receive_bits_per_second = bits_per_second(info, NL80211_STA_INFO_RX_BITRATE),
                     .transmit_bits_per_second = bits_per_second(info, NL80211_STA_INFO_TX_BITRATE),
                     .receive_bytes = bytes(NL80211_STA_INFO_RX_BYTES64, NL80211_STA_INFO_RX_BYTES),
                     .transmit_bytes = bytes(NL80211_STA_INFO_TX_BYTES64, NL80211_STA_INFO_TX_BYTES),
                     .signal_dbm = integer_of<int8_t>(info, NL80211_STA_INFO_SIGNAL),
                     .transmit_retries = integer_of<uint32_t>(info, NL80211_STA_INFO_TX_RETRIES),
                     .transmit_failed = integer_of<uint32_t>(info, NL80211_STA_INFO_TX_FAILED),
                     .beacon_loss = integer_of<uint32_t>(info, NL80211_STA_INFO_BEACON_LOSS)};
}

Result<std::unique_ptr<Collector>> make_wifi(const Options& /*options*/) { return std::make_unique<Wifi>(); }

}  // namespace weir::host
