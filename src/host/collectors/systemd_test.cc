#include "host/collectors/systemd.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>

#include <map>
#include <thread>

#include "host/collectors/options.h"
#include "host/collectors/test_lines.h"

namespace weir::host {
namespace {

// A systemd of four units.
class FakeBus : public SystemdBus {
 public:
  void restart() override {}
  Result<size_t> list_units(std::vector<SystemdUnit>& units) override {
    units = {{"a.service", "loaded", "active", "/a"}, {"b.service", "not-found", "inactive", "/b"},
             {"c.timer", "loaded", "failed", "/c"},   {"d.socket", "loaded", "active", "/d"},
             {"e.mount", "loaded", "active", "/e"},   {"f\"x\\.service", "loaded", "reloading", "/f"}};
    return units.size();
  }
  std::optional<uint64_t> number(const std::string& path, std::string_view /*interface*/,
                                 const char* property) override {
    const auto found = numbers_.find(path + " " + property);
    return found == numbers_.end() ? std::nullopt : std::optional(found->second);
  }
  bool text(const std::string& path, std::string_view /*interface*/, const char* property, std::string& into) override {
    const auto found = texts_.find(path + " " + property);
    if (found != texts_.end()) into = found->second;
    ++texts_asked;
    return found != texts_.end();
  }
  int texts_asked = 0;

