// weir gen: synthetic exporters that send to a collector, or write a capture.
#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "app/weir/commands.h"
#include "app/weir/gen_report.h"
#include "app/weir/interrupt.h"
#include "app/weir/refusals.h"
#include "app/weir/tls_options.h"
#include "gen/exporter.h"
#include "net/capture_writer.h"
#include "net/ipfix_file.h"
#include "net/sender.h"

namespace weir::app {
namespace {

using SteadyClock = std::chrono::steady_clock;

struct GenOptions {
  std::string to;
  net::TlsClientOptions tls;
  std::string write;
  std::vector<std::string> protocols = {"v9"};
  uint64_t rate = 1000;
  uint64_t count = 0;
  std::string duration;
  uint32_t exporters = 1;
  uint64_t seed = 1;
  uint32_t sampling = 1;
  uint32_t flows_per_datagram = 24;
  std::string template_interval = "60s";
  std::string events;
  uint32_t ipv6_percent = 15;
  bool sflow_expanded = false;
  uint32_t sflow_counters = 0;
  std::string start;
  uint32_t top = 0;
  std::string output = "table";
};

struct Limits {
  uint64_t flows = UINT64_MAX;
  Micros duration = Micros::max();
};

constexpr uint64_t kCaptureRate = 100'000;  // flows per second of a capture's time, where no rate is given
constexpr auto kProgressEvery = std::chrono::milliseconds{500};
constexpr uint64_t kDatagramsPerCheck = 256;

int failed(const Error& error) {
  fmt::print(stderr, "weir gen: {}\n", error.message);
  return 1;
}
int wrong_usage(std::string_view what) {
  fmt::print(stderr, "weir gen: {}\n", what);
  return 2;
}

// Where datagrams go: a collector now, or a file whose time runs as fast as it is written.
class Output {
 public:
  virtual ~Output() = default;
  virtual Result<> add(size_t exporter, ByteView datagram, Timestamp now) = 0;
  // The time at which the next datagram is exported, after `flows` flows. A real output waits until then; nullopt ends
  // the run.
  virtual Result<std::optional<Timestamp>> wait(uint64_t flows) = 0;
  virtual Result<> finish() = 0;
  virtual Micros elapsed() const = 0;
};

class NetworkOutput final : public Output {
 public:
  NetworkOutput(net::Sender sender, uint64_t rate) : sender_(std::move(sender)), rate_(rate) {}

  Result<> add(size_t exporter, ByteView datagram, Timestamp) override { return sender_.send(exporter, datagram); }

  Result<std::optional<Timestamp>> wait(uint64_t flows) override {
    const SteadyClock::time_point now = SteadyClock::now();
    if (rate_ > 0) {
      // Ahead by less than the grain of a timer: send on, many datagrams in one call.
      const SteadyClock::time_point due =
          start_ +
          std::chrono::nanoseconds(static_cast<int64_t>(1e9 * static_cast<double>(flows) / static_cast<double>(rate_)));
      if (due - now > std::chrono::milliseconds{1}) {
        TRY(sender_.flush());
        if (interrupt_.sleep_until(due)) return std::nullopt;
      }
    }
    if (++datagrams_ % kDatagramsPerCheck == 0 && interrupt_.seen()) return std::nullopt;
    if (show_progress_ && now >= next_progress_) {
      next_progress_ = now + kProgressEvery;
      const double seconds = std::chrono::duration<double>(now - start_).count();
      fmt::print(stderr, "\r{} flows sent, {:.0f} flows/s \x1b[K", flows,
                 static_cast<double>(flows) / (seconds + 1e-9));
    }
    return wall_clock_now();
  }

  Result<> finish() override {
    const Result<> flushed = sender_.finish();
    elapsed_ = std::chrono::duration_cast<Micros>(SteadyClock::now() - start_);
    sender_.await_refusals();
    if (show_progress_) fmt::print(stderr, "\r\x1b[K");
    return flushed;
  }
  Micros elapsed() const override {
    return elapsed_ ? *elapsed_ : std::chrono::duration_cast<Micros>(SteadyClock::now() - start_);
  }
  const net::Sender& sender() const { return sender_; }

