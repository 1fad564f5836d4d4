#include "net/ipfix_framing.h"

#include <algorithm>
#include <array>

#include "base/ipfix_header.h"

namespace weir::net {
namespace {

struct Start {
  Be16 version;
  Be16 length;
};
constexpr std::array<uint8_t, 2> kVersion = {0, kIpfixVersion};

}  // namespace

std::optional<size_t> ipfix_message_length(ByteView bytes) {
  const auto start = ByteReader(bytes).read<Start>();
  if (!start || !may_begin_ipfix_message(bytes)) return std::nullopt;
  return size_t{start->length};
}

bool may_begin_ipfix_message(ByteView bytes) {
  if (!std::equal(kVersion.begin(), kVersion.begin() + std::min(bytes.size(), kVersion.size()), bytes.begin())) {
    return false;
  }
  const auto start = ByteReader(bytes).read<Start>();
  return !start || start->length >= kIpfixHeaderBytes;
}

std::optional<ByteView> IpfixFramer::next(ByteView& chunk) {
  if (delivered_) waiting_ = std::vector<uint8_t>();  // and its memory: most connections have nothing that waits
  delivered_ = false;
  if (broken_) return std::nullopt;
  if (waiting_.empty()) {
    const std::optional<size_t> length = ipfix_message_length(chunk);
    if (length && *length <= chunk.size()) {  // the usual case: nothing is copied
      const ByteView message = chunk.first(*length);
      chunk = chunk.subspan(*length);
      return message;
    }
  }
  append(chunk, sizeof(Start));
  broken_ = !may_begin_ipfix_message(waiting_);
  const std::optional<size_t> length = ipfix_message_length(waiting_);
  if (!length) return std::nullopt;
  append(chunk, *length);
  if (waiting_.size() < *length) return std::nullopt;
  delivered_ = true;
  return ByteView(waiting_);
}

// Until `wanted` bytes wait, or the chunk is used up.
void IpfixFramer::append(ByteView& chunk, size_t wanted) {
  if (waiting_.size() >= wanted) return;
  const ByteView taken = chunk.first(std::min(wanted - waiting_.size(), chunk.size()));
  waiting_.insert(waiting_.end(), taken.begin(), taken.end());
  chunk = chunk.subspan(taken.size());
}

}  // namespace weir::net
