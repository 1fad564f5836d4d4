#include "host/kernel/systemd_bus.h"

#include <systemd/sd-bus.h>

#include <cerrno>
#include <cstring>

#include "base/lazy_library.h"

namespace weir::host {
namespace {

constexpr const char* kDestination = "org.freedesktop.systemd1";
constexpr const char* kManagerPath = "/org/freedesktop/systemd1";
constexpr const char* kManager = "org.freedesktop.systemd1.Manager";
// systemd answers within a millisecond, except while it reloads its units.
constexpr uint64_t kTimeoutUs = 500'000;
// A machine has some hundreds.
constexpr size_t kMaxUnits = 20'000;

// The functions of the library that we use.
struct Library {
  decltype(&::sd_bus_open_system) open_system;
  decltype(&::sd_bus_new) new_bus;
  decltype(&::sd_bus_set_fd) set_fd;
  decltype(&::sd_bus_start) start;
  decltype(&::sd_bus_flush_close_unref) close;
  decltype(&::sd_bus_set_method_call_timeout) set_timeout;
  decltype(&::sd_bus_call_method) call;
  decltype(&::sd_bus_message_enter_container) enter;
  decltype(&::sd_bus_message_peek_type) peek;
  decltype(&::sd_bus_message_read) read;
  decltype(&::sd_bus_message_read_basic) read_basic;
  decltype(&::sd_bus_message_unref) unref;
  decltype(&::sd_bus_error_free) free_error;

  static Result<Library> load() {
    LazyLibrary file("libsystemd.so.0");
    Library library{};
    file.find("sd_bus_open_system", library.open_system);
    file.find("sd_bus_new", library.new_bus);
    file.find("sd_bus_set_fd", library.set_fd);
    file.find("sd_bus_start", library.start);
    file.find("sd_bus_flush_close_unref", library.close);
    file.find("sd_bus_set_method_call_timeout", library.set_timeout);  // the newest of them: systemd 240
    file.find("sd_bus_call_method", library.call);
    file.find("sd_bus_message_enter_container", library.enter);
    file.find("sd_bus_message_peek_type", library.peek);
    file.find("sd_bus_message_read", library.read);
    file.find("sd_bus_message_read_basic", library.read_basic);
    file.find("sd_bus_message_unref", library.unref);
    file.find("sd_bus_error_free", library.free_error);
    TRY(file.good("the collector systemd", "libsystemd0"));
    return library;
  }
};

class SdBus : public SystemdBus {
 public:
  // No peer: the system bus.
  SdBus(Library library, Fd peer) : library_(library), peer_(std::move(peer)) {}
  ~SdBus() override { disconnect(); }

  void restart() override { broken_ = false; }

  Result<size_t> list_units(std::vector<SystemdUnit>& units) override {
    TRY(connect());
    sd_bus_error error{};
    sd_bus_message* raw = nullptr;
    const int called = library_.call(bus_, kDestination, kManagerPath, kManager, "ListUnits", &error, &raw, "");
    const Reply reply(raw, library_.unref);
    if (called < 0) return failed(called, error);
    size_t count = 0;
    int result = library_.enter(raw, SD_BUS_TYPE_ARRAY, "(ssssssouso)");
    while (result >= 0 && count < kMaxUnits) {
      const char *name = nullptr, *load = nullptr, *active = nullptr, *path = nullptr;
      result = library_.read(raw, "(ssssssouso)", &name, nullptr, &load, &active, nullptr, nullptr, &path, nullptr,
                             nullptr, nullptr);
      if (result <= 0) break;
      if (count == units.size()) units.emplace_back();
      SystemdUnit& unit = units[count++];
      unit.name = name;
      unit.load_state = load;
      unit.active_state = active;
      unit.path = path;
    }
    if (result < 0) return fail("systemd's list of units is not what it should be: {}", std::strerror(-result));
    return count;
  }

