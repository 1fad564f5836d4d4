// Captures into a store, as fast as the machine can: the calling thread reads and decodes, the outlet's one writes.
#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "decode/decoder.h"
#include "pipeline/ledger_json.h"
#include "store/store.h"

namespace weir::pipeline {

struct ReplayProgress {
  uint64_t bytes_read = 0;  // of all files
  uint64_t bytes_total = 0;
  uint64_t records = 0;  // decoded so far
  Micros elapsed{};
};

struct ReplayOptions {
  std::vector<std::filesystem::path> files;  // in this order, through one decoder
  std::vector<uint16_t> ports;               // only datagrams to one of these; empty: all
  decode::DecoderOptions decoder;
  std::filesystem::path state_file;  // what exporters announced before, of a collector; empty: nothing
  store::StoreOptions store;
  bool compact = false;                                    // merge what can be merged at the end
  size_t queue_batches = 8;                                // the reader waits when the writer is so far behind
  std::function<void(const ReplayProgress&)> on_progress;  // a few times a second, in the calling thread; may be empty
  const std::atomic<bool>* interrupted = nullptr;          // set by somebody: end early, keep what was decoded
};

struct ReplaySummary {
  uint64_t files = 0;
  uint64_t datagrams = 0;     // handed to the decoder
  uint64_t other_ports = 0;   // datagrams left out by `ports`
  uint64_t other_frames = 0;  // not UDP over IP
  uint64_t damaged_frames = 0;
  uint64_t bytes_read = 0;
  Micros elapsed{};
  LedgerReport report;
  std::vector<std::string> problems;  // a damaged capture, a store that could not be written: what was whole is stored
};

// Fails if nothing could be done at all: a file that cannot be opened, a store that is in use.
Result<ReplaySummary> replay(ReplayOptions options, std::unique_ptr<store::SegmentWriter> writer);

}  // namespace weir::pipeline
