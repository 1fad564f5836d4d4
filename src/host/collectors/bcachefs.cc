#include "host/collectors/bcachefs.h"

#include <array>
#include <vector>

#include "host/collectors/options.h"
#include "host/kernel/attribute.h"
#include "host/kernel/directory.h"
#include "host/kernel/key_value.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;
using telemetry::Exposition;

struct Device {
  std::string name, label;
  Attribute state, bucket_size, buckets, durability, io_done, io_errors;
};

struct FileSystem {
  std::string uuid;
  Attribute btree_cache, compression, errors, btree_writes;
  std::vector<std::pair<std::string, Attribute>> counters;
  std::vector<Device> devices;
};

// "name:" or "name" at the start of a line.
std::string_view key_of(std::string_view& line) {
  std::string_view key = next_word(line);
  if (key.ends_with(':')) key.remove_suffix(1);
  return key;
}

class Bcachefs : public Collector {
 public:
  explicit Bcachefs(const Options& options) : watch_(options.sysfs + "/fs/bcachefs", "") {}

  Result<> collect(Exposition& out) override {
    if (watch_.changed()) find();
    if (systems_.empty()) return no_data();
    write_file_systems(out);
    write_counters(out);
    write_devices(out);
    return {};
  }

 private:
  // Calls function(key, number in that column) for each line of a table but its header.
  template <class Function>
  void each_row(Attribute& file, bool header, int column, Function&& function) {
    std::string_view text = file.read(buffer_).value_or("");
    if (header) next_line(text);
    while (!text.empty()) {
      std::string_view line = next_line(text);
      const std::string_view key = key_of(line);
      for (int i = 1; i < column; ++i) next_word(line);
      const auto value = parse_human(next_word(line));
      if (!key.empty() && value) function(key, *value);
    }
  }

  void write_table(Exposition& out, std::string_view name, telemetry::MetricType type, std::string_view help,
                   std::string_view label, Attribute FileSystem::* file, bool header, int column) {
    out.family(name, type, help);
    for (FileSystem& system : systems_)
      each_row(system.*file, header, column,
               [&](std::string_view key, double value) { out.sample({{label, key}, {"uuid", system.uuid}}, value); });
  }

  void write_file_systems(Exposition& out) {
    out.family("node_bcachefs_btree_cache_size_bytes", gauge, "Btree cache memory usage in bytes.");
    for (FileSystem& system : systems_)
      if (const auto size = parse_human(system.btree_cache.read(buffer_).value_or("")))
        out.sample({{"uuid", system.uuid}}, *size);
    write_table(out, "node_bcachefs_btree_write_average_size_bytes", gauge, "Average btree write size by type.", "type",
                &FileSystem::btree_writes, true, 2);
    write_table(out, "node_bcachefs_btree_writes_total", counter, "Number of btree writes by type.", "type",
                &FileSystem::btree_writes, true, 1);
    write_table(out, "node_bcachefs_compression_compressed_bytes", gauge, "Compressed size by algorithm.", "algorithm",
                &FileSystem::compression, true, 1);
    write_table(out, "node_bcachefs_compression_uncompressed_bytes", gauge, "Uncompressed size by algorithm.",
                "algorithm", &FileSystem::compression, true, 2);
    write_table(out, "node_bcachefs_errors_total", counter, "Error count by error type.", "error_type",
                &FileSystem::errors, false, 1);
    out.family("node_bcachefs_info", gauge, "Filesystem information.");
    for (const FileSystem& system : systems_) out.sample({{"uuid", system.uuid}}, 1);
  }

