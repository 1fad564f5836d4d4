#include "decode/session/stream_survey.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "decode/session/streams.h"

namespace weir::decode {
namespace {

// Streams that have been silent for longer say nothing of how the exporter is now.
constexpr std::chrono::hours kRecent{1};

// Messages that show that numbers stay where they are.
constexpr uint64_t kEnough = 3;

LossDoubt doubt_of(const Stream& stream, SequenceState& sequence) {
  const bool settled = sequence.settle();
  if (!stream.has_next) return LossDoubt::no_numbers;
  if (stream.follows) return LossDoubt::unclear;
  if (sequence.erratic()) return LossDoubt::erratic;
  // Templates only: what counts in its numbers was not sent, and numbers that stay say that nothing was lost either.
  if (stream.units == 0 && stream.messages >= kEnough && sequence.known()) return LossDoubt::none;
  if (!settled) return sequence.known() ? LossDoubt::too_few : LossDoubt::uncounted;
  return sequence.holes() > 0 ? LossDoubt::holes : LossDoubt::none;
}

}  // namespace

std::string_view name(LossDoubt doubt) {
  switch (doubt) {
    case LossDoubt::none:
      return "";
    case LossDoubt::too_few:
      return "too_few";
    case LossDoubt::erratic:
      return "erratic";
    case LossDoubt::no_numbers:
      return "no_numbers";
    case LossDoubt::uncounted:
      return "uncounted";
    case LossDoubt::unclear:
      return "unclear";
    case LossDoubt::holes:
      return "holes";
  }
  return "";
}

std::optional<Timestamp> StreamReport::booted() const {
  if (!boot) return std::nullopt;
  const auto uptime_ms = static_cast<uint32_t>(to_us(last_heard) / 1000) - *boot;  // modulo 2^32
  return last_heard - std::chrono::milliseconds(uptime_ms);
}

flow::LossKnown StreamReport::loss_known() const {
  if (doubt == LossDoubt::none) return flow::LossKnown::all;
  return doubt == LossDoubt::holes ? flow::LossKnown::part : flow::LossKnown::none;
}

StreamReport report_of(const SessionKey& session, const Stream& stream, SequenceState& sequence) {
  StreamReport report{.session = session,
                      .port = stream.port,
                      .agent = std::nullopt,
                      .boot = std::nullopt,
                      .boots = static_cast<uint32_t>(stream.boots.size()),
                      .messages = stream.messages,
                      .lost = sequence.lost(),
                      .doubt = doubt_of(stream, sequence),
                      .first_heard = stream.first_heard,
                      .last_heard = stream.last_heard,
                      .sure = !stream.follows,
                      .replaced = stream.superseded};
  if (!stream.boots.empty()) report.boot = stream.boots.front().by_ours;
  return report;
}

void StreamSurvey::add(StreamReport report, flow::ExporterCounters& exporter) {
  if (!report.replaced && report.last_heard + kRecent >= exporter.last_seen) {
    flow::StreamSummary& sum = exporter.streams;
    ++sum.streams;
    sum.loss_unknown += report.loss_known() == flow::LossKnown::none ? 1 : 0;
    sum.loss_in_part += report.loss_known() == flow::LossKnown::part ? 1 : 0;
    if (report.boot) clocks_.push_back({&exporter, *report.boot});
  }
  if (has_room()) {
    reports_.streams.push_back(std::move(report));
  } else {
    ++reports_.left_out;
  }
}

// The domains of one device have one boot.
StreamReports StreamSurvey::finish() {
  std::ranges::sort(clocks_, {}, [](const Clock& clock) { return std::tuple(clock.exporter, clock.boot); });
  const Clock* before = nullptr;
  for (const Clock& clock : clocks_) {
    const bool same =
        before != nullptr && before->exporter == clock.exporter && clock.boot - before->boot <= kBootToleranceMs;
    if (!same) ++clock.exporter->streams.clocks;
    before = &clock;
  }
  clocks_.clear();
  return std::exchange(reports_, {});
}

}  // namespace weir::decode
