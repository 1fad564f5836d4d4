// What systemd tells over D-Bus (org.freedesktop.systemd1(5)), by sd-bus(3).
//
// libsystemd is loaded only when somebody asks, as it brings its own libraries along (some 1.5 MB of resident memory).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/result.h"

namespace weir::host {

struct SystemdUnit {
  std::string name;
  std::string load_state;
  std::string active_state;
  std::string path;  // of its object
};

// One thread. After an answer that did not come in time, the bus is given up: nothing more is asked until restart().
class SystemdBus {
 public:
  virtual ~SystemdBus() = default;
  // Before each scrape.
  virtual void restart() = 0;
  // Overwrites the begin of `units`, whose texts keep their room, and says how many there are.
  virtual Result<size_t> list_units(std::vector<SystemdUnit>& units) = 0;
  // A property of an object; nothing if it has none. Interfaces without their "org.freedesktop.systemd1.".
  virtual std::optional<uint64_t> number(const std::string& path, std::string_view interface, const char* property) = 0;
  virtual bool text(const std::string& path, std::string_view interface, const char* property, std::string& into) = 0;
};

// The system bus; connected to when first asked. Fails if there is no libsystemd.
Result<std::unique_ptr<SystemdBus>> make_system_bus();
// Over a connection to a peer that speaks for itself.
Result<std::unique_ptr<SystemdBus>> make_peer_bus(Fd peer);

}  // namespace weir::host
