// The firewall: tables, chains, named counters and quotas, and sets of nf_tables, by NETLINK_NETFILTER. The kernel
// reports them only to a process with CAP_NET_ADMIN.
//
// A message of nfnetlink begins with nfgenmsg (family, version, resource id); its integers are big-endian.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "host/collectors/collector.h"

namespace weir::host {

struct NftName {
  uint8_t family = 0;  // NFPROTO_*
  std::string table;
  std::string name;
};

struct NftChain {
  NftName id;
  // Of base chains with counters.
  std::optional<uint64_t> packets;
  std::optional<uint64_t> bytes;
};

struct NftObject {
  enum class Kind : uint8_t { counter, quota };
  NftName id;
  Kind kind = Kind::counter;
  uint64_t packets = 0;  // of a counter
  uint64_t bytes = 0;    // of a counter; the limit of a quota
  uint64_t consumed = 0;
  bool depleted = false;
};

struct NftSet {
  NftName id;
  bool anonymous = false;  // within a rule
  std::optional<uint32_t> capacity;
  std::optional<uint32_t> elements;  // newer kernels only
};

// As nft(8) calls NFPROTO_*: ip, ip6, inet, arp, bridge, netdev; empty if unknown.
std::string_view nft_family_name(uint8_t family);

// Parse the payloads of NEWGEN, NEWTABLE, NEWCHAIN, NEWOBJ and NEWSET. False if something is missing. Strings that are
// overwritten keep their capacity.
std::optional<uint32_t> parse_nft_generation(ByteView payload);
bool parse_nft_table(ByteView payload, NftName& table);
bool parse_nft_chain(ByteView payload, NftChain& chain);
bool parse_nft_object(ByteView payload, NftObject& object);
bool parse_nft_set(ByteView payload, NftSet& set);
// How many elements one NEWSETELEM holds, without ends of intervals.
uint64_t count_nft_elements(ByteView payload);

Result<std::unique_ptr<Collector>> make_nftables(const Options& options);

}  // namespace weir::host
