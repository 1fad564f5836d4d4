#include "http/metrics_page.h"

#include "telemetry/openmetrics.h"

namespace weir::http {

// An empty text for the form: that of an earlier scrape, unless it is still being sent to a client.
std::string& MetricsPage::begin(Form& form) {
  if (!form.text || form.text.use_count() > 1) form.text = std::make_shared<std::string>();
  form.text->clear();
  form.made = true;
  return *form.text;
}

const MetricsPage::Form& MetricsPage::openmetrics(const std::string& text) {
  Form& plain = form(Format::openmetrics, Encoding::identity);
  if (!plain.made) {
    std::string& out = begin(plain);
    out.reserve(text.size() + 64);
    telemetry::append_openmetrics(out, text);
  }
  return plain;
}

Response MetricsPage::answer(const Request& request, std::shared_ptr<const std::string> text, uint64_t number) {
  if (!any_ || number != number_) {
    for (auto& of_format : forms_) {
      for (Form& each : of_format) each.made = false;
    }
    number_ = number;
    any_ = true;
  }
  const Format format = negotiate_format(request.accept);
  const Encoding encoding = negotiate_encoding(request.accept_encoding);
  Response response;
  response.content_type = content_type(format);
  response.negotiated = true;
  const std::shared_ptr<const std::string> plain = format == Format::text ? std::move(text) : openmetrics(*text).text;
  if (encoding != Encoding::identity) {
    Form& packed = form(format, encoding);
    if (!packed.made && !compressor_.compress(encoding, *plain, begin(packed))) packed.made = false;
    if (packed.made) {
      response.encoding = encoding;
      response.body = Body(packed.text);
      return response;
    }
  }
  response.body = Body(plain);
  return response;
}

}  // namespace weir::http
