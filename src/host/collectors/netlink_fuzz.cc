// Damaged answers of the kernel: every parser of netlink payloads gets every message of a datagram.
#include "host/collectors/arp.h"
#include "host/collectors/netdev.h"
#include "host/collectors/netqueues.h"
#include "host/collectors/network_route.h"
#include "host/collectors/nftables.h"
#include "host/collectors/qdisc.h"
#include "host/collectors/tcpstat.h"
#include "host/collectors/wifi.h"
#include "host/kernel/generic_netlink.h"
#include "host/kernel/links.h"
#include "host/kernel/netlink.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir::host;
  // Kept from input to input, as the collectors keep theirs from scrape to scrape.
  static Link link;
  static NftName table;
  static NftChain chain;
  static NftObject object;
  static NftSet set;
  static Qdisc qdisc;
  netlink::Messages messages({data, size});
  while (const auto message = messages.next()) {
    const weir::ByteView payload = message->payload;
    parse_link(payload, link);
    (void)link.set_flags();
    (void)parse_address(payload);
    (void)parse_neighbour(payload);
    (void)parse_nft_generation(payload);
    parse_nft_table(payload, table);
    parse_nft_chain(payload, chain);
    parse_nft_object(payload, object);
    parse_nft_set(payload, set);
    (void)count_nft_elements(payload);
    parse_qdisc(payload, qdisc);
    std::vector<RouteHop> hops;
    parse_route(payload, hops);
    (void)netlink::parse_family(payload);
    (void)parse_wifi_interface(payload);
    (void)parse_wifi_network(payload);
    (void)parse_wifi_station(payload);
    (void)parse_queue(payload);
    TcpSums sums;
    add_socket(payload, sums);
  }
  return 0;
}
