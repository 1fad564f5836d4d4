#include "host/collectors/nftables.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>
#include <vector>

#include "base/kept_file.h"
#include "base/text.h"
#include "host/collectors/options.h"
#include "host/kernel/netlink.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;
using telemetry::Exposition;

// Newer than the kernel headers of Debian 12.
constexpr uint16_t kSetCount = 20;  // NFTA_SET_COUNT
// The most of each kind.
constexpr size_t kMaxThings = 10'000;
// The most elements that are counted here, for kernels that do not report the size of a set. 100,000 are 10 MB of
// messages.
constexpr uint64_t kMaxElements = 100'000;

constexpr uint16_t message_type(uint8_t message) { return static_cast<uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | message); }

nfgenmsg header_of(uint8_t family) { return {.nfgen_family = family, .version = NFNETLINK_V0, .res_id = 0}; }

// The family, and where the texts of the attributes `table` and `name` stand.
std::optional<netlink::Attributes> take_name(ByteView payload, uint16_t table, uint16_t name, NftName& into) {
  const auto message = netlink::framed<nfgenmsg>(payload);
  if (!message) return std::nullopt;
  into.family = message->header.nfgen_family;
  const auto table_value = message->attributes.find(table);
  const auto name_value = message->attributes.find(name);
  if (!table_value || !name_value) return std::nullopt;
  into.table = netlink::text_of(*table_value);
  into.name = netlink::text_of(*name_value);
  return message->attributes;
}

template <std::unsigned_integral Integer>
std::optional<Integer> integer_of(const netlink::Attributes& attributes, uint16_t type) {
  const auto value = attributes.find(type);
  return value ? netlink::network_order<Integer>(*value) : std::nullopt;
}

// All objects of one kind. The elements are used again.
template <class Thing>
class Things {
 public:
  void clear() { count_ = 0; }
  template <class Parse>
  void add(ByteView payload, Parse&& parse) {
    if (count_ == kMaxThings) return;
    if (count_ == things_.size()) things_.emplace_back();
    if (parse(payload, things_[count_])) ++count_;
  }
  std::span<Thing> all() { return std::span(things_).first(count_); }
  std::span<const Thing> all() const { return std::span(things_).first(count_); }

 private:
  std::vector<Thing> things_;
  size_t count_ = 0;
};

class Nftables : public Collector {
 public:
  explicit Nftables(const Options& options)
      : legacy_{KeptFile(options.procfs + "/net/ip_tables_names"), KeptFile(options.procfs + "/net/ip6_tables_names")} {
  }

  Result<> collect(Exposition& out) override {
    if (denied_) return no_data();
    if (auto listed = list(); !listed) {
      generation_.reset();
      // A process gets no further capability later, so this is not asked again.
      denied_ = socket_.last_errno() == EPERM;
      if (denied_) return fail("the kernel tells of nf_tables only with CAP_NET_ADMIN, which this process has not");
      if (socket_.last_errno() == EPROTONOSUPPORT || socket_.last_errno() == EINVAL) return no_data();
      return fail("cannot list what nf_tables has: {}", listed.error().message);
    }
    write_tables(out);
    write_chains(out);
    write_counters(out);
    write_quotas(out);
    write_sets(out);
    return {};
  }

 private:
  // Without a new generation of the rules, only counters change.
  Result<> list() {
    std::optional<uint32_t> generation;
    if (auto asked = ask(
            generation_request_, NFT_MSG_NEWGEN, [] {},
            [&](ByteView payload) { generation = parse_nft_generation(payload); });
        !asked)
      return asked;
    const bool same = generation && generation == generation_;
    if (!same || has_chain_counters_) {
      TRY(ask_all(tables_, table_request_, NFT_MSG_NEWTABLE, parse_nft_table));
      TRY(ask_all(chains_, chain_request_, NFT_MSG_NEWCHAIN, parse_nft_chain));
    }
    if (!same || !objects_.all().empty()) {
      TRY(ask_all(objects_, object_request_, NFT_MSG_NEWOBJ, parse_nft_object));
    }
    if (!same || !sets_.all().empty()) {
      TRY(ask_all(sets_, set_request_, NFT_MSG_NEWSET, parse_nft_set));
      count_elements();
    }
    has_chain_counters_ =
        std::ranges::any_of(chains_.all(), [](const NftChain& chain) { return chain.packets.has_value(); });
    generation_ = generation;
    return {};
  }

  template <class Restart, class Each>
  Result<> ask(netlink::Request& request, uint8_t answer, Restart&& restart, Each&& each) {
    return socket_.ask(request, restart, [&](const netlink::Message& message) {
      if (message.type == message_type(answer)) each(message.payload);
    });
  }

  template <class Thing, class Parse>
  Result<> ask_all(Things<Thing>& things, netlink::Request& request, uint8_t answer, Parse parse) {
    return ask(request, answer, [&] { things.clear(); }, [&](ByteView payload) { things.add(payload, parse); });
  }

