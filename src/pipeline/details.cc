#include "pipeline/details.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <fstream>
#include <iterator>
#include <tuple>

#include "base/json_text.h"
#include "decode/session/state.h"

namespace weir::pipeline {
namespace {

namespace json = boost::json;

constexpr int kVersion = 1;

// In the order in which they are shown.
enum class Kind : uint8_t { domain, interface, sampler, data_template, vrf, application };
constexpr std::string_view kKindNames[] = {"domain", "interface", "sampler", "template", "vrf", "application"};

Kind kind_of(decode::RateScope scope) {
  switch (scope) {
    case decode::RateScope::selector:
      return Kind::sampler;
    case decode::RateScope::interface:
      return Kind::interface;
    case decode::RateScope::data_template:
      return Kind::data_template;
  }
  return Kind::domain;
}

Kind kind_of(decode::NameKind kind) {
  switch (kind) {
    case decode::NameKind::interface_name:
    case decode::NameKind::interface_description:
      return Kind::interface;
    case decode::NameKind::vrf:
      return Kind::vrf;
    case decode::NameKind::application:
    case decode::NameKind::application_description:
      return Kind::application;
    case decode::NameKind::selector:
      return Kind::sampler;
  }
  return Kind::domain;
}

bool is_description(decode::NameKind kind) {
  return kind == decode::NameKind::interface_description || kind == decode::NameKind::application_description;
}

// RFC 6759: classification engine and selector.
std::string id_text(Kind kind, uint64_t id) {
  if (kind == Kind::domain) return {};
  if (kind == Kind::application) return fmt::format("{}:{}", id >> 56, id & ((uint64_t{1} << 56) - 1));
  return fmt::to_string(id);
}

// Everything that is known of one thing, on one line.
void append_details(const decode::SessionKey& session, const decode::AnnouncedOptions& told,
                    std::vector<ExporterDetail>& out) {
  std::map<std::pair<Kind, uint64_t>, ExporterDetail> lines;
  const auto line = [&](Kind kind, uint64_t id) -> ExporterDetail& {
    ExporterDetail& detail = lines[{kind, id}];
    if (detail.kind.empty()) {
      detail = {.exporter = session.exporter,
                .protocol = std::string(name(session.type)),
                .domain = session.domain,
                .kind = std::string(kKindNames[static_cast<size_t>(kind)]),
                .id = id_text(kind, id),
                .name = {},
                .description = {},
                .sampling_rate = 0};
    }
    return detail;
  };
  if (told.domain_rate != 0) line(Kind::domain, 0).sampling_rate = told.domain_rate;
  for (const decode::AnnouncedRate& rate : told.rates) line(kind_of(rate.scope), rate.id).sampling_rate = rate.rate;
  for (const decode::AnnouncedName& name : told.names) {
    ExporterDetail& detail = line(kind_of(name.kind), name.id);
    (is_description(name.kind) ? detail.description : detail.name) = name.text;
  }
  for (auto& [key, detail] : lines) out.push_back(std::move(detail));
}

std::string text(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

uint64_t number(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_number()) return 0;
  json::error_code error;
  const auto n = value->to_number<uint64_t>(error);
  return error ? 0 : n;
}

}  // namespace

void DetailsBoard::publish(size_t thread, decode::AnnouncedOptionsList told) {
  const std::lock_guard lock(mutex_);
  told_[thread] = std::move(told);
  ++version_;
}

uint64_t DetailsBoard::version() const {
  const std::lock_guard lock(mutex_);
  return version_;
}

DetailsReport DetailsBoard::report() const {
  decode::AnnouncedOptionsList all;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [thread, told] : told_) all.insert(all.end(), told.begin(), told.end());
  }
  std::ranges::sort(all, {}, [](const auto& entry) {
    return std::tuple{entry.first.exporter, entry.first.type, entry.first.domain, entry.first.connection};
  });
  DetailsReport report;
  for (const auto& [session, told] : all) {
    if (report.details.size() < kMaxDetails) {
      append_details(session, *told, report.details);
    } else {
      report.left_out += told->rates.size() + told->names.size();
    }
  }
  if (report.details.size() > kMaxDetails) {
    report.left_out += report.details.size() - kMaxDetails;
    report.details.resize(kMaxDetails);
  }
  return report;
}

std::string details_to_json(const DetailsReport& report) {
  std::string out = fmt::format("{{\"version\":{},\"left_out\":{},\"details\":[", kVersion, report.left_out);
  for (const ExporterDetail& detail : report.details) {
    if (out.back() != '[') out += ',';
    fmt::format_to(std::back_inserter(out), "\n{{\"exporter\":\"{}\",\"protocol\":\"{}\",\"observation_domain_id\":{},",
                   detail.exporter.to_string(), detail.protocol, detail.domain);
    fmt::format_to(std::back_inserter(out), "\"kind\":\"{}\",\"id\":\"{}\",\"name\":", detail.kind, detail.id);
    append_json_string(out, detail.name);
    out += ",\"description\":";
    append_json_string(out, detail.description);
    fmt::format_to(std::back_inserter(out), ",\"sampling_rate\":{}}}", detail.sampling_rate);
  }
  return out + "]}\n";
}

Result<DetailsReport> details_from_json(std::string_view content) {
  json::error_code error;
  const json::value document = json::parse(json::string_view(content.data(), content.size()), error);
  if (error) return fail("not JSON: {}", error.message());
  const json::object* root = document.if_object();
  const json::value* list = root == nullptr ? nullptr : root->if_contains("details");
  if (list == nullptr || !list->is_array() || number(*root, "version") == 0) return fail("these are no details");
  if (number(*root, "version") > kVersion) return fail("written by a later version of weir");
  DetailsReport report;
  report.left_out = number(*root, "left_out");
  for (const json::value& entry : list->get_array()) {
    const json::object* object = entry.if_object();
    const auto exporter = object == nullptr ? std::nullopt : IpAddress::parse(text(*object, "exporter"));
    if (!exporter) return fail("a detail without an exporter");
    report.details.push_back({.exporter = *exporter,
                              .protocol = text(*object, "protocol"),
                              .domain = static_cast<uint32_t>(number(*object, "observation_domain_id")),
                              .kind = text(*object, "kind"),
                              .id = text(*object, "id"),
                              .name = text(*object, "name"),
                              .description = text(*object, "description"),
                              .sampling_rate = static_cast<uint32_t>(number(*object, "sampling_rate"))});
  }
  return report;
}

Result<DetailsReport> read_details(const std::filesystem::path& store) {
  const std::filesystem::path path = store / "exporters.json";
  std::ifstream file(path, std::ios::binary);
  if (!file) return DetailsReport{};
  const std::string content{std::istreambuf_iterator<char>(file), {}};
  auto report = details_from_json(content);
  if (!report) return fail("{}: {}", path.string(), report.error().message);
  return report;
}

}  // namespace weir::pipeline
