// weir send: the flow exports of captures as real datagrams, at recorded or any other speed.
#include <fmt/format.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "app/weir/commands.h"
#include "app/weir/flow_export.h"
#include "app/weir/interrupt.h"
#include "app/weir/refusals.h"
#include "app/weir/tls_options.h"
#include "net/capture.h"
#include "net/sender.h"

namespace weir::app {
namespace {

using SteadyClock = std::chrono::steady_clock;

struct SendOptions {
  std::vector<std::string> files;
  std::string to;
  net::TlsClientOptions tls;
  double speed = 1;
  double rate = 0;  // datagrams a second; 0: by speed
  bool fast = false;
  bool all = false;
  bool no_spread = false;
  uint64_t loops = 1;
  std::string output = "table";
};

// An exporter of the capture, and what was sent for it.
struct Exporter {
  IpAddress recorded;
  std::optional<IpAddress> sent_from{};  // none: what the route has
  uint64_t datagrams = 0;
  uint64_t bytes = 0;
};

// What the captures held besides what was sent.
struct Skipped {
  uint64_t not_exports = 0;
  uint64_t other_frames = 0;
  uint64_t damaged_frames = 0;
};

enum class Outcome { kDone, kInterrupted, kDamaged };

constexpr auto kProgressEvery = std::chrono::milliseconds{500};
// A sender that is ahead by less sends on, many datagrams in one call.
constexpr auto kTimerGrain = std::chrono::milliseconds{1};
constexpr uint64_t kDatagramsPerCheck = 256;

class SendRun {
 public:
  SendRun(const SendOptions& options, net::Sender sender) : options_(options), sender_(std::move(sender)) {}

  // Fails if sending does; a damaged capture is reported and passed over.
  Result<Outcome> run();
  // Waits for refusals of what was sent last. To be called before the totals are printed.
  void settle();
  void print_text() const;
  void print_json() const;
  const net::Sender& sender() const { return sender_; }

 private:
  Result<Outcome> send_file(const std::string& file);
  Result<size_t> source_of(const Datagram& datagram);
  Result<bool> wait_for(Timestamp recorded, Timestamp first);
  void show_progress(const net::CaptureReader& reader);
  double seconds() const { return std::chrono::duration<double>(end_ - start_).count(); }

  struct Source {
    size_t number;    // for the sender
    size_t exporter;  // in exporters_
  };

