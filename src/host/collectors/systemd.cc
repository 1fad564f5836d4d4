#include "host/collectors/systemd.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/text.h"
#include "host/collectors/options.h"
#include "host/select/remembered_selector.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;
using telemetry::Exposition;

constexpr std::array<std::string_view, 5> kStates{"active", "activating", "deactivating", "inactive", "failed"};
const std::string kManagerPath = "/org/freedesktop/systemd1";
// How often the type of a unit is asked again: it changes only with the file of the unit.
constexpr uint64_t kScrapesPerType = 60;

// What is known of the unit at one position of the list.
struct Known {
  std::string name;
  std::string type;  // of services and mounts
  uint64_t asked_at = 0;
};

class Systemd : public Collector {
 public:
  Systemd(const Options& options, std::unique_ptr<SystemdBus> bus, Selector include, Selector exclude)
      : bus_(std::move(bus)),
        include_(std::move(include)),
        exclude_(std::move(exclude)),
        with_tasks_(options.systemd_task_metrics),
        with_restarts_(options.systemd_restart_metrics),
        with_start_times_(options.systemd_start_time_metrics) {}

  Result<> collect(Exposition& out) override {
    bus_->restart();
    ++scrapes_;
    const size_t count = TRY(bus_->list_units(units_));
    const std::span<const SystemdUnit> all = std::span<const SystemdUnit>(units_).first(count);
    choose(all);
    write_manager(out);
    write_summary(all, out);
    write_states(out);
    write_services(out);
    write_timers(out);
    write_sockets(out);
    return {};
  }

 private:
  struct Shown {
    const SystemdUnit* unit;
    const Known* known;
  };

  void choose(std::span<const SystemdUnit> all) {
    if (known_.size() < all.size()) known_.resize(all.size());
    shown_.clear();
    for (size_t i = 0; i < all.size(); ++i) {
      const SystemdUnit& unit = all[i];
      // Always asks both, so that the positions of both match the list.
      const bool included = include_.selects(i, unit.name);
      if (!exclude_.selects(i, unit.name) || !included || unit.load_state != "loaded") continue;
      Known& known = known_[i];
      if (known.name != unit.name || scrapes_ - known.asked_at >= kScrapesPerType) ask_type(unit, i, known);
      shown_.push_back({&unit, &known});
    }
  }

  void ask_type(const SystemdUnit& unit, size_t position, Known& known) {
    const bool is_new = known.name != unit.name;
    known.name = unit.name;
    // Spread, so that not all are asked in the same scrape again.
    known.asked_at = is_new ? scrapes_ - std::min(scrapes_, uint64_t{position} % kScrapesPerType) : scrapes_;
    const std::string_view interface = interface_of(unit.name);
    if (interface != "Service" && interface != "Mount") {
      known.type.clear();
    } else if (!bus_->text(unit.path, interface, "Type", known.type) && is_new) {
      known.type.clear();
    }
  }

  static std::string_view interface_of(std::string_view name) {
    if (name.ends_with(".service")) return "Service";
    if (name.ends_with(".mount")) return "Mount";
    if (name.ends_with(".timer")) return "Timer";
    if (name.ends_with(".socket")) return "Socket";
    return {};
  }

  void write_manager(Exposition& out) {
    if (bus_->text(kManagerPath, "Manager", "SystemState", text_))
      out.single("node_systemd_system_running", gauge,
                 "Whether the system is operational (see 'systemctl is-system-running')", text_ == "running");
    if (bus_->text(kManagerPath, "Manager", "Version", text_)) {
      out.family("node_systemd_version", gauge, "Detected systemd version");
      if (const auto number = systemd_version_number(text_)) out.sample({{"version", text_}}, *number);
    }
    if (bus_->text(kManagerPath, "Manager", "Virtualization", text_)) {
      out.family("node_systemd_virtualization_info", gauge, "Detected virtualization technology");
      out.sample({{"virtualization_type", text_.empty() ? std::string_view("none") : std::string_view(text_)}}, 1);
    }
  }

  static void write_summary(std::span<const SystemdUnit> all, Exposition& out) {
    out.family("node_systemd_units", gauge, "Summary of systemd unit states");
    for (const std::string_view state : kStates)
      out.sample({{"state", state}}, std::ranges::count(all, state, &SystemdUnit::active_state));
    for (const std::string_view state : {"maintenance", "refreshing", "reloading"}) {
      const auto count = std::ranges::count(all, state, &SystemdUnit::active_state);
      if (count > 0) out.sample({{"state", state}}, count);
    }
  }

