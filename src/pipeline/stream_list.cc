#include "pipeline/stream_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>

#include "pipeline/list_file.h"

namespace weir::pipeline {
namespace {

constexpr std::string_view kListName = "streams";

ListedStream listed(const decode::StreamReport& report) {
  const flow::LossKnown known = report.loss_known();
  return {.exporter = report.session.exporter,
          .protocol = std::string(name(report.session.type)),
          .domain = report.session.domain,
          .port = std::to_underlying(report.port),
          .tcp = report.session.connection != 0,
          .agent = report.agent ? report.agent->to_string() : std::string(),
          .booted = report.booted(),
          .boots = report.boots,
          .messages = report.messages,
          .lost = known == flow::LossKnown::none ? std::nullopt : std::optional(report.lost),
          .loss_known = std::string(name(known)),
          .doubt = std::string(name(report.doubt)),
          .first_heard = report.first_heard,
          .last_heard = report.last_heard,
          .templates = report.templates,
          .sure = report.sure,
          .replaced = report.replaced,
          .shares_port = report.shared};
}

std::string time_json(std::optional<Timestamp> time) {
  return time ? fmt::format("\"{}\"", to_rfc3339(*time)) : std::string("null");
}

ListedStream stream_of(const IpAddress& exporter, const boost::json::object& entry) {
  return {.exporter = exporter,
          .protocol = text(entry, "protocol"),
          .domain = static_cast<uint32_t>(number(entry, "observation_domain_id").value_or(0)),
          .port = static_cast<uint16_t>(number(entry, "port").value_or(0)),
          .tcp = flag(entry, "tcp").value_or(false),
          .agent = text(entry, "agent"),
          .booted = time(entry, "booted"),
          .boots = static_cast<uint32_t>(number(entry, "boots").value_or(0)),
          .messages = number(entry, "messages").value_or(0),
          .lost = number(entry, "lost"),
          .loss_known = text(entry, "loss_known"),
          .doubt = text(entry, "doubt"),
          .first_heard = time(entry, "first_heard").value_or(Timestamp{}),
          .last_heard = time(entry, "last_heard").value_or(Timestamp{}),
          .templates = number(entry, "templates").value_or(0),
          .sure = flag(entry, "sure").value_or(true),
          .replaced = flag(entry, "replaced").value_or(false),
          .shares_port = flag(entry, "shares_port").value_or(false)};
}

}  // namespace

StreamList StreamBoard::list() const {
  StreamList list;
  std::vector<decode::StreamReport> all;
  for (const decode::StreamReports& of_thread : reports()) {
    all.insert(all.end(), of_thread.streams.begin(), of_thread.streams.end());
    list.left_out += of_thread.left_out;
  }
  std::ranges::sort(all, {}, [](const decode::StreamReport& report) {
    return std::tuple{report.session.exporter, report.session.type, report.agent,
                      report.session.domain,   report.port,         report.first_heard};
  });
  if (all.size() > kMaxStreams) {
    list.left_out += all.size() - kMaxStreams;
    all.resize(kMaxStreams);
  }
  for (const decode::StreamReport& report : all) list.streams.push_back(listed(report));
  return list;
}

std::string streams_to_json(const StreamList& list) {
  std::string out = list_begin(kListName, list.left_out);
  const auto put = std::back_inserter(out);
  for (const ListedStream& s : list.streams) {
    if (out.back() != '[') out += ',';
    fmt::format_to(put, "\n{{\"exporter\":\"{}\",\"protocol\":\"{}\",\"observation_domain_id\":{},\"port\":{},",
                   s.exporter.to_string(), s.protocol, s.domain, s.port);
    fmt::format_to(put, "\"tcp\":{},\"agent\":\"{}\",\"booted\":{},\"boots\":{},\"messages\":{},", s.tcp, s.agent,
                   time_json(s.booted), s.boots, s.messages);
    fmt::format_to(put, "\"lost\":{},\"loss_known\":\"{}\",\"doubt\":\"{}\",",
                   s.lost ? fmt::to_string(*s.lost) : std::string("null"), s.loss_known, s.doubt);
    fmt::format_to(put, "\"first_heard\":{},\"last_heard\":{},\"templates\":{},", time_json(s.first_heard),
                   time_json(s.last_heard), s.templates);
    fmt::format_to(put, "\"sure\":{},\"replaced\":{},\"shares_port\":{}}}", s.sure, s.replaced, s.shares_port);
  }
  return out.append(kListEnd);
}

Result<StreamList> streams_from_json(std::string_view content) {
  const ListFile list = TRY(parse_list(content, kListName));
  StreamList known{.streams = {}, .left_out = list.left_out};
  for (const auto& [exporter, entry] : list.entries) known.streams.push_back(stream_of(exporter, entry));
  return known;
}

Result<StreamList> read_streams(const std::filesystem::path& store) {
  return read_list(store / "streams.json", streams_from_json);
}

}  // namespace weir::pipeline
