// Which store is meant when nobody says so.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>

namespace weir::app {

// Where the service keeps its flows.
inline constexpr const char* kServiceStore = "/var/lib/weir";
inline constexpr const char* kDefaultStoreText = "$WEIR_STORE, else weir-data, or where there is none /var/lib/weir";

inline std::string default_store() {
  if (const char* named = std::getenv("WEIR_STORE"); named != nullptr && *named != '\0') return named;
  std::error_code error;
  const bool here = std::filesystem::exists("weir-data", error);
  return here || !std::filesystem::exists(kServiceStore, error) ? "weir-data" : kServiceStore;
}

}  // namespace weir::app