 private:
  std::map<std::string, uint64_t> numbers_{{"/a NRestarts", 3},
                                           {"/a TasksCurrent", 7},
                                           {"/a TasksMax", UINT64_MAX},
                                           {"/a ActiveEnterTimestamp", 1'700'000'000'500'000},
                                           {"/c LastTriggerUSec", 1'700'000'000'250'000},
                                           {"/d NAccepted", 9},
                                           {"/d NConnections", 2}};
  std::map<std::string, std::string> texts_{{"/a Type", "notify"},
                                            {"/org/freedesktop/systemd1 SystemState", "degraded"},
                                            {"/org/freedesktop/systemd1 Version", "252.22-1~deb12u1"},
                                            {"/org/freedesktop/systemd1 Virtualization", ""}};
};

TEST(Systemd, Metrics) {
  Options options;
  options.systemd_restart_metrics = options.systemd_task_metrics = options.systemd_start_time_metrics = true;
  auto owned = std::make_unique<FakeBus>();
  FakeBus& bus = *owned;
  const auto collector = make_systemd_over(options, std::move(owned));
  ASSERT_TRUE(collector);
  telemetry::Exposition out;
  ASSERT_TRUE((*collector)->collect(out));
  const std::string text(out.text());
  for (const char* line : {
           "node_systemd_system_running 0",
           "node_systemd_version{version=\"252.22-1~deb12u1\"} 252.22",
           "node_systemd_virtualization_info{virtualization_type=\"none\"} 1",
           "node_systemd_units{state=\"active\"} 3",
           "node_systemd_units{state=\"inactive\"} 1",
           "node_systemd_units{state=\"failed\"} 1",
           "node_systemd_units{state=\"reloading\"} 1",
           "node_systemd_unit_state{name=\"a.service\",state=\"active\",type=\"notify\"} 1",
           "node_systemd_unit_state{name=\"a.service\",state=\"failed\",type=\"notify\"} 0",
           "node_systemd_unit_state{name=\"c.timer\",state=\"failed\",type=\"\"} 1",
           "node_systemd_unit_state{name=\"f\\\"x\\\\.service\",state=\"active\",type=\"\"} 0",
           "node_systemd_unit_start_time_seconds{name=\"a.service\"} 1700000000.5",
           "node_systemd_unit_start_time_seconds{name=\"c.timer\"} 0",
           "node_systemd_service_restart_total{name=\"a.service\"} 3",
           "node_systemd_unit_tasks_current{name=\"a.service\"} 7",
           "node_systemd_timer_last_trigger_seconds{name=\"c.timer\"} 1700000000.25",
           "node_systemd_socket_accepted_connections_total{name=\"d.socket\"} 9",
           "node_systemd_socket_current_connections{name=\"d.socket\"} 2",
       })
    EXPECT_TRUE(has_line(text, line)) << line << "\n" << text;
  for (const char* none : {"b.service", "e.mount", "tasks_max{", "refused"})
    EXPECT_EQ(text.find(none), std::string::npos) << none;
  // The types are not asked again.
  const int asked = bus.texts_asked;
  ASSERT_TRUE((*collector)->collect(out));
  EXPECT_EQ(bus.texts_asked, asked + 3) << "only what the manager tells";
}

TEST(Systemd, Versions) {
  EXPECT_EQ(systemd_version_number("252.22-1~deb12u1"), 252.22);
  EXPECT_EQ(systemd_version_number("v219"), 219);
  EXPECT_EQ(systemd_version_number("12 257~rc1"), 257);
  EXPECT_EQ(systemd_version_number("252."), 252);
  EXPECT_FALSE(systemd_version_number("12.34"));
  EXPECT_FALSE(systemd_version_number(""));
}

// The other end of a connection, as systemd would answer.
int answer(sd_bus_message* message, void* /*context*/, sd_bus_error* /*error*/) {
  if (sd_bus_message_is_method_call(message, "org.freedesktop.systemd1.Manager", "ListUnits") > 0) {
    return sd_bus_reply_method_return(message, "a(ssssssouso)", 2, "a.service", "A", "loaded", "active", "running", "",
                                      "/a", 0U, "", "/", "b.timer", "B", "loaded", "inactive", "dead", "", "/b", 0U, "",
                                      "/");
  }
  if (sd_bus_message_is_method_call(message, "org.freedesktop.DBus.Properties", "Get") <= 0) return 0;
  const char* interface = nullptr;
  const char* property = nullptr;
  if (sd_bus_message_read(message, "ss", &interface, &property) < 0) return -EINVAL;
  const std::string asked = std::string(interface).append(" ").append(property);
  if (asked == "org.freedesktop.systemd1.Service Type") return sd_bus_reply_method_return(message, "v", "s", "simple");
  if (asked == "org.freedesktop.systemd1.Service NRestarts") return sd_bus_reply_method_return(message, "v", "u", 5U);
  if (asked == "org.freedesktop.systemd1.Timer Last")
    return sd_bus_reply_method_return(message, "v", "t", uint64_t{1} << 60);
  if (asked == "org.freedesktop.systemd1.Service List") return sd_bus_reply_method_return(message, "v", "as", 0);
  return sd_bus_reply_method_errnof(message, ENOENT, "no %s", asked.c_str());
}

void serve(int fd) {
  sd_bus* bus = nullptr;
  sd_id128_t id{};
  id.bytes[0] = 1;
  if (sd_bus_new(&bus) < 0 || sd_bus_set_fd(bus, fd, fd) < 0 || sd_bus_set_server(bus, 1, id) < 0 ||
      sd_bus_set_anonymous(bus, 1) < 0 || sd_bus_add_filter(bus, nullptr, answer, nullptr) < 0 || sd_bus_start(bus) < 0)
    return;
  int result = 0;
  while (result >= 0) {
    result = sd_bus_process(bus, nullptr);
    if (result == 0) result = sd_bus_wait(bus, UINT64_MAX);
  }
  sd_bus_unref(bus);
}

TEST(SystemdBus, OverAConnection) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  std::jthread server(serve, ends[1]);
  auto bus = make_peer_bus(Fd(ends[0]));
  ASSERT_TRUE(bus) << bus.error().message;
  std::vector<SystemdUnit> units;
  for (int round = 0; round < 2; ++round) {
    (*bus)->restart();
    const auto count = (*bus)->list_units(units);
    ASSERT_TRUE(count) << count.error().message;
    ASSERT_EQ(*count, 2U);
    EXPECT_EQ(units[0].name, "a.service");
    EXPECT_EQ(units[1].active_state, "inactive");
    EXPECT_EQ(units[1].path, "/b");
    std::string type;
    EXPECT_TRUE((*bus)->text("/a", "Service", "Type", type));
    EXPECT_EQ(type, "simple");
    EXPECT_EQ((*bus)->number("/a", "Service", "NRestarts"), 5U);
    EXPECT_EQ((*bus)->number("/b", "Timer", "Last"), uint64_t{1} << 60);
    EXPECT_FALSE((*bus)->number("/a", "Service", "List")) << "another type";
    EXPECT_FALSE((*bus)->number("/a", "Service", "None"));
    EXPECT_FALSE((*bus)->text("/a", "Service", "NRestarts", type));
  }
  bus->reset();  // the server sees the end
}

TEST(SystemdBus, APeerThatEnds) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
  auto bus = make_peer_bus(Fd(ends[0]));
  ASSERT_TRUE(bus);
  ::close(ends[1]);
  std::vector<SystemdUnit> units;
  EXPECT_FALSE((*bus)->list_units(units));
  EXPECT_FALSE((*bus)->list_units(units)) << "and again";
}

}  // namespace
}  // namespace weir::host
