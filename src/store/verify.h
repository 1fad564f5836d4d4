// Whether a segment is what its name says, and whole. Reads the whole file: see verified_files.h for who asks often.
#pragma once

#include <cstdint>
#include <string>

#include "store/parquet/checksum.h"
#include "store/segments.h"

namespace weir::store {

enum class SegmentState : uint8_t {
  whole,
  unverified,  // another program wrote it, without a checksum
  damaged,     // or under the name of another segment
  unreadable,  // the system does not let us read it
  vanished,
};
struct SegmentVerdict {
  SegmentState state = SegmentState::whole;
  std::string reason;  // of a damaged or unreadable one
};

// If `pace` ends the reading, the verdict is `unreadable`.
SegmentVerdict verify_segment(const Segment& segment, const parquet::ReadPace& pace = {});

}  // namespace weir::store
