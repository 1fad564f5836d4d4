// What systemd tells over D-Bus (org.freedesktop.systemd1(5)), by sd-bus(3).
//
// libsystemd is loaded only for this: with its own libraries it takes 1.5 MB of resident memory.
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

// One thread. After an answer that did not come in time, nothing is asked until restart().
class SystemdBus {
 public:
  virtual ~SystemdBus() = default;
  // To be called before each scrape.
  virtual void restart() = 0;
  // Overwrites the first of `units`, whose strings keep their capacity, and returns how many there are.
  virtual Result<size_t> list_units(std::vector<SystemdUnit>& units) = 0;
  // A property of an object; nothing if there is none. `interface` comes without "org.freedesktop.systemd1.".
  virtual std::optional<uint64_t> number(const std::string& path, std::string_view interface, const char* property) = 0;
  virtual bool text(const std::string& path, std::string_view interface, const char* property, std::string& into) = 0;
};

// Connects to the system bus at the first request. Fails if there is no libsystemd.
Result<std::unique_ptr<SystemdBus>> make_system_bus();
// Speaks to a peer directly, without a bus daemon.
Result<std::unique_ptr<SystemdBus>> make_peer_bus(Fd peer);

}  // namespace weir::host
