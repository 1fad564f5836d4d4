#include "pipeline/details.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <tuple>

#include "base/json_text.h"
#include "decode/session/state.h"
#include "pipeline/list_file.h"

namespace weir::pipeline {
namespace {

constexpr std::string_view kListName = "details";

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

}  // namespace

DetailsReport DetailsBoard::report() const {
  decode::AnnouncedOptionsList all;
  for (const decode::AnnouncedOptionsList& told : reports()) all.insert(all.end(), told.begin(), told.end());
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
  std::string out = list_begin(kListName, report.left_out);
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
  return out.append(kListEnd);
}

Result<DetailsReport> details_from_json(std::string_view content) {
  const ListFile list = TRY(parse_list(content, kListName));
  DetailsReport report{.details = {}, .left_out = list.left_out};
  for (const auto& [exporter, entry] : list.entries) {
    report.details.push_back({.exporter = exporter,
                              .protocol = text(entry, "protocol"),
                              .domain = static_cast<uint32_t>(number(entry, "observation_domain_id").value_or(0)),
                              .kind = text(entry, "kind"),
                              .id = text(entry, "id"),
                              .name = text(entry, "name"),
                              .description = text(entry, "description"),
                              .sampling_rate = static_cast<uint32_t>(number(entry, "sampling_rate").value_or(0))});
  }
  return report;
}

Result<DetailsReport> read_details(const std::filesystem::path& store) {
  return read_list(store / "exporters.json", details_from_json);
}

}  // namespace weir::pipeline
