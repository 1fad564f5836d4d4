#include "host/kernel/links.h"

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <algorithm>

namespace weir::host {
namespace {

// Newer than the kernel headers of Debian 12.
constexpr uint16_t kAllMulticast = 61;  // IFLA_ALLMULTI

// Asks for all counters (no RTEXT_FILTER_SKIP_STATS), and for no virtual functions (no RTEXT_FILTER_VF): a link may
// have hundreds.
netlink::Request link_request() {
  netlink::Request request(RTM_GETLINK, NLM_F_DUMP, ifinfomsg{});
  request.add(IFLA_EXT_MASK, uint32_t{0});
  return request;
}

template <class Integer>
void take(ByteView value, Integer& into) {
  if (const auto integer = netlink::host_order<Integer>(value)) into = *integer;
}

void assign(std::string& text, ByteView bytes) { text.assign(bytes.begin(), bytes.end()); }

// The kernel may know more or fewer counters than we do.
void take_counters(ByteView value, std::span<uint64_t, kLinkCounters> counters) {
  for (uint64_t& counter : counters) {
    if (value.size() < sizeof(counter)) return;
    take(value.first(sizeof(counter)), counter);
    value = value.subspan(sizeof(counter));
  }
}

void take_attribute(const netlink::Attribute& attribute, Link& link) {
  const ByteView value = attribute.value;
  switch (attribute.type) {
    case IFLA_IFNAME:
      link.name = netlink::text_of(value);
      break;
    case IFLA_ADDRESS:
      assign(link.address, value);
      break;
    case IFLA_BROADCAST:
      assign(link.broadcast, value);
      break;
    case IFLA_IFALIAS:
      link.alias = netlink::text_of(value);
      break;
    case IFLA_MTU:
      take(value, link.mtu);
      break;
    case IFLA_LINK:
      take(value, link.peer);
      break;
    case IFLA_TXQLEN:
      take(value, link.queue_length);
      break;
    case IFLA_GROUP:
      take(value, link.group);
      break;
    case IFLA_OPERSTATE:
      take(value, link.operstate);
      break;
    case IFLA_LINKMODE:
      take(value, link.link_mode);
      break;
    case IFLA_CARRIER:
      link.carrier = netlink::host_order<uint8_t>(value).value_or(0) != 0;
      break;
    case IFLA_PROMISCUITY:
      take(value, link.promiscuity);
      break;
    case kAllMulticast:
      link.all_multicast = netlink::host_order<uint32_t>(value);
      break;
    case IFLA_CARRIER_CHANGES:
      link.carrier_changes = netlink::host_order<uint32_t>(value);
      break;
    case IFLA_CARRIER_UP_COUNT:
      link.carrier_ups = netlink::host_order<uint32_t>(value);
      break;
    case IFLA_CARRIER_DOWN_COUNT:
      link.carrier_downs = netlink::host_order<uint32_t>(value);
      break;
    case IFLA_STATS64:
      take_counters(value, link.counters);
      break;
    default:
      break;
  }
}

// Sets everything to its default. The strings keep their capacity.
void reset(Link& link) {
  Link fresh;
  std::swap(fresh.name, link.name);
  std::swap(fresh.address, link.address);
  std::swap(fresh.broadcast, link.broadcast);
  std::swap(fresh.alias, link.alias);
  for (std::string* text : {&fresh.name, &fresh.address, &fresh.broadcast, &fresh.alias}) text->clear();
  link = std::move(fresh);
}

}  // namespace

uint32_t Link::set_flags() const {
  constexpr uint32_t kStates = IFF_RUNNING | IFF_LOWER_UP | IFF_DORMANT;
  // Netlink reports IFF_PROMISC only if a user set it; packet captures are counted in `promiscuity`.
  uint32_t set = flags & ~(kStates | IFF_PROMISC);
  if (promiscuity > 0) set |= IFF_PROMISC;
  if (all_multicast) set = (set & ~uint32_t{IFF_ALLMULTI}) | (*all_multicast > 0 ? uint32_t{IFF_ALLMULTI} : 0);
  return set;
}

bool Link::is_up() const { return (flags & IFF_UP) != 0; }
bool Link::is_dormant() const { return (flags & IFF_DORMANT) != 0; }

bool parse_link(ByteView payload, Link& link) {
  auto message = netlink::framed<ifinfomsg>(payload);
  if (!message) return false;
  reset(link);
  link.index = static_cast<uint32_t>(message->header.ifi_index);
  link.type = message->header.ifi_type;
  link.flags = message->header.ifi_flags;
  link.peer = link.index;
  while (const auto attribute = message->attributes.next()) take_attribute(*attribute, link);
  return !link.name.empty();
}

LinkTable::LinkTable(Clock clock) : clock_(clock), request_(link_request()) {}

LinkTable::LinkTable(std::vector<Link> links) : LinkTable() {
  links_ = std::move(links);
  count_ = links_.size();
  fixed_ = true;
}

Result<> LinkTable::dump() {
  if (fixed_) return {};
  const auto restart = [this] { count_ = 0; };
  return socket_.ask(request_, restart, [this](const netlink::Message& message) {
    if (message.type != RTM_NEWLINK) return;
    if (count_ == links_.size()) links_.emplace_back();
    if (parse_link(message.payload, links_[count_])) ++count_;
  });
}

Result<std::span<const Link>> LinkTable::read(uint64_t& seen) {
  const auto now = clock_();
  if (number_ == seen || now - read_at_ > kSameScrape) {
    if (auto dumped = dump(); !dumped) {
      count_ = 0;
      return fail("cannot list the network interfaces: {}", dumped.error().message);
    }
    ++number_;
    read_at_ = now;
  }
  seen = number_;
  return std::span<const Link>(links_).first(count_);
}

std::string_view LinkTable::name_of(uint32_t index) const {
  const std::span<const Link> known = std::span<const Link>(links_).first(count_);
  const auto found = std::ranges::find(known, index, &Link::index);
  return found == known.end() ? std::string_view() : found->name;
}

}  // namespace weir::host