 private:
  net::Sender sender_;
  uint64_t rate_;
  Interrupt interrupt_;
  bool show_progress_ = isatty(STDERR_FILENO) == 1;
  SteadyClock::time_point start_ = SteadyClock::now();
  SteadyClock::time_point next_progress_ = start_ + kProgressEvery;
  uint64_t datagrams_ = 0;
  std::optional<Micros> elapsed_;
};

// A file, whose time runs with the flows.
class FileOutput : public Output {
 public:
  FileOutput(uint64_t rate, Timestamp start) : rate_(rate), start_(start) {}

  Result<std::optional<Timestamp>> wait(uint64_t flows) override {
    elapsed_ = Micros(static_cast<int64_t>(1e6 * static_cast<double>(flows) / static_cast<double>(rate_)));
    return start_ + elapsed_;
  }
  Micros elapsed() const override { return elapsed_; }

 private:
  uint64_t rate_;
  Timestamp start_;
  Micros elapsed_{0};
};

class CaptureOutput final : public FileOutput {
 public:
  CaptureOutput(net::CaptureWriter writer, uint64_t rate, Timestamp start,
                const std::vector<GenReport::Exporter>& exporters)
      : FileOutput(rate, start), writer_(std::move(writer)), exporters_(exporters) {}

  Result<> add(size_t exporter, ByteView datagram, Timestamp now) override {
    const GenReport::Exporter& from = exporters_[exporter];
    const auto source_port = static_cast<uint16_t>(50'000 + exporter % 10'000);
    writer_.write({datagram, from.address, source_port, now}, IpAddress::from_v4(0x7f000001),
                  usual_port(from.protocol));
    return {};
  }
  Result<> finish() override { return writer_.close(); }

 private:
  static uint16_t usual_port(gen::Protocol protocol) {
    if (protocol == gen::Protocol::ipfix) return 4739;
    return protocol == gen::Protocol::sflow ? 6343 : 2055;
  }

  net::CaptureWriter writer_;
  std::vector<GenReport::Exporter> exporters_;
};

class IpfixOutput final : public FileOutput {
 public:
  IpfixOutput(net::IpfixFileWriter writer, uint64_t rate, Timestamp start)
      : FileOutput(rate, start), writer_(std::move(writer)) {}

  Result<> add(size_t, ByteView message, Timestamp) override {
    writer_.write(message);
    return {};
  }
  Result<> finish() override { return writer_.close(); }

