// A scrape in the forms that clients ask for: text or OpenMetrics, plain, gzip or zstd. A form is made when the first
// client asks for it, and kept for all clients that get the same scrape.
//
//   http::MetricsPage page;
//   ... in the handler:
//   respond(page.answer(request, scrape.text, scrape.number));
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "http/compress.h"
#include "http/negotiate.h"
#include "http/request.h"
#include "http/response.h"

namespace weir::http {

// One thread.
class MetricsPage {
 public:
  // `text` is in the format 0.0.4. Equal numbers mean equal texts. A new number makes the kept forms invalid.
  Response answer(const Request& request, std::shared_ptr<const std::string> text, uint64_t number);

 private:
  struct Form {
    std::shared_ptr<std::string> text;
    bool made = false;  // of this number
  };
  Form& form(Format format, Encoding encoding) {
    return forms_[static_cast<size_t>(format)][static_cast<size_t>(encoding)];
  }
  std::string& begin(Form& form);
  const Form& openmetrics(const std::string& text);

  uint64_t number_ = 0;
  bool any_ = false;
  std::array<std::array<Form, 3>, 2> forms_;  // by Format and Encoding; that of the plain text stays empty
  Compressor compressor_;
};

}  // namespace weir::http
