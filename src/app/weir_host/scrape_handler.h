// What the HTTP server answers: the metrics, a landing page on "/" only, two health paths, 404 for the rest.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "app/weir_host/settings.h"
#include "host/exporter.h"
#include "http/compress.h"
#include "http/request.h"
#include "http/response.h"

namespace weir::app {

// One thread: the server's.
class ScrapeHandler {
 public:
  ScrapeHandler(const Settings& settings, host::Exporter& exporter);

  http::Response answer(const http::Request& request);

 private:
  // A scrape in another format or compressed. Scrapes that share a text share this too.
  struct Form {
    std::shared_ptr<std::string> text;
    uint64_t scrape = 0;  // its number; 0: none yet
  };

  // An answer on its way to a client, which owns its text until the client has read it.
  struct Answer {
    std::shared_ptr<const std::string> text;
  };

  // Takes the texts of answers that have been read back; how many have not.
  size_t unread_answers();
  http::Body body(std::shared_ptr<const std::string> text);
  http::Response metrics(const http::Request& request);
  std::shared_ptr<const std::string> form_of(const host::Scrape& scrape, http::Format format, http::Encoding encoding);

  const Settings& settings_;
  host::Exporter& exporter_;
  http::Compressor compressor_;
  std::array<std::array<Form, 3>, 2> forms_;  // by format and encoding
  std::vector<std::shared_ptr<Answer>> answers_;
  std::shared_ptr<const std::string> landing_page_;
};

}  // namespace weir::app
