// What exporters tell about themselves in options records (sampling rates, names of interfaces, VRFs, applications),
// for people: DIR/exporters.json, beside the ledger, rewritten when something has changed. Version 1:
//
//   {"version": 1, "left_out": 0, "details": [{"exporter": "192.0.2.1", "protocol": "IPFIX",
//    "observation_domain_id": 6, "kind": "interface", "id": "7", "name": "Gi0/0/7", "description": "to Basel",
//    "sampling_rate": 1000}, ...]}
//
// kind: domain, interface, sampler, template, vrf, application. What was not told is "" or 0. Readers ignore members
// that they do not know.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "decode/decoder.h"
#include "pipeline/board.h"

namespace weir::pipeline {

struct ExporterDetail {
  IpAddress exporter;
  std::string protocol;
  uint32_t domain = 0;
  std::string kind;
  std::string id;
  std::string name;
  std::string description;
  uint32_t sampling_rate = 0;
  bool operator==(const ExporterDetail&) const = default;
};

struct DetailsReport {
  std::vector<ExporterDetail> details;  // by exporter, domain, kind and id
  uint64_t left_out = 0;                // beyond kMaxDetails
};

// 10,000 exporters with ten interfaces each; the file stays at some 20 MB.
inline constexpr size_t kMaxDetails = 100'000;

// Where decoding threads leave what they were told.
class DetailsBoard : public Board<decode::AnnouncedOptionsList> {
 public:
  DetailsReport report() const;
};

std::string details_to_json(const DetailsReport& report);
Result<DetailsReport> details_from_json(std::string_view text);

// STORE/exporters.json. A store without one has no details.
Result<DetailsReport> read_details(const std::filesystem::path& store);

}  // namespace weir::pipeline
