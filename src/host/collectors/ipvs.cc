#include "host/collectors/ipvs.h"

#include <arpa/inet.h>

#include <algorithm>

#include "base/kept_file.h"
#include "base/text.h"
#include "host/collectors/options.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;
using telemetry::Label;

// A load balancer has some thousand backends, of three series each.
constexpr size_t kMaxBackends = 20'000;

struct Endpoint {
  std::string address;
  std::string port;
};

std::string address_text(int family, const void* address) {
  std::array<char, INET6_ADDRSTRLEN> text;
  if (::inet_ntop(family, address, text.data(), text.size()) == nullptr) return {};
  return text.data();
}

// C0A80016:0CEA, or [2620:...:0001]:0050 with the address in full.
std::optional<Endpoint> parse_endpoint(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = parse_number<uint16_t>(text.substr(colon + 1), 16);
  std::string_view address = text.substr(0, colon);
  if (!port) return std::nullopt;
  Endpoint endpoint{.address = {}, .port = std::to_string(*port)};
  if (address.starts_with('[') && address.ends_with(']')) {
    in6_addr binary;
    const std::string terminated(address.substr(1, address.size() - 2));
    if (::inet_pton(AF_INET6, terminated.c_str(), &binary) != 1) return std::nullopt;
    endpoint.address = address_text(AF_INET6, &binary);
  } else {
    const auto number = parse_number<uint32_t>(address, 16);
    if (!number || address.size() != 8) return std::nullopt;
    const in_addr binary{.s_addr = htonl(*number)};
    endpoint.address = address_text(AF_INET, &binary);
  }
  return endpoint;
}

// The virtual service that the following lines belong to.
std::optional<IpvsBackend> parse_service(std::string_view line) {
  IpvsBackend service;
  service.protocol = next_word(line);
  const std::string_view where = next_word(line);
  if (service.protocol == "FWM") {
    if (!parse_number<uint32_t>(where, 16)) return std::nullopt;
    service.local_mark = where;
    service.local_port.assign(1, '0');
    return service;
  }
  if (service.protocol != "TCP" && service.protocol != "UDP" && service.protocol != "SCTP") return std::nullopt;
  auto endpoint = parse_endpoint(where);
  if (!endpoint) return std::nullopt;
  service.local_address = std::move(endpoint->address);
  service.local_port = std::move(endpoint->port);
  return service;
}

bool parse_backend(std::string_view line, IpvsBackend& backend) {
  next_word(line);  // ->
  auto endpoint = parse_endpoint(next_word(line));
  next_word(line);  // how packets are forwarded
  const auto weight = parse_number<uint64_t>(next_word(line));
  const auto active = parse_number<uint64_t>(next_word(line));
  const auto inactive = parse_number<uint64_t>(next_word(line));
  if (!endpoint || !weight || !active || !inactive) return false;
  backend.remote_address = std::move(endpoint->address);
  backend.remote_port = std::move(endpoint->port);
  backend.weight = *weight;
  backend.active = *active;
  backend.inactive = *inactive;
  return true;
}

// What --collector.ipvs.backend-labels chooses from.
struct BackendLabel {
  std::string_view name;
  std::string IpvsBackend::* value;
};
constexpr auto kLabels = std::to_array<BackendLabel>({
    {"local_address", &IpvsBackend::local_address},
    {"local_mark", &IpvsBackend::local_mark},
    {"local_port", &IpvsBackend::local_port},
    {"proto", &IpvsBackend::protocol},
    {"remote_address", &IpvsBackend::remote_address},
    {"remote_port", &IpvsBackend::remote_port},
});

class Ipvs : public Collector {
 public:
  Ipvs(const Options& options, std::vector<BackendLabel> labels)
      : stats_(options.procfs + "/net/ip_vs_stats"),
        backends_file_(options.procfs + "/net/ip_vs"),
        labels_(std::move(labels)) {}

