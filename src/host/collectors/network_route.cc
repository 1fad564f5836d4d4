#include "host/collectors/network_route.h"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <tuple>

#include "host/collectors/options.h"
#include "host/kernel/links.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;

// How many routes get a series of their own; all are counted. A router of the whole Internet has a million.
constexpr size_t kMaxRoutes = 10'000;

struct Protocol {
  uint8_t number;
  std::string_view name;
};
constexpr auto kProtocols = std::to_array<Protocol>({
    {0, "unspec"},   {1, "redirect"}, {2, "kernel"}, {3, "boot"},      {4, "static"}, {8, "gated"}, {9, "ra"},
    {10, "mrt"},     {11, "zebra"},   {12, "bird"},  {13, "dnrouted"}, {14, "xorp"},  {15, "ntk"},  {16, "dhcp"},
    {17, "mrouted"}, {42, "babel"},   {186, "bgp"},  {187, "isis"},    {188, "ospf"}, {189, "rip"}, {192, "eigrp"},
});

// Empty if it is no address of the family.
std::string address_text(uint8_t family, ByteView value) {
  const size_t size = family == AF_INET ? sizeof(in_addr) : sizeof(in6_addr);
  std::array<char, INET6_ADDRSTRLEN> text;
  if (value.size() != size || ::inet_ntop(family, value.data(), text.data(), text.size()) == nullptr) return {};
  return text.data();
}

// The next hops in a row: rtnexthop (length, flags, hops, index), then attributes.
void parse_multipath(ByteView rest, uint8_t family, const RouteHop& route, std::vector<RouteHop>& hops) {
  rtnexthop header;
  while (rest.size() >= sizeof(header)) {
    std::memcpy(&header, rest.data(), sizeof(header));
    if (header.rtnh_len < sizeof(header) || header.rtnh_len > rest.size()) return;
    const netlink::Attributes attributes(rest.subspan(sizeof(header), header.rtnh_len - sizeof(header)));
    RouteHop& hop = hops.emplace_back(route);
    hop.link_index = static_cast<uint32_t>(header.rtnh_ifindex);
    hop.weight = uint32_t{header.rtnh_hops} + 1;
    if (const auto gateway = attributes.find(RTA_GATEWAY)) hop.gateway = address_text(family, *gateway);
    rest = rest.subspan(std::min(RTNH_ALIGN(size_t{header.rtnh_len}), rest.size()));
  }
}

class NetworkRoute : public Collector {
 public:
  explicit NetworkRoute(const Options& options) : links_(options.links) {}

  Result<> collect(telemetry::Exposition& out) override {
    const auto asked = socket_.ask(
        request_,
        [this] {
          hops_.clear();
          counts_.clear();
        },
        [this](const netlink::Message& message) { take(message); });
    if (!asked) return fail("cannot list the routes: {}", asked.error().message);
    TRY(links_->read(seen_));
    const auto all = [](const RouteHop& hop) {
      return std::tie(hop.link_index, hop.destination, hop.gateway, hop.source, hop.priority, hop.protocol, hop.weight);
    };
    // The same route in several tables is one series.
    std::ranges::sort(hops_, {}, all);
    hops_.erase(std::ranges::unique(hops_, {}, all).begin(), hops_.end());
    out.family("node_network_route_info", gauge, "network routing table information");
    for (const RouteHop& hop : hops_) write(hop, out);
    out.family("node_network_routes", gauge, "network routes by interface");
    for (const Count& count : counts_) out.sample({{"device", links_->name_of(count.link_index)}}, count.routes);
    return {};
  }

 private:
  struct Count {
    uint32_t link_index;
    uint64_t routes;
  };

  void take(const netlink::Message& message) {
    if (message.type != RTM_NEWROUTE) return;
    const size_t before = hops_.size();
    parse_route(message.payload, hops_);
    for (size_t i = before; i < hops_.size(); ++i) {
      auto known = std::ranges::find(counts_, hops_[i].link_index, &Count::link_index);
      if (known == counts_.end()) known = counts_.insert(known, {hops_[i].link_index, 0});
      ++known->routes;
    }
    if (hops_.size() > kMaxRoutes) hops_.resize(kMaxRoutes);
  }

  void write(const RouteHop& hop, telemetry::Exposition& out) const {
    std::array<char, 10> priority;
    std::array<char, 10> weight;
    const auto text = [](std::array<char, 10>& digits, uint32_t number) {
      const char* end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
      return std::string_view(digits.data(), end);
    };
    out.sample({{"device", links_->name_of(hop.link_index)},
                {"src", hop.source},
                {"dest", hop.destination},
                {"gw", hop.gateway},
                {"priority", text(priority, hop.priority)},
                {"proto", route_protocol_text(hop.protocol)},
                {"weight", hop.weight == 0 ? std::string_view() : text(weight, hop.weight)}},
               1);
  }

  std::shared_ptr<LinkTable> links_;
  uint64_t seen_ = 0;
  netlink::Socket socket_{NETLINK_ROUTE};
  netlink::Request request_{RTM_GETROUTE, NLM_F_DUMP, rtmsg{}};
  std::vector<RouteHop> hops_;
  std::vector<Count> counts_;
};

}  // namespace

void parse_route(ByteView payload, std::vector<RouteHop>& hops) {
  auto message = netlink::framed<rtmsg>(payload);
  if (!message || message->header.rtm_type != RTN_UNICAST) return;
  const uint8_t family = message->header.rtm_family;
  if (family != AF_INET && family != AF_INET6) return;
  RouteHop route;
  route.protocol = message->header.rtm_protocol;
  route.destination = "default";
  std::optional<ByteView> multipath;
  while (const auto attribute = message->attributes.next()) {
    const ByteView value = attribute->value;
    switch (attribute->type) {
      case RTA_DST:
        if (message->header.rtm_dst_len > 0)
          route.destination = fmt::format("{}/{}", address_text(family, value), message->header.rtm_dst_len);
        break;
      case RTA_PREFSRC:
        route.source = address_text(family, value);
        break;
      case RTA_GATEWAY:
        route.gateway = address_text(family, value);
        break;
      case RTA_OIF:
        route.link_index = netlink::host_order<uint32_t>(value).value_or(0);
        break;
      case RTA_PRIORITY:
        route.priority = netlink::host_order<uint32_t>(value).value_or(0);
        break;
      case RTA_MULTIPATH:
        multipath = value;
        break;
      default:
        break;
    }
  }
  if (multipath) {
    parse_multipath(*multipath, family, route, hops);
  } else {
    hops.push_back(std::move(route));
  }
}

std::string_view route_protocol_text(uint8_t protocol) {
  const auto found = std::ranges::find(kProtocols, protocol, &Protocol::number);
  return found == kProtocols.end() ? "unknown" : found->name;
}

Result<std::unique_ptr<Collector>> make_network_route(const Options& options) {
  return std::make_unique<NetworkRoute>(options);
}

}  // namespace weir::host
