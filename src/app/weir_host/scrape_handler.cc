#include "app/weir_host/scrape_handler.h"

#include <algorithm>
#include <vector>

namespace weir::app {
namespace {

// Of the time that Prometheus allows, what is kept for the way back; at most a quarter.
constexpr double kMarginSeconds = 0.5;
constexpr double kMarginShare = 0.25;

host::Clock::time_point deadline_of(double timeout_s) {
  const double left_s = timeout_s - std::min(kMarginSeconds, timeout_s * kMarginShare);
  return host::Clock::now() + std::chrono::duration_cast<host::Clock::duration>(std::chrono::duration<double>(left_s));
}

}  // namespace

ScrapeHandler::ScrapeHandler(const Settings& settings, host::Exporter& exporter)
    : settings_(settings),
      exporter_(exporter),
      pages_("weir-host", "Metrics of this machine for Prometheus", WEIR_VERSION, settings.telemetry_path) {}

http::Response ScrapeHandler::answer(const http::Request& request) {
  return request.path == settings_.telemetry_path ? metrics(request) : pages_.answer(request.path);
}

size_t ScrapeHandler::unread_answers() {
  size_t unread = 0;
  for (const auto& answer : answers_) {
    if (answer.use_count() == 1) {
      answer->body = {};
    } else {
      ++unread;
    }
  }
  return unread;
}

http::Body ScrapeHandler::counted(http::Body body) {
  auto free = std::ranges::find_if(answers_, [](const auto& answer) { return answer.use_count() == 1; });
  if (free == answers_.end()) free = answers_.insert(answers_.end(), std::make_shared<Answer>());
  (*free)->body = std::move(body);
  return {*free, (*free)->body.bytes()};
}

http::Response ScrapeHandler::metrics(const http::Request& request) {
  std::vector<std::string> collect;
  std::vector<std::string> exclude;
  for (const http::Parameter& parameter : request.query) {
    if (parameter.name == "collect[]") collect.emplace_back(parameter.value);
    if (parameter.name == "exclude[]") exclude.emplace_back(parameter.value);
  }
  const Result<host::Chosen> chosen = exporter_.choose(collect, exclude);
  if (!chosen) return {.status = 400, .body = chosen.error().message + "\n"};
  const size_t unread = unread_answers();
  if (settings_.max_requests != 0 && unread >= settings_.max_requests)
    return {.status = 503, .body = http::Body::literal("too many scrapes at once\n"), .retry_after_s = 1};

  std::optional<host::Clock::time_point> deadline;
  if (request.scrape_timeout_s) deadline = deadline_of(*request.scrape_timeout_s);
  const host::Scrape scrape = exporter_.scrape(*chosen, deadline);
  http::Response response = page_.answer(request, scrape.text, scrape.number);
  response.body = counted(std::move(response.body));
  return response;
}

}  // namespace weir::app
