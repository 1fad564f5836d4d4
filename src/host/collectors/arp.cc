#include "host/collectors/arp.h"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "host/collectors/options.h"
#include "host/select/remembered_selector.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;

struct State {
  uint16_t state;
  std::string_view name;
};
constexpr auto kStates = std::to_array<State>({
    {NUD_INCOMPLETE, "incomplete"},
    {NUD_REACHABLE, "reachable"},
    {NUD_STALE, "stale"},
    {NUD_DELAY, "delay"},
    {NUD_PROBE, "probe"},
    {NUD_FAILED, "failed"},
    {NUD_PERMANENT, "permanent"},
});

struct Count {
  uint32_t link_index = 0;
  uint64_t entries = 0;
  std::array<uint64_t, kStates.size()> by_state{};
};

class Arp : public Collector {
 public:
  Arp(const Options& options, Selector selector) : links_(options.links), selector_(std::move(selector)) {
    ndmsg header{};
    header.ndm_family = AF_INET;
    request_.emplace(RTM_GETNEIGH, NLM_F_DUMP, header);
  }

  Result<> collect(telemetry::Exposition& out) override {
    const auto asked = socket_.ask(
        *request_, [this] { counts_.clear(); }, [this](const netlink::Message& message) { count(message); });
    if (!asked) return fail("cannot list the neighbours: {}", asked.error().message);
    if (counts_.empty()) return {};
    TRY(links_->read(seen_));
    std::erase_if(counts_, [&, position = size_t{0}](const Count& one) mutable {
      const std::string_view name = links_->name_of(one.link_index);
      return name.empty() || !selector_.selects(position++, name);
    });
    out.family("node_arp_entries", gauge, "ARP entries by device");
    for (const Count& one : counts_) out.sample({{"device", links_->name_of(one.link_index)}}, one.entries);
    out.family("node_arp_states", gauge, "ARP states by device");
    for (const Count& one : counts_) {
      for (size_t i = 0; i < kStates.size(); ++i) {
        if (one.by_state[i] == 0) continue;
        out.sample({{"device", links_->name_of(one.link_index)}, {"state", kStates[i].name}}, one.by_state[i]);
      }
    }
    return {};
  }

 private:
  void count(const netlink::Message& message) {
    if (message.type != RTM_NEWNEIGH) return;
    const auto neighbour = parse_neighbour(message.payload);
    if (!neighbour) return;
    auto found = std::ranges::find(counts_, neighbour->link_index, &Count::link_index);
    if (found == counts_.end()) found = counts_.insert(found, Count{.link_index = neighbour->link_index});
    ++found->entries;
    for (size_t i = 0; i < kStates.size(); ++i) found->by_state[i] += kStates[i].state == neighbour->state;
  }

  std::shared_ptr<LinkTable> links_;
  uint64_t seen_ = 0;
  RememberedSelector selector_;
  netlink::Socket socket_{NETLINK_ROUTE};
  std::optional<netlink::Request> request_;
  std::vector<Count> counts_;
};

}  // namespace

std::optional<Neighbour> parse_neighbour(ByteView payload) {
  const auto message = netlink::framed<ndmsg>(payload);
  if (!message || message->header.ndm_family != AF_INET) return std::nullopt;
  if ((message->header.ndm_state & ~NUD_NOARP) == 0) return std::nullopt;
  return Neighbour{.link_index = static_cast<uint32_t>(message->header.ndm_ifindex),
                   .state = message->header.ndm_state};
}

std::string_view neighbour_state_text(uint16_t state) {
  const auto found = std::ranges::find(kStates, state, &State::state);
  return found == kStates.end() ? std::string_view() : found->name;
}

Result<std::unique_ptr<Collector>> make_arp(const Options& options) {
  Selector selector = TRY(Selector::compile(options.arp_device, "--collector.arp.device"));
  return std::make_unique<Arp>(options, std::move(selector));
}

}  // namespace weir::host
