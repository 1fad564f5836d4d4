#include "http/counters.h"

#include <algorithm>
#include <charconv>

#include "base/check.h"

namespace weir::http {
namespace {

using telemetry::Exposition;
using telemetry::MetricType;

// PREFIX_http_NAME, written without allocating.
class Name {
 public:
  Name(std::string_view prefix, std::string_view name) {
    for (const std::string_view part : {prefix, std::string_view("_http_"), name}) {
      CHECK(text_.size() - size_ >= part.size());
      std::ranges::copy(part, text_.begin() + static_cast<std::ptrdiff_t>(size_));
      size_ += part.size();
    }
  }
  std::string_view text() const { return {text_.data(), size_}; }

 private:
  std::array<char, 96> text_{};
  size_t size_ = 0;
};

template <size_t n>
void write_by_reason(Exposition& out, const std::array<std::string_view, n>& names,
                     const std::array<uint64_t, n>& values) {
  for (size_t i = 0; i < n; ++i) out.sample({{"reason", names[i]}}, values[i]);
}

// Leaves out statuses that were never answered: most handlers use one or two.
void write_answers(Exposition& out, const ServerCounters& c, size_t handler) {
  const std::string_view path = handler < c.handlers.size() ? std::string_view(c.handlers[handler]) : "other";
  for (size_t i = 0; i < kStatuses.size(); ++i) {
    const uint64_t count = c.answers[handler][i];
    if (count == 0 && kStatuses[i] != 200) continue;
    std::array<char, 8> digits{};
    const auto [end, error] = std::to_chars(digits.begin(), digits.end(), kStatuses[i]);
    const std::string_view code(digits.data(), static_cast<size_t>(end - digits.data()));
    out.sample({{"handler", path}, {"code", kStatuses[i] == 0 ? "other" : code}}, count);
  }
}

}  // namespace

size_t ServerCounters::handler_of(std::string_view path) const {
  return static_cast<size_t>(std::ranges::find(handlers, path) - handlers.begin());
}

void ServerCounters::add_answer(size_t handler, unsigned status) {
  const auto* const found = std::ranges::find(kStatuses, status);
  ++answers[handler][std::min(static_cast<size_t>(found - kStatuses.begin()), kStatuses.size() - 1)];
}

void write_metrics(Exposition& out, std::string_view prefix, const ServerCounters& c) {
  using enum MetricType;
  const auto single = [&](std::string_view name, MetricType type, std::string_view help, uint64_t value) {
    out.single(Name(prefix, name).text(), type, help, value);
  };
  const auto family = [&](std::string_view name, std::string_view help) {
    out.family(Name(prefix, name).text(), counter, help);
  };

  single("connections_accepted_total", counter, "Connections accepted.", c.accepted);
  single("connections", gauge, "Connections open now.", c.open);
  family("connections_closed_total", "Connections closed, by reason.");
  write_by_reason(out, kCloses, c.closed);
  family("refused_total", "Connections and requests refused, by reason.");
  write_by_reason(out, kRefusals, c.refused);
  family("requests_total", "Requests answered, by handler (path) and status code.");
  for (size_t handler = 0; handler <= c.handlers.size(); ++handler) write_answers(out, c, handler);
  family("bad_requests_total", "Requests that were none, by what was wrong.");
  for (size_t i = 0; i < kBadRequests.size(); ++i) out.sample({{"reason", kBadRequests[i].name}}, c.bad_requests[i]);
  single("received_bytes_total", counter, "Bytes received from clients.", c.received_bytes);
  single("sent_bytes_total", counter, "Bytes sent to clients.", c.sent_bytes);
  single("accept_errors_total", counter, "Connections that could not be accepted for want of resources.",
         c.accept_errors);
  single("config_reloads_total", counter, "Times that a changed web configuration was put into effect.",
         c.config_reloads);
  single("config_reload_failures_total", counter,
         "Times that a changed web configuration was refused; the former one stays.", c.config_reload_failures);
}

}  // namespace weir::http