  // Counts the elements of sets whose size the kernel did not report, with a dump for each, up to the limit.
  void count_elements() {
    uint64_t counted = 0;
    uncounted_ = 0;
    for (NftSet& set : sets_.all()) {
      if (set.anonymous || set.elements) continue;
      if (counted >= kMaxElements) {
        ++uncounted_;
        continue;
      }
      netlink::Request request(message_type(NFT_MSG_GETSETELEM), NLM_F_DUMP, header_of(set.id.family));
      request.add(NFTA_SET_ELEM_LIST_TABLE, std::string_view(set.id.table));
      request.add(NFTA_SET_ELEM_LIST_SET, std::string_view(set.id.name));
      uint64_t elements = 0;
      const auto asked = ask(
          request, NFT_MSG_NEWSETELEM, [&] { elements = 0; },
          [&](ByteView payload) { elements += count_nft_elements(payload); });
      counted += elements;
      if (asked) set.elements = static_cast<uint32_t>(elements);
    }
  }

  void write_tables(Exposition& out) {
    bool running = !tables_.all().empty();
    for (KeptFile& file : legacy_) {
      const auto names = file.read_if_there();
      running |= names && !trimmed(*names).empty();
    }
    out.single("weir_firewall_running", gauge, "1 if nf_tables or one of the older ip_tables has a table.", running);
    out.single("weir_nftables_tables", gauge, "Tables of nf_tables.", tables_.all().size());
  }

  void write_chains(Exposition& out) const {
    // The kernel lists the chains of a table one after the other.
    out.family("weir_nftables_chains", gauge, "Chains of a table.");
    for (const NftName& table : tables_.all()) {
      const auto count = std::ranges::count_if(chains_.all(), [&](const NftChain& chain) {
        return chain.id.family == table.family && chain.id.table == table.table;
      });
      out.sample({{"family", nft_family_name(table.family)}, {"table", table.table}}, count);
    }
    write_family(out, "weir_nftables_chain_packets_total", counter,
                 "Packets that came to a base chain that counts them.", "chain", chains_,
                 [](const NftChain& chain) { return chain.packets; });
    write_family(out, "weir_nftables_chain_bytes_total", counter, "Bytes that came to a base chain that counts them.",
                 "chain", chains_, [](const NftChain& chain) { return chain.bytes; });
  }

  void write_counters(Exposition& out) const {
    const auto of_counter = [](uint64_t NftObject::* member) {
      return [member](const NftObject& object) {
        return object.kind == NftObject::Kind::counter ? std::optional(object.*member) : std::nullopt;
      };
    };
    write_family(out, "weir_nftables_counter_packets_total", counter, "Packets of a named counter.", "counter",
                 objects_, of_counter(&NftObject::packets));
    write_family(out, "weir_nftables_counter_bytes_total", counter, "Bytes of a named counter.", "counter", objects_,
                 of_counter(&NftObject::bytes));
  }

  void write_quotas(Exposition& out) const {
    const auto of_quota = [](auto NftObject::* member) {
      return [member](const NftObject& object) {
        return object.kind == NftObject::Kind::quota ? std::optional(object.*member) : std::nullopt;
      };
    };
    write_family(out, "weir_nftables_quota_consumed_bytes_total", counter, "Bytes that a named quota has seen.",
                 "quota", objects_, of_quota(&NftObject::consumed));
    write_family(out, "weir_nftables_quota_limit_bytes", gauge, "Bytes that a named quota allows.", "quota", objects_,
                 of_quota(&NftObject::bytes));
    write_family(out, "weir_nftables_quota_depleted", gauge, "1 if a named quota is used up.", "quota", objects_,
                 of_quota(&NftObject::depleted));
  }

  void write_sets(Exposition& out) const {
    const auto named = [](auto NftSet::* member) {
      return [member](const NftSet& set) { return set.anonymous ? std::nullopt : set.*member; };
    };
    write_family(out, "weir_nftables_set_elements", gauge, "Elements of a named set or map.", "set", sets_,
                 named(&NftSet::elements));
    write_family(out, "weir_nftables_set_capacity", gauge, "Elements that a named set or map may have at most.", "set",
                 sets_, named(&NftSet::capacity));
    out.single("weir_nftables_sets_uncounted", gauge, "Sets left out as there are too many elements to count.",
               uncounted_);
  }

  template <class Thing, class Value>
  static void write_family(Exposition& out, std::string_view name, telemetry::MetricType type, std::string_view help,
                           std::string_view label, const Things<Thing>& things, Value&& value) {
    out.family(name, type, help);
    for (const Thing& thing : things.all()) {
      if (const auto number = value(thing))
        out.sample({{"family", nft_family_name(thing.id.family)}, {"table", thing.id.table}, {label, thing.id.name}},
                   *number);
    }
  }

  static netlink::Request request(uint8_t message, uint16_t flags) {
    return netlink::Request(message_type(message), flags, header_of(NFPROTO_UNSPEC));
  }

