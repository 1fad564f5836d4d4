// An IPFIX connection from an attacker: bytes, split anywhere, through framing and decoder. How they were split must
// not matter; once the stream is broken, nothing more is read of it. Then the same bytes as a file.
//
//   switches (fuzz_session.h) | seed of the splits | bytes of the stream
#include "base/check.h"
#include "decode/fuzz_session.h"
#include "net/capture.h"
#include "net/ipfix_framing.h"

namespace weir::decode {
namespace {

using net::IpfixFramer;

constexpr uint64_t kConnection = 7;

// Sizes of chunks: many small ones, some large ones.
class Splits {
 public:
  explicit Splits(uint8_t seed) : state_(seed) {}
  size_t next() {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    const auto random = static_cast<size_t>(state_ >> 33);
    return random % 4 == 0 ? 1 + random % 3000 : 1 + random % 20;
  }

 private:
  uint64_t state_;
};

// What one run of a stream came to.
struct Run {
  explicit Run(const DecoderOptions& options)
      : decoder(options),
        builder(
            [this](flow::FullBatch full) {
              rows += full->rows();
              fuzz::touch(*flow::seal(std::move(full)));
            },
            64, options.schema) {}

  void message(ByteView whole) {
    CHECK(whole.size() >= kIpfixHeaderBytes && whole.size() <= kMaxIpfixMessageBytes);
    const std::vector<uint8_t> copy(whole.begin(), whole.end());  // so that a read beyond it is seen
    Datagram datagram = test::datagram(copy);
    datagram.connection = kConnection;
    decoder.decode(datagram, builder);
    ++messages;
    bytes += whole.size();
  }
  void feed(ByteView chunk) {
    while (const auto next = framer.next(chunk)) message(*next);
    CHECK(framer.memory() <= 2 * kMaxIpfixMessageBytes);
    CHECK(framer.broken() || chunk.empty());
    unread += chunk.size();
  }
  void finish() {
    decoder.close_connection(kConnection);
    flow::ExporterCounters sum;
    for (const auto& [exporter, counters] : decoder.counters()) sum += counters;
    CHECK(sum.early_sets_held == 0);  // nothing waits for the templates of a connection that is gone
    decoder.expire(Timestamp::max());
    builder.hand_over();
    fuzz::check(decoder, rows, messages);
  }

  Decoder decoder;
  uint64_t rows = 0;
  flow::TableBuilders builder;
  IpfixFramer framer;
  uint64_t messages = 0;
  uint64_t bytes = 0;   // of whole messages
  uint64_t unread = 0;  // once broken
};

void check_file(ByteView file, const Run& whole) {
  auto reader = net::CaptureReader::open_bytes(file);
  if (!reader) return;
  uint64_t messages = 0;
  uint64_t bytes = 0;
  while (true) {
    const auto next = reader->next();
    if (!next || !*next) break;
    ++messages;
    bytes += (*next)->datagram.bytes.size();
  }
  CHECK(bytes + reader->counts().damaged_bytes == file.size());
  CHECK(reader->counts().bytes_read == file.size());
  // Where the stream is whole to its end, so is the file.
  if (whole.bytes == file.size()) CHECK(messages == whole.messages && bytes == whole.bytes);
}

int run(ByteView input) {
  if (input.size() < 2) return 0;
  const DecoderOptions options = fuzz::options_from(input[0]);
  Splits splits(input[1]);
  const ByteView stream = input.subspan(2);
  Run whole(options);
  whole.feed(stream);
  whole.finish();
  Run split(options);
  for (ByteView left = stream; !left.empty();) {
    const ByteView chunk = left.first(std::min(splits.next(), left.size()));
    const std::vector<uint8_t> copy(chunk.begin(), chunk.end());
    split.feed(copy);
    left = left.subspan(chunk.size());
  }
  split.finish();
  for (const Run* run : {&whole, &split}) {
    CHECK(run->bytes + run->framer.waiting_bytes() + run->unread == stream.size());
  }
  CHECK(split.messages == whole.messages && split.rows == whole.rows && split.bytes == whole.bytes);
  CHECK(split.framer.broken() == whole.framer.broken());
  if (!stream.empty() && stream[0] == 0) check_file(stream, whole);
  return 0;
}

}  // namespace
}  // namespace weir::decode

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) { return weir::decode::run({data, size}); }
