// The pages that every program serves beside its metrics: "/" with links, "/-/healthy", "/-/ready". Every other path is
// 404: a scrape of a wrong path should fail.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/response.h"

namespace weir::http {

class ProgramPages {
 public:
  // "weir-host", "Metrics of this machine for Prometheus", "0.1.0", "/metrics"; none of them is escaped.
  ProgramPages(std::string_view program, std::string_view what, std::string_view version,
               std::string_view metrics_path);

  Response answer(std::string_view path) const;

  // For Server::Options::handlers.
  static std::vector<std::string> paths(std::string_view metrics_path);

 private:
  std::shared_ptr<const std::string> landing_page_;
};

}  // namespace weir::http