 private:
  net::IpfixFileWriter writer_;
};

Result<std::unique_ptr<Output>> capture_output(const std::string& path, uint64_t rate, Timestamp start,
                                               const std::vector<GenReport::Exporter>& exporters) {
  return std::make_unique<CaptureOutput>(TRY(net::CaptureWriter::create(path)), rate, start, exporters);
}

Result<std::unique_ptr<Output>> ipfix_output(const std::string& path, uint64_t rate, Timestamp start) {
  return std::make_unique<IpfixOutput>(TRY(net::IpfixFileWriter::create(path)), rate, start);
}

// Each exporter in turn sends a datagram, until the limits are reached.
Result<> generate(std::vector<gen::SyntheticExporter>& exporters, Output& output, const Limits& limits,
                  size_t max_flows) {
  uint64_t flows = 0;
  for (size_t turn = 0; flows < limits.flows; turn = (turn + 1) % exporters.size()) {
    const std::optional<Timestamp> now = TRY(output.wait(flows));
    if (!now || output.elapsed() >= limits.duration) break;
    gen::SyntheticExporter& exporter = exporters[turn];
    const uint64_t before = exporter.totals().all.flows;
    const ByteView datagram = exporter.next_datagram(*now, std::min<uint64_t>(max_flows, limits.flows - flows));
    flows += exporter.totals().all.flows - before;
    TRY(output.add(turn, datagram, *now));
  }
  return output.finish();
}

void print_report(GenReport& report, const std::vector<gen::SyntheticExporter>& exporters, const GenOptions& options) {
  for (size_t i = 0; i < exporters.size(); ++i) report.exporters[i].totals = exporters[i].totals();
  options.output == "json" ? print_json(report) : print_text(report);
}

bool only_ipfix(const GenOptions& options) {
  return std::ranges::all_of(options.protocols, [](const std::string& name) { return name == "ipfix"; });
}

int send(const GenOptions& options, const Limits& limits, std::vector<gen::SyntheticExporter>& exporters,
         GenReport report) {
  const auto target = net::SendTarget::parse(options.to);
  if (!target) return wrong_usage(target.error().message);
  net::raise_file_limit();
  if (const Result<> checked = check_tls_options(options.tls, *target); !checked) {
    return wrong_usage(checked.error().message);
  }
  if (target->transport != net::Transport::udp && !only_ipfix(options)) {
    return wrong_usage("over TCP and TLS goes only IPFIX (RFC 7011 section 10.4): add --protocol ipfix");
  }
  auto sender = net::Sender::open(
      *target, options.tls, [](std::string_view address) { fmt::print(stderr, "weir gen: sending to {}\n", address); });
  if (!sender) return failed(sender.error());
  for (const GenReport::Exporter& exporter : report.exporters) {
    if (const auto added = sender->add_source(exporter.address); !added) return failed(added.error());
  }
  // Routers do not hold flows back until a datagram is full: at low rates a datagram goes out each quarter of a second.
  const uint64_t usual = options.rate == 0 ? SIZE_MAX : std::max<uint64_t>(options.rate / 4 / exporters.size(), 1);
  NetworkOutput output(std::move(*sender), options.rate);
  if (const Result<> done = generate(exporters, output, limits, usual); !done) return failed(done.error());
  report.elapsed = output.elapsed();
  const net::SendCounts& counts = output.sender().counts();
  report.sent_datagrams = counts.datagrams;
  report.refused = counts.refused;
  for (size_t i = 0; i < report.exporters.size(); ++i) {
    report.exporters[i].address = output.sender().report(i).address.value_or(IpAddress{});
  }
  print_report(report, exporters, options);
  report_refusals("gen", output.sender(), *target);
  return counts.refused > 0 && counts.datagrams == 0 ? 1 : 0;
}

int write(const GenOptions& options, Limits limits, std::vector<gen::SyntheticExporter>& exporters, GenReport report) {
  Timestamp start = wall_clock_now();
  if (!options.start.empty()) {
    const auto parsed = parse_time(options.start);
    if (!parsed) return wrong_usage(fmt::format("--start {}: not a time (like 2026-11-22T14:00:00Z)", options.start));
    start = *parsed;
  }
  const uint64_t rate = options.rate == 0 ? kCaptureRate : options.rate;
  const bool ipfix_file = options.write.ends_with(".ipfix");
  if (ipfix_file && !only_ipfix(options))
    return wrong_usage("a file of messages holds only IPFIX: add --protocol ipfix");
  auto opened = ipfix_file ? ipfix_output(options.write, rate, start)
                           : capture_output(options.write, rate, start, report.exporters);
  if (!opened) return failed(opened.error());
  Output& output = **opened;
  if (const Result<> done = generate(exporters, output, limits, SIZE_MAX); !done) return failed(done.error());
  report.elapsed = output.elapsed();
  print_report(report, exporters, options);
  return 0;
}

int run_gen(const GenOptions& options) {
  if (options.to.empty() == options.write.empty())
    return wrong_usage("say where to: --to HOST:PORT, or --write FILE.pcap or FILE.ipfix");
  Limits limits;
  if (options.count > 0) limits.flows = options.count;
  if (!options.duration.empty()) {
    const auto duration = parse_duration(options.duration);
    if (!duration) return wrong_usage(fmt::format("--duration {}: not a duration (like 60s or 5m)", options.duration));
    limits.duration = *duration;
  }
  if (!options.write.empty() && options.count == 0 && options.duration.empty()) {
    return wrong_usage("--write needs an end: --count FLOWS or --duration TIME");
  }
  const auto template_interval = parse_duration(options.template_interval);
  if (!template_interval)
    return wrong_usage(fmt::format("--template-interval {}: not a duration", options.template_interval));

  Micros event_interval{0};
  if (!options.events.empty()) {
    const auto parsed = parse_duration(options.events);
    if (!parsed) return wrong_usage(fmt::format("--events {}: not a duration", options.events));
    event_interval = *parsed;
  }

  GenReport report{.exporters = {}, .seed = options.seed, .sampling_interval = options.sampling, .top = options.top};
  Talkers talkers;
  if (options.top > 0) report.talkers = &talkers;
  std::vector<gen::SyntheticExporter> exporters;
  for (uint32_t i = 0; i < options.exporters; ++i) {
    const gen::Protocol protocol = *gen::parse_protocol(options.protocols[i % options.protocols.size()]);
    if (protocol == gen::Protocol::v5 && options.sampling > gen::kMaxSamplingV5) {
      return wrong_usage(fmt::format("--sampling {}: NetFlow v5 has 14 bits for it, at most {}", options.sampling,
                                     gen::kMaxSamplingV5));
    }
    const IpAddress address = net::loopback_address(i);
    report.exporters.push_back({address, protocol, i + 1, {}});
    exporters.emplace_back(gen::ExporterOptions{.protocol = protocol,
                                                .seed = options.seed,
                                                .domain = i + 1,
                                                .agent = address,
                                                .sampling_interval = options.sampling,
                                                .flows_per_datagram = options.flows_per_datagram,
                                                .template_interval = *template_interval,
                                                .ipv6_percent = options.ipv6_percent,
                                                .sflow_expanded = options.sflow_expanded,
                                                .sflow_counters_every = options.sflow_counters,
                                                .event_interval = event_interval});
    if (options.top > 0) exporters.back().on_flow([&talkers](const gen::Flow& flow) { talkers.add(flow); });
  }
  return options.write.empty() ? send(options, limits, exporters, std::move(report))
                               : write(options, limits, exporters, std::move(report));
}

}  // namespace

void add_gen(CLI::App& app, Run& run) {
  auto options = std::make_shared<GenOptions>();
  CLI::App* command = app.add_subcommand("gen", "Invent flows and export them like routers; prints exact totals");
  command->add_option("--to", options->to,
                      "Send to this collector: HOST:PORT, or for IPFIX tcp://HOST:PORT or tls://HOST:PORT");
  add_tls_options(*command, options->tls);
  command->add_option("--write", options->write,
                      "Write a capture (pcap) instead, or a file of IPFIX messages if its name ends with .ipfix");
  command
      ->add_option("--protocol", options->protocols,
                   "v5, v9, ipfix, sflow; several (v5,v9) are taken by the exporters in turn")
      ->delimiter(',')
      ->check(CLI::IsMember({"v5", "v9", "ipfix", "sflow"}))
      ->default_str("v9");
  command->add_option("--rate", options->rate, "Flows per second in all; 0: as fast as possible")
      ->capture_default_str();
  command->add_option("--count", options->count, "End after this many flows");
  command->add_option("--duration", options->duration, "End after this time, like 60s (without both: at Ctrl-C)");
  command
      ->add_option("--exporters", options->exporters, "How many; to loopback, they send from 127.0.0.2, 127.0.0.3, ...")
      ->check(CLI::Range(1u, 100'000u))
      ->capture_default_str();
  command->add_option("--seed", options->seed, "The same seed gives the same flows")->capture_default_str();
  command->add_option("--sampling", options->sampling, "Sampling interval that the exporters state: one of N packets")
      ->check(CLI::Range(1u, 0x7fffffffu))
      ->capture_default_str();
  command
      ->add_option("--flows-per-datagram", options->flows_per_datagram,
                   "At most so many; fewer where 1452 bytes hold fewer")
      ->check(CLI::Range(1u, 1000u))
      ->capture_default_str();
  command->add_option("--template-interval", options->template_interval, "How often v9 and IPFIX templates are sent")
      ->capture_default_str();
  command->add_option("--events", options->events,
                      "About this often each exporter changes its templates, restarts, or has its clock jump");
  command->add_option("--ipv6-percent", options->ipv6_percent, "Share of IPv6 flows (v5 has none)")
      ->check(CLI::Range(0u, 100u))
      ->capture_default_str();
  command->add_flag("--sflow-expanded", options->sflow_expanded, "sFlow samples in their expanded forms");
  command->add_option("--sflow-counters", options->sflow_counters, "An sFlow counter sample in every so many datagrams")
      ->check(CLI::Range(1u, 1'000'000u));
  command->add_option("--start", options->start, "With --write: the time of the first datagram (default: now)");
  command->add_option("--top", options->top, "Print the N addresses with the most bytes, too");
  command->add_option("-o,--output", options->output, "table or json")
      ->check(CLI::IsMember({"table", "json"}))
      ->capture_default_str();
  command->callback([options, &run] { run = [options] { return run_gen(*options); }; });
}

}  // namespace weir::app
