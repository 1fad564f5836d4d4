// The streams that exporters send, for people: DIR/streams.json, beside the ledger, rewritten every few seconds.
// Version 1:
//
//   {"version": 1, "left_out": 0, "streams": [{"exporter": "192.0.2.1", "protocol": "IPFIX",
//    "observation_domain_id": 6, "port": 4739, "tcp": false, "agent": "", "booted": null, "boots": 0, "messages": 1200,
//    "lost": 7, "loss_known": "all", "doubt": "", "first_heard": TIME, "last_heard": TIME, "templates": 3,
//    "sure": true, "replaced": false, "shares_port": false}, ...]}
//
// lost is null where loss_known is "none"; doubt: the names of decode::LossDoubt. agent: of sFlow. booted: when the
// device was started, null where the protocol does not tell; boots: how many there are. Readers ignore members that
// they do not know.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "decode/decoder.h"
#include "pipeline/board.h"

namespace weir::pipeline {

struct ListedStream {
  IpAddress exporter;
  std::string protocol;
  uint32_t domain = 0;
  uint16_t port = 0;
  bool tcp = false;
  std::string agent;
  std::optional<Timestamp> booted;
  uint32_t boots = 0;
  uint64_t messages = 0;
  std::optional<uint64_t> lost;
  std::string loss_known;
  std::string doubt;
  Timestamp first_heard{};
  Timestamp last_heard{};
  uint64_t templates = 0;
  bool sure = true;
  bool replaced = false;
  bool shares_port = false;
  bool operator==(const ListedStream&) const = default;
};

struct StreamList {
  std::vector<ListedStream> streams;  // by exporter, protocol, domain, port and when they began
  uint64_t left_out = 0;              // beyond kMaxStreams
};

// Of one thread and of all; the file stays at some 7 MB.
inline constexpr size_t kMaxStreams = 20'000;

// Where decoding threads leave what they know of streams.
class StreamBoard : public Board<decode::StreamReports> {
 public:
  StreamList list() const;
};

std::string streams_to_json(const StreamList& list);
Result<StreamList> streams_from_json(std::string_view text);

// STORE/streams.json. A store without one has no streams.
Result<StreamList> read_streams(const std::filesystem::path& store);

}  // namespace weir::pipeline
