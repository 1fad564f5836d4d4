#include "pipeline/list_file.h"

#include <fmt/format.h>

#include <boost/json.hpp>

namespace weir::pipeline {
namespace {

namespace json = boost::json;

constexpr uint64_t kVersion = 1;

}  // namespace

std::string text(const json::object& entry, std::string_view name) {
  const json::value* value = entry.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::optional<uint64_t> number(const json::object& entry, std::string_view name) {
  const json::value* value = entry.if_contains(name);
  if (value == nullptr || !value->is_number()) return std::nullopt;
  json::error_code error;
  const auto n = value->to_number<uint64_t>(error);
  return error ? std::nullopt : std::optional(n);
}

std::optional<bool> flag(const json::object& entry, std::string_view name) {
  const json::value* value = entry.if_contains(name);
  return value != nullptr && value->is_bool() ? std::optional(value->get_bool()) : std::nullopt;
}

std::optional<Timestamp> time(const json::object& entry, std::string_view name) {
  return parse_time(text(entry, name));
}

std::string list_begin(std::string_view name, uint64_t left_out) {
  return fmt::format("{{\"version\":{},\"left_out\":{},\"{}\":[", kVersion, left_out, name);
}

Result<ListFile> parse_list(std::string_view content, std::string_view name) {
  json::error_code error;
  json::value document = json::parse(json::string_view(content.data(), content.size()), error);
  if (error) return fail("not JSON: {}", error.message());
  json::object* root = document.if_object();
  json::value* list = root == nullptr ? nullptr : root->if_contains(name);
  const uint64_t version = root == nullptr ? 0 : number(*root, "version").value_or(0);
  if (list == nullptr || !list->is_array() || version == 0) return fail("this is no list of {}", name);
  if (version > kVersion) return fail("written by a later version of weir");
  ListFile known{.left_out = number(*root, "left_out").value_or(0), .entries = {}};
  for (json::value& entry : list->get_array()) {
    json::object* object = entry.if_object();
    const auto exporter = object == nullptr ? std::nullopt : IpAddress::parse(text(*object, "exporter"));
    if (!exporter) return fail("an entry of {} without an exporter", name);
    known.entries.emplace_back(*exporter, std::move(*object));
  }
  return known;
}

}  // namespace weir::pipeline