  // One file each. All file systems of a kernel have the same files.
  void write_counters(Exposition& out) {
    for (size_t i = 0; i < systems_[0].counters.size(); ++i) {
      const std::string& name = systems_[0].counters[i].first;
      name_.assign("node_bcachefs_").append(name).append("_total");
      for (char& c : name_)
        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))) c = '_';
      help_.assign("Bcachefs counter ").append(name).append(" since filesystem creation.");
      out.family(name_, counter, help_);
      for (FileSystem& system : systems_) {
        if (i >= system.counters.size() || system.counters[i].first != name) continue;
        const auto text = system.counters[i].second.read(buffer_).value_or("");
        if (const auto value = human_value(text, "since filesystem creation"))
          out.sample({{"uuid", system.uuid}}, *value);
      }
    }
  }

  template <class Function>
  void each_device(Function&& function) {
    for (FileSystem& system : systems_)
      for (Device& device : system.devices) function(system, device);
  }

  void write_devices(Exposition& out) {
    const auto write = [&](std::string_view name, std::string_view help, Attribute Device::* file) {
      out.family(name, gauge, help);
      each_device([&](const FileSystem& system, Device& device) {
        if (const auto value = parse_human((device.*file).read(buffer_).value_or("")))
          out.sample({{"device", device.name}, {"uuid", system.uuid}}, *value);
      });
    };
    write("node_bcachefs_device_bucket_size_bytes", "Bucket size in bytes.", &Device::bucket_size);
    write("node_bcachefs_device_buckets", "Total number of buckets.", &Device::buckets);
    write("node_bcachefs_device_durability", "Device durability setting.", &Device::durability);
    out.family("node_bcachefs_device_info", gauge, "Device information.");
    each_device([&](const FileSystem& system, Device& device) {
      out.sample({{"device", device.name},
                  {"label", device.label},
                  {"state", device.state.read(buffer_).value_or("")},
                  {"uuid", system.uuid}},
                 1);
    });
    out.family("node_bcachefs_device_io_done_bytes_total", counter, "IO bytes by operation type and data type.");
    each_device([&](const FileSystem& system, Device& device) { write_io_done(out, system, device); });
    out.family("node_bcachefs_device_io_errors_total", counter, "IO errors by error type.");
    each_device([&](const FileSystem& system, Device& device) { write_io_errors(out, system, device); });
  }

  // "read:\n  sb : 3989504\n...write:\n  sb : 31417344\n"
  void write_io_done(Exposition& out, const FileSystem& system, Device& device) {
    std::string_view operation;
    std::string_view text = device.io_done.read(buffer_).value_or("");
    while (!text.empty()) {
      const std::string_view line = trimmed(next_line(text));
      const size_t colon = line.find(':');
      if (line == "read:" || line == "write:") {
        operation = line.substr(0, colon);
      } else if (!operation.empty() && colon != std::string_view::npos) {
        if (const auto bytes = parse_number<uint64_t>(trimmed(line.substr(colon + 1))))
          out.sample({{"data_type", trimmed(line.substr(0, colon))},
                      {"device", device.name},
                      {"operation", operation},
                      {"uuid", system.uuid}},
                     *bytes);
      }
    }
  }

  // "IO errors since filesystem creation\n  read: 197346\n...IO errors since 8 y ago\n..."
  void write_io_errors(Exposition& out, const FileSystem& system, Device& device) {
    bool here = false;
    std::string_view text = device.io_errors.read(buffer_).value_or("");
    while (!text.empty()) {
      const std::string_view line = trimmed(next_line(text));
      if (line.starts_with("IO errors since")) {
        here = line.contains("filesystem creation");
        continue;
      }
      const size_t colon = line.find(':');
      if (!here || colon == std::string_view::npos) continue;
      if (const auto count = parse_number<uint64_t>(trimmed(line.substr(colon + 1))))
        out.sample({{"device", device.name}, {"type", trimmed(line.substr(0, colon))}, {"uuid", system.uuid}}, *count);
    }
  }

  void find() {
    systems_.clear();
    for (const std::string& uuid : watch_.names()) {
      const std::string directory = watch_.path() + "/" + uuid;
      if (!Directory(directory)) continue;
      FileSystem& system = systems_.emplace_back(
          uuid, Attribute(directory + "/btree_cache_size"), Attribute(directory + "/compression_stats"),
          Attribute(directory + "/errors"), Attribute(directory + "/btree_write_stats"));
      for (const std::string& counter : list_directory(directory + "/counters"))
        system.counters.emplace_back(counter, Attribute(fmt::format("{}/counters/{}", directory, counter)));
      for (const std::string& name : list_directory(directory, "dev-")) {
        const std::string path = directory + "/" + name;
        system.devices.push_back({name.substr(4), attribute_text(path + "/label"), Attribute(path + "/state"),
                                  Attribute(path + "/bucket_size"), Attribute(path + "/nbuckets"),
                                  Attribute(path + "/durability"), Attribute(path + "/io_done"),
                                  Attribute(path + "/io_errors")});
      }
    }
  }

  DirectoryWatch watch_;
  std::vector<FileSystem> systems_;
  std::string name_;
  std::string help_;
  AttributeBuffer buffer_;
};

}  // namespace

Result<std::unique_ptr<Collector>> make_bcachefs(const Options& options) { return std::make_unique<Bcachefs>(options); }

}  // namespace weir::host
