// What the HTTP server of weir-host answers: a scrape for the path of the metrics, and the pages of every program.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "app/weir_host/settings.h"
#include "host/exporter.h"
#include "http/metrics_page.h"
#include "http/program_pages.h"
#include "http/request.h"
#include "http/response.h"

namespace weir::app {

// One thread: the server's.
class ScrapeHandler {
 public:
  ScrapeHandler(const Settings& settings, host::Exporter& exporter);

  http::Response answer(const http::Request& request);

 private:
  // An answer on its way to a client, until the client has read it.
  struct Answer {
    http::Body body;
  };

  // Takes back what has been read; how many answers have not.
  size_t unread_answers();
  http::Body counted(http::Body body);
  http::Response metrics(const http::Request& request);

  const Settings& settings_;
  host::Exporter& exporter_;
  http::MetricsPage page_;
  const http::ProgramPages pages_;
  std::vector<std::shared_ptr<Answer>> answers_;
};

}  // namespace weir::app
