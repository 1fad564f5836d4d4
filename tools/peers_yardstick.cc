// What `./dev bench peers` measures weir's receive path against, as a process of its own like the collectors:
//
//   peers_yardstick bare BUFFER            recvmmsg in a loop that only counts (net/bare_counter.h)
//   peers_yardstick decode BUFFER FOLDER   the whole collector, with a writer that throws rows away: receive and decode
//
// BUFFER: bytes of the socket's buffer. Both print "listening on 127.0.0.1:PORT", run until SIGTERM or SIGINT, and
// then print {"datagrams": N, "flows": N} of what they took (bare does not know flows).
#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>

#include <atomic>
#include <charconv>
#include <filesystem>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

#include "base/fd.h"
#include "base/log.h"
#include "net/bare_counter.h"
#include "pipeline/collector.h"

namespace weir {
namespace {

class NullWriter final : public store::SegmentWriter {
 public:
  Result<store::SegmentStats> write_prepared(const std::filesystem::path& path,
                                             std::span<const store::PreparedRows> rows) override {
    store::SegmentStats stats;
    for (const flow::SealedBatch& batch : store::batches_of(rows)) stats.rows += batch->rows();
    // The store renames what a writer wrote.
    auto created = Fd(open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!created) return fail_errno("cannot write " + path.string());
    return stats;
  }
};

sigset_t end_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

void wait_for_end() {
  const sigset_t set = end_signals();
  int signal = 0;
  sigwait(&set, &signal);
}

void say_listening(uint16_t port) {
  fmt::print("listening on 127.0.0.1:{}\n", port);
  std::fflush(stdout);
}

Result<> count_bare(size_t buffer) {
  auto counter = net::BareCounter::open(buffer);
  if (!counter) return std::unexpected(counter.error());
  std::atomic<bool> stop = false;
  std::atomic<uint64_t> received = 0;
  std::thread loop([&] { counter->run(stop, received); });
  say_listening(counter->port());
  wait_for_end();
  stop = true;
  loop.join();
  fmt::print("{{\"datagrams\": {}}}\n", received.load());
  return {};
}

Result<> count_decoded(size_t buffer, const std::filesystem::path& folder) {
  pipeline::CollectorOptions options;
  options.listen = {{.host = "127.0.0.1", .port = 0}};
  options.receiver.socket_buffer_bytes = buffer;
  options.store.directory = folder;
  options.store.compact = false;
  auto collector = pipeline::Collector::start(options, std::make_unique<NullWriter>());
  if (!collector) return std::unexpected(collector.error());
  say_listening((*collector)->ports()[0]);
  wait_for_end();
  const flow::ExporterLedger total = (*collector)->stop().ledger.total;
  fmt::print("{{\"datagrams\": {}, \"flows\": {}}}\n", total.counters.datagrams_received,
             total.rows(flow::Table::flows).stored);
  return {};
}

// 0: not a size.
size_t parse_size(std::string_view text) {
  size_t value = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), value);
  return error == std::errc{} && end == text.end() ? value : 0;
}

int run(std::span<const std::string_view> arguments) {
  const std::string_view mode = arguments.empty() ? "" : arguments[0];
  const size_t buffer = arguments.size() > 1 ? parse_size(arguments[1]) : 0;
  const bool bare = mode == "bare" && arguments.size() == 2;
  const bool decode = mode == "decode" && arguments.size() == 3;
  if (buffer == 0 || (!bare && !decode)) {
    fmt::print(stderr, "usage: peers_yardstick bare BUFFER | decode BUFFER FOLDER\n");
    return 2;
  }
  log::set_level("error");
  const sigset_t set = end_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  const Result<> done = bare ? count_bare(buffer) : count_decoded(buffer, arguments[2]);
  if (!done) fmt::print(stderr, "peers_yardstick: {}\n", done.error().message);
  return done ? 0 : 1;
}

}  // namespace
}  // namespace weir

int main(int count, char** values) {
  const std::vector<std::string_view> arguments(values + 1, values + count);
  return weir::run(arguments);
}