  netlink::Socket socket_{NETLINK_NETFILTER};
  netlink::Request generation_request_ = request(NFT_MSG_GETGEN, 0);
  netlink::Request table_request_ = request(NFT_MSG_GETTABLE, NLM_F_DUMP);
  netlink::Request chain_request_ = request(NFT_MSG_GETCHAIN, NLM_F_DUMP);
  netlink::Request object_request_ = request(NFT_MSG_GETOBJ, NLM_F_DUMP);
  netlink::Request set_request_ = request(NFT_MSG_GETSET, NLM_F_DUMP);
  std::array<KeptFile, 2> legacy_;
  std::optional<uint32_t> generation_;
  bool has_chain_counters_ = false;
  bool denied_ = false;
  Things<NftName> tables_;
  Things<NftChain> chains_;
  Things<NftObject> objects_;
  Things<NftSet> sets_;
  uint64_t uncounted_ = 0;
};

}  // namespace

std::string_view nft_family_name(uint8_t family) {
  switch (family) {
    case NFPROTO_INET:
      return "inet";
    case NFPROTO_IPV4:
      return "ip";
    case NFPROTO_ARP:
      return "arp";
    case NFPROTO_NETDEV:
      return "netdev";
    case NFPROTO_BRIDGE:
      return "bridge";
    case NFPROTO_IPV6:
      return "ip6";
    default:
      return "";
  }
}

std::optional<uint32_t> parse_nft_generation(ByteView payload) {
  const auto message = netlink::framed<nfgenmsg>(payload);
  return message ? integer_of<uint32_t>(message->attributes, NFTA_GEN_ID) : std::nullopt;
}

bool parse_nft_table(ByteView payload, NftName& table) {
  const bool taken = take_name(payload, NFTA_TABLE_NAME, NFTA_TABLE_NAME, table).has_value();
  table.name.clear();
  return taken;
}

bool parse_nft_chain(ByteView payload, NftChain& chain) {
  chain.packets.reset();
  chain.bytes.reset();
  const auto attributes = take_name(payload, NFTA_CHAIN_TABLE, NFTA_CHAIN_NAME, chain.id);
  if (!attributes) return false;
  if (const auto counters = attributes->find(NFTA_CHAIN_COUNTERS)) {
    const netlink::Attributes inside(*counters);
    chain.packets = integer_of<uint64_t>(inside, NFTA_COUNTER_PACKETS);
    chain.bytes = integer_of<uint64_t>(inside, NFTA_COUNTER_BYTES);
  }
  return true;
}

bool parse_nft_object(ByteView payload, NftObject& object) {
  const auto attributes = take_name(payload, NFTA_OBJ_TABLE, NFTA_OBJ_NAME, object.id);
  if (!attributes) return false;
  const auto type = integer_of<uint32_t>(*attributes, NFTA_OBJ_TYPE);
  const auto data = attributes->find(NFTA_OBJ_DATA);
  if (!type || !data) return false;
  const netlink::Attributes inside(*data);
  const auto number = [&inside](uint16_t attribute) { return integer_of<uint64_t>(inside, attribute).value_or(0); };
  object.packets = object.bytes = object.consumed = 0;
  object.depleted = false;
  if (*type == NFT_OBJECT_COUNTER) {
    object.kind = NftObject::Kind::counter;
    object.packets = number(NFTA_COUNTER_PACKETS);
    object.bytes = number(NFTA_COUNTER_BYTES);
    return true;
  }
  if (*type != NFT_OBJECT_QUOTA) return false;
  object.kind = NftObject::Kind::quota;
  object.bytes = number(NFTA_QUOTA_BYTES);
  object.consumed = number(NFTA_QUOTA_CONSUMED);
  object.depleted = (integer_of<uint32_t>(inside, NFTA_QUOTA_FLAGS).value_or(0) & NFT_QUOTA_F_DEPLETED) != 0 ||
                    object.consumed > object.bytes;
  return true;
}

bool parse_nft_set(ByteView payload, NftSet& set) {
  const auto attributes = take_name(payload, NFTA_SET_TABLE, NFTA_SET_NAME, set.id);
  if (!attributes) return false;
  set.anonymous = (integer_of<uint32_t>(*attributes, NFTA_SET_FLAGS).value_or(0) & NFT_SET_ANONYMOUS) != 0;
  set.elements = integer_of<uint32_t>(*attributes, kSetCount);
  set.capacity.reset();
  if (const auto description = attributes->find(NFTA_SET_DESC))
    set.capacity = integer_of<uint32_t>(netlink::Attributes(*description), NFTA_SET_DESC_SIZE);
  return true;
}

uint64_t count_nft_elements(ByteView payload) {
  const auto message = netlink::framed<nfgenmsg>(payload);
  if (!message) return 0;
  const auto list = message->attributes.find(NFTA_SET_ELEM_LIST_ELEMENTS);
  if (!list) return 0;
  uint64_t count = 0;
  netlink::Attributes elements(*list);
  while (const auto element = elements.next()) {
    if (element->type != NFTA_LIST_ELEM) continue;
    const uint32_t flags = integer_of<uint32_t>(netlink::Attributes(element->value), NFTA_SET_ELEM_FLAGS).value_or(0);
    if ((flags & NFT_SET_ELEM_INTERVAL_END) == 0) ++count;
  }
  return count;
}

Result<std::unique_ptr<Collector>> make_nftables(const Options& options) { return std::make_unique<Nftables>(options); }

}  // namespace weir::host
