#include "app/weir/metrics_server.h"

#include <memory>
#include <string>
#include <utility>

#include "base/log.h"

namespace weir::app {
namespace {

constexpr std::string_view kMetricsPath = "/metrics";

}  // namespace

MetricsServer::MetricsServer(const pipeline::Collector& collector)
    : collector_(collector), pages_("weir", "A collector of NetFlow, IPFIX and sFlow", WEIR_VERSION, kMetricsPath) {}

Result<std::unique_ptr<MetricsServer>> MetricsServer::start(http::Server::Options options,
                                                            const pipeline::Collector& collector) {
  if (options.listen.empty()) return nullptr;
  std::unique_ptr<MetricsServer> self(new MetricsServer(collector));
  options.handlers = http::ProgramPages::paths(kMetricsPath);
  self->server_ = TRY(http::Server::create(
      std::move(options),
      [self = self.get()](const http::Request& request, http::Responder respond) { respond(self->answer(request)); }));
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
  return request.path == kMetricsPath ? metrics(request) : pages_.answer(request.path);
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