  void write_states(Exposition& out) const {
    out.family("node_systemd_unit_state", gauge, "Systemd unit");
    for (const auto& [unit, known] : shown_) {
      for (const std::string_view state : kStates)
        out.sample({{"name", unit->name}, {"state", state}, {"type", known->type}}, unit->active_state == state);
    }
    if (!with_start_times_) return;
    out.family("node_systemd_unit_start_time_seconds", gauge, "Start time of the unit since unix epoch in seconds.");
    for (const auto& [unit, known] : shown_) {
      const auto started = unit->active_state == "active" ? bus_->number(unit->path, "Unit", "ActiveEnterTimestamp")
                                                          : std::optional(uint64_t{0});
      if (started) out.sample({{"name", unit->name}}, static_cast<double>(*started) / 1e6);
    }
  }

  // A number of each unit of one kind. systemd reports an unknown number as the greatest possible one.
  void write_property(Exposition& out, std::string_view family, telemetry::MetricType type, std::string_view help,
                      std::string_view interface, const char* property) const {
    out.family(family, type, help);
    for (const auto& [unit, known] : shown_) {
      if (interface_of(unit->name) != interface) continue;
      const auto number = bus_->number(unit->path, interface, property);
      if (number && *number != std::numeric_limits<uint64_t>::max()) out.sample({{"name", unit->name}}, *number);
    }
  }

  void write_services(Exposition& out) const {
    if (with_restarts_)
      write_property(out, "node_systemd_service_restart_total", counter, "Service unit count of Restart triggers",
                     "Service", "NRestarts");
    if (!with_tasks_) return;
    write_property(out, "node_systemd_unit_tasks_current", gauge, "Current number of tasks per Systemd unit", "Service",
                   "TasksCurrent");
    write_property(out, "node_systemd_unit_tasks_max", gauge, "Maximum number of tasks per Systemd unit", "Service",
                   "TasksMax");
  }

  void write_timers(Exposition& out) const {
    out.family("node_systemd_timer_last_trigger_seconds", gauge, "Seconds since epoch of last trigger.");
    for (const auto& [unit, known] : shown_) {
      if (interface_of(unit->name) != "Timer") continue;
      const auto triggered = bus_->number(unit->path, "Timer", "LastTriggerUSec");
      if (triggered) out.sample({{"name", unit->name}}, static_cast<double>(*triggered) / 1e6);
    }
  }

  void write_sockets(Exposition& out) const {
    write_property(out, "node_systemd_socket_accepted_connections_total", counter,
                   "Total number of accepted socket connections", "Socket", "NAccepted");
    write_property(out, "node_systemd_socket_current_connections", gauge, "Current number of socket connections",
                   "Socket", "NConnections");
    write_property(out, "node_systemd_socket_refused_connections_total", gauge,
                   "Total number of refused socket connections", "Socket", "NRefused");
  }

  std::unique_ptr<SystemdBus> bus_;
  RememberedSelector include_;
  RememberedSelector exclude_;
  bool with_tasks_;
  bool with_restarts_;
  bool with_start_times_;
  uint64_t scrapes_ = 0;
  std::vector<SystemdUnit> units_;
  std::vector<Known> known_;
  std::vector<Shown> shown_;
  std::string text_;
};

std::string anchored(const std::string& expression) {
  return expression.empty() ? expression : fmt::format("^(?:{})$", expression);
}

}  // namespace

std::optional<double> systemd_version_number(std::string_view version) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  for (size_t begin = 0; begin < version.size();) {
    size_t end = begin;
    while (end < version.size() && is_digit(version[end])) ++end;
    if (end - begin < 3) {
      begin = std::max(end, begin + 1);
      continue;
    }
    if (end + 1 < version.size() && version[end] == '.' && is_digit(version[end + 1])) {
      ++end;
      while (end < version.size() && is_digit(version[end])) ++end;
    }
    return parse_number<double>(version.substr(begin, end - begin));
  }
  return std::nullopt;
}

Result<std::unique_ptr<Collector>> make_systemd_over(const Options& options, std::unique_ptr<SystemdBus> bus) {
  Selector include = TRY(Selector::compile({.include = anchored(options.systemd_unit.include), .exclude = {}},
                                           "--collector.systemd.unit-include"));
  Selector exclude = TRY(Selector::compile({.include = {}, .exclude = anchored(options.systemd_unit.exclude)},
                                           "--collector.systemd.unit-exclude"));
  return std::make_unique<Systemd>(options, std::move(bus), std::move(include), std::move(exclude));
}

Result<std::unique_ptr<Collector>> make_systemd(const Options& options) {
  Result<std::unique_ptr<SystemdBus>> bus = make_system_bus();
  if (!bus) return fail("--collector.systemd: {}", bus.error().message);
  return make_systemd_over(options, std::move(*bus));
}

}  // namespace weir::host
