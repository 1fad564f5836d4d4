#include "app/weir/metrics_server.h"

#include <memory>
#include <string>
#include <utility>

#include "base/log.h"

namespace weir::app {
namespace {

constexpr std::string_view kLandingPage =
    "<!doctype html>\n<html lang=\"en\">\n<head><title>weir</title></head>\n<body>\n<h1>weir</h1>\n"
    "<p>A collector of NetFlow, IPFIX and sFlow, version " WEIR_VERSION
    ".</p>\n<ul>\n<li><a href=\"/metrics\">Metrics</a></li>\n<li><a href=\"/-/healthy\">Healthy</a></li>\n"
    "<li><a href=\"/-/ready\">Ready</a></li>\n</ul>\n</body>\n</html>\n";

http::Response literal(std::string_view text, std::string_view type = http::kPlainText, unsigned status = 200) {
  return {.status = status, .content_type = type, .body = http::Body::literal(text)};
}

}  // namespace

Result<std::unique_ptr<MetricsServer>> MetricsServer::start(const config::Http& config,
                                                            const pipeline::Collector& collector) {
  if (config.listen.empty()) return nullptr;
  std::unique_ptr<MetricsServer> self(new MetricsServer(collector));
  http::Server::Options options;
  options.listen = config.listen;
  options.web_config = config.web_config.value_or("");
  options.handlers = {"/metrics", "/", "/-/healthy", "/-/ready"};
  auto server = http::Server::create(
      std::move(options),
      [self = self.get()](const http::Request& request, http::Responder respond) { respond(self->answer(request)); });
  if (!server) return std::unexpected(server.error());
  self->server_ = *std::move(server);
  for (const std::string& address : self->server_->addresses()) log::info("serving metrics on {}", address);
  self->thread_ = std::thread([self = self.get()] {
    const Result<> ended = self->server_->run();
    if (!ended) log::error("metrics are not served any more: {}", ended.error().message);
  });
  return self;
}

MetricsServer::~MetricsServer() {
  if (!thread_.joinable()) return;
  server_->stop();
  thread_.join();
}

http::Response MetricsServer::answer(const http::Request& request) {
  if (request.path == "/metrics") return metrics(request);
  if (request.path == "/") return literal(kLandingPage, http::kHtml);
  // It receives from the start of this server until its end.
  if (request.path == "/-/healthy" || request.path == "/-/ready") return literal("OK\n");
  return literal("not found\n", http::kPlainText, 404);
}

http::Response MetricsServer::metrics(const http::Request& request) {
  using telemetry::MetricType;
  text_.clear();
  pipeline::write_metrics(collector_.metrics(), text_);
  text_.family("weir_build_info", MetricType::gauge, "The version that runs; always 1.");
  text_.sample({{"version", WEIR_VERSION}}, 1);
  http::write_metrics(text_, "weir", server_->counters());
  process_.write(text_);
  return page_.answer(request, std::make_shared<const std::string>(text_.text()), ++scrapes_);
}

}  // namespace weir::app