  const SendOptions& options_;
  net::Sender sender_;
  Interrupt interrupt_;
  std::map<std::pair<IpAddress, uint16_t>, Source> sources_;
  std::map<IpAddress, size_t> exporter_of_;
  std::vector<Exporter> exporters_;
  Skipped skipped_;
  SteadyClock::time_point start_ = SteadyClock::now();
  SteadyClock::time_point end_ = start_;
  SteadyClock::time_point file_start_ = start_;
  SteadyClock::time_point next_progress_ = start_ + kProgressEvery;
  uint64_t queued_ = 0;
  uint64_t loop_ = 1;
  size_t file_ = 0;
  bool progress_ = isatty(STDERR_FILENO) == 1;
};

Result<Outcome> SendRun::run() {
  Outcome outcome = Outcome::kDone;
  for (loop_ = 1; loop_ <= options_.loops && outcome != Outcome::kInterrupted; ++loop_) {
    for (file_ = 0; file_ < options_.files.size() && outcome != Outcome::kInterrupted; ++file_) {
      const Outcome sent = TRY(send_file(options_.files[file_]));
      if (sent != Outcome::kDone) outcome = sent;
    }
  }
  const Result<> flushed = sender_.finish();
  end_ = SteadyClock::now();
  if (progress_) fmt::print(stderr, "\r\x1b[K");
  TRY(flushed);
  return outcome;
}

void SendRun::settle() {
  sender_.await_refusals();
  for (const auto& [key, source] : sources_) {
    const net::SourceReport& report = sender_.report(source.number);
    Exporter& exporter = exporters_[source.exporter];
    exporter.sent_from = report.address;
    exporter.datagrams += report.datagrams;
    exporter.bytes += report.bytes;
  }
}

Result<Outcome> SendRun::send_file(const std::string& file) {
  auto reader = net::CaptureReader::open(file);
  if (!reader) {
    fmt::print(stderr, "weir send: {}\n", reader.error().message);
    return Outcome::kDamaged;
  }
  Outcome outcome = Outcome::kDone;
  std::optional<Timestamp> first;
  file_start_ = SteadyClock::now();
  while (true) {
    const auto next = reader->next();
    if (!next) {
      fmt::print(stderr, "weir send: {}; what was whole was sent\n", next.error().message);
      outcome = Outcome::kDamaged;
    }
    if (!next || !*next) break;
    const Datagram& datagram = (*next)->datagram;
    if (!options_.all && !looks_like_flow_export(datagram.bytes)) {
      ++skipped_.not_exports;
      continue;
    }
    if (!first) first = datagram.received;
    if (!TRY(wait_for(datagram.received, *first))) {
      outcome = Outcome::kInterrupted;
      break;
    }
    const size_t source = TRY(source_of(datagram));
    TRY(sender_.send(source, datagram.bytes));
    ++queued_;
    show_progress(*reader);
  }
  skipped_.other_frames += reader->counts().other_frames;
  skipped_.damaged_frames += reader->counts().damaged_frames;
  return outcome;
}

// Until the datagram is due. False if the user wants to stop.
Result<bool> SendRun::wait_for(Timestamp recorded, Timestamp first) {
  SteadyClock::time_point due = file_start_;
  if (options_.rate > 0) {
    due = start_ + std::chrono::nanoseconds(static_cast<int64_t>(1e9 * static_cast<double>(queued_) / options_.rate));
  } else if (!options_.fast && options_.speed > 0) {
    // At most some years, whatever the file says and however slow it shall be.
    const double ns = std::min(static_cast<double>((recorded - first).count()) * 1e3 / options_.speed, 1e18);
    due += std::chrono::nanoseconds(static_cast<int64_t>(ns));
  }
  if (due - SteadyClock::now() > kTimerGrain) {
    TRY(sender_.flush());
    return !interrupt_.sleep_until(due);
  }
  return queued_ % kDatagramsPerCheck != 0 || !interrupt_.seen();
}

// One socket for each address and port of the capture, so that they stay as distinct as they were.
Result<size_t> SendRun::source_of(const Datagram& datagram) {
  const auto key = std::pair(datagram.exporter, datagram.exporter_port);
  auto found = sources_.find(key);
  if (found == sources_.end()) {
    const auto [exporter, is_new] = exporter_of_.try_emplace(datagram.exporter, exporters_.size());
    if (is_new) exporters_.push_back({.recorded = datagram.exporter});
    std::optional<IpAddress> distinct;
    if (!options_.no_spread) distinct = net::loopback_address(static_cast<uint32_t>(exporter->second));
    const size_t added = TRY(sender_.add_source(distinct));
    found = sources_.emplace(key, Source{added, exporter->second}).first;
  }
  return found->second.number;
}

void SendRun::show_progress(const net::CaptureReader& reader) {
  if (!progress_) return;
  const SteadyClock::time_point now = SteadyClock::now();
  if (now < next_progress_) return;
  next_progress_ = now + kProgressEvery;
  constexpr size_t kWidth = 30;
  const double size = static_cast<double>(std::max<uint64_t>(reader.file_bytes(), 1));
  const double part = std::min(static_cast<double>(reader.counts().bytes_read) / size, 1.0);
  const auto filled = static_cast<size_t>(part * kWidth);
  const double elapsed = std::chrono::duration<double>(now - start_).count();
  fmt::print(stderr, "\r[{}{}] {:3.0f} %  {}  {} datagrams  {:.0f}/s", std::string(filled, '#'),
             std::string(kWidth - filled, ' '), part * 100, options_.files[file_], queued_,
             static_cast<double>(queued_) / elapsed);
  if (options_.loops > 1) fmt::print(stderr, "  round {} of {}", loop_, options_.loops);
  fmt::print(stderr, " \x1b[K");
}

void SendRun::print_text() const {
  const net::SendCounts& counts = sender_.counts();
  const double rate = seconds() > 0 ? 1 / seconds() : 0;
  fmt::print(stderr, "sent {} datagrams, {} bytes, of {} exporters in {}: {:.0f} datagrams/s, {:.2f} Mbit/s\n",
             counts.datagrams, counts.bytes, exporters_.size(), to_human(Micros(static_cast<int64_t>(seconds() * 1e6))),
             static_cast<double>(counts.datagrams) * rate, static_cast<double>(counts.bytes) * rate * 8e-6);
  if (skipped_.not_exports + skipped_.other_frames + skipped_.damaged_frames + counts.too_long > 0) {
    fmt::print(
        stderr,
        "passed over: {} datagrams that are no flow exports, {} other frames, {} damaged ones, {} too long to send\n",
        skipped_.not_exports, skipped_.other_frames, skipped_.damaged_frames, counts.too_long);
  }
}

void SendRun::print_json() const {
  namespace json = boost::json;
  const net::SendCounts& counts = sender_.counts();
  json::object object;
  object["datagrams"] = counts.datagrams;
  object["bytes"] = counts.bytes;
  object["refused"] = counts.refused;
  object["too_long"] = counts.too_long;
  object["not_ipfix"] = counts.not_ipfix;
  object["elapsed_seconds"] = seconds();
  object["datagrams_per_second"] = seconds() > 0 ? static_cast<double>(counts.datagrams) / seconds() : 0;
  object["not_exports"] = skipped_.not_exports;
  object["other_frames"] = skipped_.other_frames;
  object["damaged_frames"] = skipped_.damaged_frames;
  json::array exporters;
  for (const Exporter& exporter : exporters_) {
    json::object one;
    one["address"] = exporter.recorded.to_string();
    one["sent_from"] = exporter.sent_from ? json::value(exporter.sent_from->to_string()) : json::value(nullptr);
    one["datagrams"] = exporter.datagrams;
    one["bytes"] = exporter.bytes;
    exporters.push_back(std::move(one));
  }
  object["exporters"] = std::move(exporters);
  fmt::print("{}\n", json::serialize(object));
}

int run_send(const SendOptions& options) {
  const auto target = net::SendTarget::parse(options.to);
  if (!target) {
    fmt::print(stderr, "weir send: {}\n", target.error().message);
    return 2;
  }
  net::raise_file_limit();
  if (const Result<> checked = check_tls_options(options.tls, *target); !checked) {
    fmt::print(stderr, "weir send: {}\n", checked.error().message);
    return 2;
  }
  auto sender = net::Sender::open(*target, options.tls, [](std::string_view address) {
    fmt::print(stderr, "weir send: sending to {}\n", address);
  });
  if (!sender) {
    fmt::print(stderr, "weir send: {}\n", sender.error().message);
    return 1;
  }
  SendRun run(options, std::move(*sender));
  const Result<Outcome> outcome = run.run();
  run.settle();
  const net::SendCounts& counts = run.sender().counts();
  options.output == "json" ? run.print_json() : run.print_text();
  if (!outcome) fmt::print(stderr, "weir send: {}\n", outcome.error().message);
  if (counts.not_ipfix > 0) {
    fmt::print(stderr,
               "weir send: {} datagrams were not sent: they are not whole IPFIX messages, "
               "and nothing else goes over TCP and TLS (RFC 7011 section 10.4)\n",
               counts.not_ipfix);
    if (counts.datagrams == 0) return 1;
  }
  report_refusals("send", run.sender(), *target);
  const bool nothing_arrived = counts.refused > 0 && counts.datagrams == 0;
  return outcome && *outcome != Outcome::kDamaged && !nothing_arrived ? 0 : 1;
}

}  // namespace

void add_send(CLI::App& app, Run& run) {
  auto options = std::make_shared<SendOptions>();
  CLI::App* command = app.add_subcommand("send", "Send the flow exports of captures to a collector, at recorded speed");
  command->add_option("FILE", options->files, "pcap or pcapng captures and IPFIX files, sent one after the other")
      ->required();
  command->add_option("--to", options->to, "The collector: HOST:PORT, or for IPFIX tcp://HOST:PORT or tls://HOST:PORT")
      ->required();
  add_tls_options(*command, options->tls);
  auto* speed = command->add_option("--speed", options->speed, "Times as fast as recorded; 0: as fast as possible")
                    ->check(CLI::NonNegativeNumber)
                    ->capture_default_str();
  auto* rate = command->add_option("--rate", options->rate, "Datagrams per second instead")
                   ->check(CLI::PositiveNumber)
                   ->excludes(speed);
  command->add_flag("--fast", options->fast, "As fast as possible")->excludes(speed)->excludes(rate);
  command->add_option("--loop", options->loops, "Send all files so many times")
      ->check(CLI::Range(uint64_t{1}, UINT64_MAX))
      ->capture_default_str();
  command->add_flag("--all", options->all, "All UDP datagrams, not only those that look like flow exports");
  command->add_flag("--no-spread", options->no_spread,
                    "To loopback, exporters send from 127.0.0.2, 127.0.0.3, ... so that they stay distinct; with this, "
                    "all from one address");
  command->add_option("-o,--output", options->output, "table (to standard error) or json")
      ->check(CLI::IsMember({"table", "json"}))
      ->capture_default_str();
  command->callback([options, &run] { run = [options] { return run_send(*options); }; });
}

}  // namespace weir::app
