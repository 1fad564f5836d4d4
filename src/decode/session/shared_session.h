// A session as its exporter has announced it so far: the immutable snapshot that decoders hand to each other.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/time.h"
#include "decode/common/stream_id.h"
#include "decode/session/sequence.h"
#include "decode/session/state.h"

namespace weir::decode {

struct SharedTemplate {
  LayoutPtr layout;  // never null
  StreamNumber stream{};
  Timestamp received{};
  MessageOrder announced;
};

struct SharedOptions {
  StreamNumber stream{};
  ExporterPort port{};
  AnnouncedOptionsPtr options;  // never null
};

struct SharedSession {
  SessionKey key;
  uint64_t version = 0;  // counts publications of its exporter
  bool sent_data = false;
  std::vector<SharedTemplate> templates;  // those of one id together, the latest announced first
  std::vector<SharedOptions> options;     // by stream
};
using SharedSessionPtr = std::shared_ptr<const SharedSession>;

}  // namespace weir::decode
