#include "app/weir/gen_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

namespace weir::app {
namespace {

namespace json = boost::json;

void put(json::object& object, const gen::FlowCounts& counts) {
  object["flows"] = counts.flows;
  object["packets"] = counts.packets;
  object["bytes"] = counts.bytes;
}

void put(json::object& object, const gen::Totals& totals) {
  put(object, totals.all);
  object["datagrams"] = totals.datagrams;
  object["datagram_bytes"] = totals.datagram_bytes;
  object["option_records"] = totals.option_records;
}

json::array to_json(const std::vector<Talkers::Talker>& talkers) {
  json::array array;
  for (const Talkers::Talker& talker : talkers) {
    json::object object;
    object["address"] = talker.address.to_string();
    put(object, talker.counts);
    array.push_back(std::move(object));
  }
  return array;
}

gen::Totals total(const GenReport& report) {
  gen::Totals all;
  for (const GenReport::Exporter& exporter : report.exporters) all.add(exporter.totals);
  return all;
}

std::string_view protocol_name(size_t number) {
  switch (number) {
    case 1:
      return "ICMP";
    case 6:
      return "TCP";
    case 17:
      return "UDP";
    case 47:
      return "GRE";
    case 50:
      return "ESP";
    case 58:
      return "ICMPv6";
    default:
      return "";
  }
}

void print_row(std::string_view first, std::string_view second, const gen::FlowCounts& counts, std::string_view last) {
  fmt::print("{:<30} {:<7} {:>12} {:>15} {:>18} {:>10}\n", first, second, counts.flows, counts.packets, counts.bytes,
             last);
}

void print_talkers(std::string_view title, const std::vector<Talkers::Talker>& talkers) {
  fmt::print("\n{}\n", title);
  for (const auto& [address, counts] : talkers) {
    fmt::print("{:<38} {:>12} {:>15} {:>18}\n", address.to_string(), counts.flows, counts.packets, counts.bytes);
  }
}

}  // namespace

void Talkers::add(const gen::Flow& flow) {
  sources_[flow.source].add(flow.packets, flow.bytes);
  destinations_[flow.destination].add(flow.packets, flow.bytes);
}

std::vector<Talkers::Talker> Talkers::top(const Map& map, size_t count) {
  std::vector<Talker> all;
  all.reserve(map.size());
  for (const auto& [address, counts] : map) all.push_back({address, counts});
  const size_t wanted = std::min(count, all.size());
  // Equal bytes by address, so that the order is the same every time.
  const auto more = [](const Talker& a, const Talker& b) {
    return a.counts.bytes != b.counts.bytes ? a.counts.bytes > b.counts.bytes : a.address < b.address;
  };
  std::partial_sort(all.begin(), all.begin() + static_cast<ptrdiff_t>(wanted), all.end(), more);
  all.resize(wanted);
  return all;
}

void print_text(const GenReport& report) {
  const gen::Totals all = total(report);
  fmt::print("{:<30} {:<7} {:>12} {:>15} {:>18} {:>10}\n", "exporter", "", "flows", "packets", "bytes", "datagrams");
  for (const GenReport::Exporter& exporter : report.exporters) {
    print_row(exporter.address.is_unspecified() ? "-" : exporter.address.to_string(), to_string(exporter.protocol),
              exporter.totals.all, std::to_string(exporter.totals.datagrams));
  }
  print_row("total", "", all.all, std::to_string(all.datagrams));
  fmt::print("\n");
  for (size_t i = 0; i < all.by_ip_protocol.size(); ++i) {
    if (all.by_ip_protocol[i].flows > 0)
      print_row(fmt::format("protocol {}", i), protocol_name(i), all.by_ip_protocol[i], "");
  }
  if (report.talkers != nullptr) {
    print_talkers("top sources", report.talkers->top_sources(report.top));
    print_talkers("top destinations", report.talkers->top_destinations(report.top));
  }
  const double seconds = static_cast<double>(report.elapsed.count()) / 1e6;
  const double rate = seconds > 0 ? static_cast<double>(all.all.flows) / seconds : 0;
  fmt::print("\n{} flows in {} datagrams ({} bytes), {} options records, seed {}, in {}: {:.0f} flows/s\n",
             all.all.flows, all.datagrams, all.datagram_bytes, all.option_records, report.seed,
             to_human(report.elapsed), rate);
  if (report.refused > 0) fmt::print("{} of these datagrams were refused and arrived nowhere\n", report.refused);
}

void print_json(const GenReport& report) {
  const gen::Totals all = total(report);
  json::object object;
  object["seed"] = report.seed;
  object["sampling_interval"] = report.sampling_interval;
  object["elapsed_seconds"] = static_cast<double>(report.elapsed.count()) / 1e6;
  put(object, all);
  if (report.sent_datagrams) object["sent_datagrams"] = *report.sent_datagrams;
  object["refused"] = report.refused;
  json::object protocols;
  for (size_t i = 0; i < all.by_ip_protocol.size(); ++i) {
    if (all.by_ip_protocol[i].flows == 0) continue;
    json::object counts;
    put(counts, all.by_ip_protocol[i]);
    protocols[std::to_string(i)] = std::move(counts);
  }
  object["by_ip_protocol"] = std::move(protocols);
  json::array exporters;
  for (const GenReport::Exporter& exporter : report.exporters) {
    json::object one;
    one["address"] = exporter.address.to_string();
    one["protocol"] = to_string(exporter.protocol);
    one["domain"] = exporter.domain;
    put(one, exporter.totals);
    exporters.push_back(std::move(one));
  }
  object["exporters"] = std::move(exporters);
  if (report.talkers != nullptr) {
    object["top_sources"] = to_json(report.talkers->top_sources(report.top));
    object["top_destinations"] = to_json(report.talkers->top_destinations(report.top));
  }
  fmt::print("{}\n", json::serialize(object));
}

}  // namespace weir::app
