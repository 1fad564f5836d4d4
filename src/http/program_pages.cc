#include "http/program_pages.h"

#include <fmt/format.h>

namespace weir::http {
namespace {

constexpr std::string_view kHealthy = "/-/healthy";
constexpr std::string_view kReady = "/-/ready";

// Arguments: program, what it is, version, path of the metrics.
constexpr std::string_view kLandingPage = R"(<!doctype html>
<html lang="en">
<head><title>{0}</title></head>
<body>
<h1>{0}</h1>
<p>{1}, version {2}.</p>
<ul>
<li><a href="{3}">Metrics</a></li>
<li><a href="/-/healthy">Healthy</a></li>
<li><a href="/-/ready">Ready</a></li>
</ul>
</body>
</html>
)";

}  // namespace

ProgramPages::ProgramPages(std::string_view program, std::string_view what, std::string_view version,
                           std::string_view metrics_path)
    : landing_page_(
          std::make_shared<const std::string>(fmt::format(kLandingPage, program, what, version, metrics_path))) {}

Response ProgramPages::answer(std::string_view path) const {
  if (path == "/") return {.content_type = kHtml, .body = landing_page_};
  // Both programs are ready as soon as they listen, until they end.
  if (path == kHealthy || path == kReady) return short_answer(200, "OK\n");
  return short_answer(404, "not found\n");
}

std::vector<std::string> ProgramPages::paths(std::string_view metrics_path) {
  return {std::string(metrics_path), "/", std::string(kHealthy), std::string(kReady)};
}

}  // namespace weir::http