  Result<> collect(telemetry::Exposition& out) override {
    const auto stats_text = stats_.read_if_there();
    if (!stats_text) return no_data();
    const auto stats = parse_ipvs_stats(*stats_text);
    if (!stats) return fail("{} is not what it should be: {}", stats_.path(), shortened(*stats_text));
    out.single("node_ipvs_connections_total", counter, "The total number of connections made.", (*stats)[0]);
    out.single("node_ipvs_incoming_packets_total", counter, "The total number of incoming packets.", (*stats)[1]);
    out.single("node_ipvs_outgoing_packets_total", counter, "The total number of outgoing packets.", (*stats)[2]);
    out.single("node_ipvs_incoming_bytes_total", counter, "The total amount of incoming data.", (*stats)[3]);
    out.single("node_ipvs_outgoing_bytes_total", counter, "The total amount of outgoing data.", (*stats)[4]);
    const std::string_view text = TRY(backends_file_.read());
    add_up(parse_ipvs(text));
    write(out, "node_ipvs_backend_connections_active", "The current active connections by local and remote address.",
          &IpvsBackend::active);
    write(out, "node_ipvs_backend_connections_inactive",
          "The current inactive connections by local and remote address.", &IpvsBackend::inactive);
    write(out, "node_ipvs_backend_weight", "The current backend weight by local and remote address.",
          &IpvsBackend::weight);
    return {};
  }

 private:
  // Backends with equal labels are one series, the sum of them.
  void add_up(std::vector<IpvsBackend> all) {
    const auto values = [this](const IpvsBackend& backend) {
      std::vector<std::string_view> shown;
      shown.reserve(labels_.size());
      for (const BackendLabel& label : labels_) shown.push_back(backend.*label.value);
      return shown;
    };
    std::ranges::stable_sort(all, {}, values);
    backends_.clear();
    for (IpvsBackend& backend : all) {
      if (!backends_.empty() && values(backends_.back()) == values(backend)) {
        backends_.back().active += backend.active;
        backends_.back().inactive += backend.inactive;
        backends_.back().weight += backend.weight;
      } else {
        backends_.push_back(std::move(backend));
      }
    }
  }

  void write(telemetry::Exposition& out, std::string_view name, std::string_view help,
             uint64_t IpvsBackend::* value) const {
    out.family(name, gauge, help);
    std::array<Label, kLabels.size()> labels;
    for (const IpvsBackend& backend : backends_) {
      for (size_t i = 0; i < labels_.size(); ++i) labels[i] = {labels_[i].name, backend.*labels_[i].value};
      out.sample(std::span<const Label>(labels).first(labels_.size()), backend.*value);
    }
  }

  KeptFile stats_;
  KeptFile backends_file_;
  std::vector<BackendLabel> labels_;
  std::vector<IpvsBackend> backends_;
};

Result<std::vector<BackendLabel>> parse_labels(std::string_view list) {
  std::vector<BackendLabel> labels;
  while (!list.empty()) {
    const size_t comma = std::min(list.find(','), list.size());
    const std::string_view name = trimmed(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
    const auto known = std::ranges::find(kLabels, name, &BackendLabel::name);
    if (known == kLabels.end()) return fail("--collector.ipvs.backend-labels: there is no label {}", name);
    if (std::ranges::find(labels, name, &BackendLabel::name) == labels.end()) labels.push_back(*known);
  }
  return labels;
}

}  // namespace

std::optional<std::array<uint64_t, 5>> parse_ipvs_stats(std::string_view text) {
  next_line(text);
  next_line(text);
  std::string_view line = next_line(text);
  std::array<uint64_t, 5> numbers{};
  for (uint64_t& number : numbers) {
    const auto parsed = parse_number<uint64_t>(next_word(line), 16);
    if (!parsed) return std::nullopt;
    number = *parsed;
  }
  return numbers;
}

std::vector<IpvsBackend> parse_ipvs(std::string_view text) {
  std::vector<IpvsBackend> backends;
  std::optional<IpvsBackend> service;
  while (!text.empty() && backends.size() < kMaxBackends) {
    const std::string_view line = next_line(text);
    std::string_view rest = line;
    if (next_word(rest) != "->") {
      service = parse_service(line);
    } else if (service && parse_backend(line, *service)) {
      backends.push_back(*service);
    }
  }
  return backends;
}

Result<std::unique_ptr<Collector>> make_ipvs(const Options& options) {
  std::vector<BackendLabel> labels = TRY(parse_labels(options.ipvs_backend_labels));
  return std::make_unique<Ipvs>(options, std::move(labels));
}

}  // namespace weir::host