  std::optional<uint64_t> number(const std::string& path, std::string_view interface, const char* property) override {
    std::optional<uint64_t> number;
    get(path, interface, property, [&](sd_bus_message* message, char type) {
      uint64_t wide = 0;
      uint32_t narrow = 0;
      int truth = 0;
      switch (type) {
        case SD_BUS_TYPE_UINT64:
          if (library_.read_basic(message, type, &wide) > 0) number = wide;
          break;
        case SD_BUS_TYPE_UINT32:
          if (library_.read_basic(message, type, &narrow) > 0) number = narrow;
          break;
        case SD_BUS_TYPE_BOOLEAN:
          if (library_.read_basic(message, type, &truth) > 0) number = truth != 0 ? 1 : 0;
          break;
        default:
          break;
      }
    });
    return number;
  }

  bool text(const std::string& path, std::string_view interface, const char* property, std::string& into) override {
    bool found = false;
    get(path, interface, property, [&](sd_bus_message* message, char type) {
      const char* value = nullptr;
      if (type != SD_BUS_TYPE_STRING || library_.read_basic(message, type, &value) <= 0) return;
      into = value;
      found = true;
    });
    return found;
  }

 private:
  using Reply = std::unique_ptr<sd_bus_message, decltype(Library::unref)>;

  Result<> connect() {
    if (broken_) return fail("systemd has not answered in time");
    if (bus_ != nullptr) return {};
    const int opened = peer_ ? open_peer() : library_.open_system(&bus_);
    if (opened < 0) {
      disconnect();
      return fail("cannot connect to the system bus: {}", std::strerror(-opened));
    }
    library_.set_timeout(bus_, kTimeoutUs);
    return {};
  }

  int open_peer() {
    if (const int made = library_.new_bus(&bus_); made < 0) return made;
    const int copy = ::dup(peer_.get());
    if (copy < 0) return -errno;
    if (const int set = library_.set_fd(bus_, copy, copy); set < 0) return set;
    return library_.start(bus_);
  }

  void disconnect() {
    if (bus_ != nullptr) library_.close(bus_);
    bus_ = nullptr;
  }

  // Closes the connection if it is broken, and returns the reason.
  std::unexpected<Error> failed(int result, sd_bus_error& error) {
    const Error told{fmt::format("systemd: {}", error.message != nullptr ? error.message : std::strerror(-result))};
    library_.free_error(&error);
    give_up(result);
    return std::unexpected(told);
  }

  void give_up(int result) {
    if (result != -ETIMEDOUT && result != -ENOTCONN && result != -ECONNRESET && result != -EPIPE) return;
    disconnect();
    broken_ = true;
  }

  template <class Read>
  void get(const std::string& path, std::string_view interface, const char* property, Read&& read) {
    if (bus_ == nullptr) return;
    interface_.assign(kDestination).append(".").append(interface);
    sd_bus_error error{};
    sd_bus_message* raw = nullptr;
    // The property comes as a variant; read() is told its type.
    const int called = library_.call(bus_, kDestination, path.c_str(), "org.freedesktop.DBus.Properties", "Get", &error,
                                     &raw, "ss", interface_.c_str(), property);
    const Reply reply(raw, library_.unref);
    library_.free_error(&error);
    if (called < 0) return give_up(called);
    const char* contents = nullptr;
    char type = 0;
    if (library_.peek(raw, &type, &contents) <= 0 || type != SD_BUS_TYPE_VARIANT || contents == nullptr) return;
    if (library_.enter(raw, SD_BUS_TYPE_VARIANT, contents) > 0) read(raw, contents[0]);
  }

  Library library_;
  Fd peer_;
  sd_bus* bus_ = nullptr;
  bool broken_ = false;
  std::string interface_;
};

Result<std::unique_ptr<SystemdBus>> make_bus(Fd peer) {
  const Library library = TRY(Library::load());
  return std::make_unique<SdBus>(library, std::move(peer));
}

}  // namespace

Result<std::unique_ptr<SystemdBus>> make_system_bus() { return make_bus(Fd()); }

Result<std::unique_ptr<SystemdBus>> make_peer_bus(Fd peer) { return make_bus(std::move(peer)); }

}  // namespace weir::host
