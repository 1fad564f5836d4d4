// The JSON files of lists beside the ledger, for people and programs (details.h, stream_list.h):
//
//   {"version": 1, "left_out": 0, NAME: [{"exporter": "192.0.2.1", ...}, ...]}
//
// Readers ignore members that they do not know, and take what is missing or of another type as not told.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ip_address.h"
#include "base/result.h"
#include "base/time.h"

namespace weir::pipeline {

// A member of an entry.
std::string text(const boost::json::object& entry, std::string_view name);
std::optional<uint64_t> number(const boost::json::object& entry, std::string_view name);
std::optional<bool> flag(const boost::json::object& entry, std::string_view name);
std::optional<Timestamp> time(const boost::json::object& entry, std::string_view name);

struct ListFile {
  uint64_t left_out = 0;
  std::vector<std::pair<IpAddress, boost::json::object>> entries;  // each with its exporter
};

// What stands before the entries, which are separated by ',', and behind them.
std::string list_begin(std::string_view name, uint64_t left_out);
inline constexpr std::string_view kListEnd = "]}\n";

// Fails if it is no such list, or of a later version.
Result<ListFile> parse_list(std::string_view content, std::string_view name);

// The file as `parse` reads it; List{} if there is none.
template <class List>
Result<List> read_list(const std::filesystem::path& path, Result<List> (*parse)(std::string_view)) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return List{};
  const std::string content{std::istreambuf_iterator<char>(file), {}};
  auto list = parse(content);
  if (!list) return fail("{}: {}", path.string(), list.error().message);
  return list;
}

}  // namespace weir::pipeline
