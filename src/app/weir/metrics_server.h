// /metrics of the collector, and whether it is healthy, over HTTP in a thread of its own.
#pragma once

#include <cstdint>
#include <memory>
#include <thread>

#include "base/result.h"
#include "http/metrics_page.h"
#include "http/program_pages.h"
#include "http/server.h"
#include "pipeline/collector.h"
#include "telemetry/exposition.h"
#include "telemetry/process_metrics.h"

namespace weir::app {

class MetricsServer {
 public:
  // Nothing if there is no address to listen on. Fails with what is in the way: a port in use, a bad web configuration.
  // The collector must outlive the server, and not be stopped before it.
  static Result<std::unique_ptr<MetricsServer>> start(http::Server::Options options,
                                                      const pipeline::Collector& collector);
  ~MetricsServer();
  MetricsServer(const MetricsServer&) = delete;
  MetricsServer& operator=(const MetricsServer&) = delete;

 private:
  explicit MetricsServer(const pipeline::Collector& collector);
  http::Response answer(const http::Request& request);
  http::Response metrics(const http::Request& request);

  const pipeline::Collector& collector_;
  telemetry::ProcessMetrics process_;
  telemetry::Exposition text_;
  http::MetricsPage page_;
  const http::ProgramPages pages_;
  uint64_t scrapes_ = 0;
  std::unique_ptr<http::Server> server_;
  std::thread thread_;
};

}  // namespace weir::app
