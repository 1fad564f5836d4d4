#include "pipeline/stream_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <iterator>
#include <tuple>
#include <utility>

namespace weir::pipeline {
namespace {

namespace json = boost::json;

constexpr int kVersion = 1;

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

std::string text(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::optional<uint64_t> number(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  json::error_code error;
  const auto n = value->to_number<uint64_t>(error);
  return error ? std::nullopt : std::optional(n);
}

bool flag(const json::object& object, std::string_view name, bool missing) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_bool() ? value->get_bool() : missing;
}

std::optional<Timestamp> time(const json::object& object, std::string_view name) {
  const auto parsed = parse_time(text(object, name));
  return parsed ? std::optional(*parsed) : std::nullopt;
}

ListedStream stream_of(const IpAddress& exporter, const json::object& object) {
  return {.exporter = exporter,
          .protocol = text(object, "protocol"),
          .domain = static_cast<uint32_t>(number(object, "observation_domain_id").value_or(0)),
          .port = static_cast<uint16_t>(number(object, "port").value_or(0)),
          .tcp = flag(object, "tcp", false),
          .agent = text(object, "agent"),
          .booted = time(object, "booted"),
          .boots = static_cast<uint32_t>(number(object, "boots").value_or(0)),
          .messages = number(object, "messages").value_or(0),
          .lost = number(object, "lost"),
          .loss_known = text(object, "loss_known"),
          .doubt = text(object, "doubt"),
          .first_heard = time(object, "first_heard").value_or(Timestamp{}),
          .last_heard = time(object, "last_heard").value_or(Timestamp{}),
          .templates = number(object, "templates").value_or(0),
          .sure = flag(object, "sure", true),
          .replaced = flag(object, "replaced", false),
          .shares_port = flag(object, "shares_port", false)};
}

}  // namespace

void StreamBoard::publish(size_t thread, decode::StreamReports reports) {
  const std::lock_guard lock(mutex_);
  reports_[thread] = std::move(reports);
  ++version_;
}

uint64_t StreamBoard::version() const {
  const std::lock_guard lock(mutex_);
  return version_;
}

StreamList StreamBoard::list() const {
  StreamList list;
  std::vector<decode::StreamReport> all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [thread, reports] : reports_) {
      all.insert(all.end(), reports.streams.begin(), reports.streams.end());
      list.left_out += reports.left_out;
    }
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
  std::string out = fmt::format("{{\"version\":{},\"left_out\":{},\"streams\":[", kVersion, list.left_out);
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
  return out + "]}\n";
}

Result<StreamList> streams_from_json(std::string_view content) {
  json::error_code error;
  const json::value document = json::parse(json::string_view(content.data(), content.size()), error);
  if (error) return fail("not JSON: {}", error.message());
  const json::object* root = document.if_object();
  const json::value* list = root == nullptr ? nullptr : root->if_contains("streams");
  const uint64_t version = root == nullptr ? 0 : number(*root, "version").value_or(0);
  if (list == nullptr || !list->is_array() || version == 0) return fail("this is no list of streams");
  if (version > kVersion) return fail("written by a later version of weir");
  StreamList known;
  known.left_out = number(*root, "left_out").value_or(0);
  for (const json::value& entry : list->get_array()) {
    const json::object* object = entry.if_object();
    const auto exporter = object == nullptr ? std::nullopt : IpAddress::parse(text(*object, "exporter"));
    if (!exporter) return fail("a stream without an exporter");
    known.streams.push_back(stream_of(*exporter, *object));
  }
  return known;
}

Result<StreamList> read_streams(const std::filesystem::path& store) {
  const std::filesystem::path path = store / "streams.json";
  std::ifstream file(path, std::ios::binary);
  if (!file) return StreamList{};
  const std::string content{std::istreambuf_iterator<char>(file), {}};
  auto list = streams_from_json(content);
  if (!list) return fail("{}: {}", path.string(), list.error().message);
  return list;
}

}  // namespace weir::pipeline
