#include "host/collectors/mountstats.h"

#include <algorithm>

#include "base/kept_file.h"
#include "base/text.h"
#include "host/collectors/options.h"
#include "host/kernel/mounts.h"

namespace weir::host {
namespace {

using enum telemetry::MetricType;
using telemetry::Exposition;
using telemetry::Label;

// A mount has one transport for each connection (nconnect=16 at most) and some 80 operations.
constexpr size_t kMaxTransports = 64;
constexpr size_t kMaxOperations = 256;

struct Field {
  std::string_view name;
  telemetry::MetricType type;
  std::string_view help;
};

#define WEIR_NFS(name) "node_mountstats_nfs_" name

// In the order of the kernel's "bytes:".
constexpr auto kBytes = std::to_array<Field>({
    {WEIR_NFS("read_bytes_total"), counter, "Number of bytes read using the read() syscall."},
    {WEIR_NFS("write_bytes_total"), counter, "Number of bytes written using the write() syscall."},
    {WEIR_NFS("direct_read_bytes_total"), counter, "Number of bytes read using the read() syscall in O_DIRECT mode."},
    {WEIR_NFS("direct_write_bytes_total"), counter,
     "Number of bytes written using the write() syscall in O_DIRECT mode."},
    {WEIR_NFS("total_read_bytes_total"), counter, "Number of bytes read from the NFS server, in total."},
    {WEIR_NFS("total_write_bytes_total"), counter, "Number of bytes written to the NFS server, in total."},
    {WEIR_NFS("read_pages_total"), counter, "Number of pages read directly via mmap()'d files."},
    {WEIR_NFS("write_pages_total"), counter, "Number of pages written directly via mmap()'d files."},
});

// In the order of "events:". One without a name is left out, as in node_exporter. The texts are node_exporter's, with
// their mistakes.
constexpr auto kEvents = std::to_array<Field>({
    {WEIR_NFS("event_inode_revalidate_total"), counter,
     "Number of times cached inode attributes are re-validated from the server."},
    {WEIR_NFS("event_dnode_revalidate_total"), counter,
     "Number of times cached dentry nodes are re-validated from the server."},
    {WEIR_NFS("event_data_invalidate_total"), counter, "Number of times an inode cache is cleared."},
    {WEIR_NFS("event_attribute_invalidate_total"), counter, "Number of times cached inode attributes are invalidated."},
    {WEIR_NFS("event_vfs_open_total"), counter, "Number of times cached inode attributes are invalidated."},
    {WEIR_NFS("event_vfs_lookup_total"), counter, "Number of times a directory lookup has occurred."},
    {WEIR_NFS("event_vfs_access_total"), counter, "Number of times permissions have been checked."},
    {WEIR_NFS("event_vfs_update_page_total"), counter, "Number of updates (and potential writes) to pages."},
    {WEIR_NFS("event_vfs_read_page_total"), counter, "Number of pages read directly via mmap()'d files."},
    {WEIR_NFS("event_vfs_read_pages_total"), counter, "Number of times a group of pages have been read."},
    {WEIR_NFS("event_vfs_write_page_total"), counter, "Number of pages written directly via mmap()'d files."},
    {WEIR_NFS("event_vfs_write_pages_total"), counter, "Number of times a group of pages have been written."},
    {WEIR_NFS("event_vfs_getdents_total"), counter,
     "Number of times directory entries have been read with getdents()."},
    {WEIR_NFS("event_vfs_setattr_total"), counter, "Number of times directory entries have been read with getdents()."},
    {WEIR_NFS("event_vfs_flush_total"), counter,
     "Number of pending writes that have been forcefully flushed to the server."},
    {WEIR_NFS("event_vfs_fsync_total"), counter, "Number of times fsync() has been called on directories and files."},
    {WEIR_NFS("event_vfs_lock_total"), counter, "Number of times locking has been attempted on a file."},
    {WEIR_NFS("event_vfs_file_release_total"), counter, "Number of times files have been closed and released."},
    {"", counter, ""},
    {WEIR_NFS("event_truncation_total"), counter, "Number of times files have been truncated."},
    {WEIR_NFS("event_write_extension_total"), counter,
     "Number of times a file has been grown due to writes beyond its existing end."},
    {WEIR_NFS("event_silly_rename_total"), counter,
     "Number of times a file was removed while still open by another process."},
    {WEIR_NFS("event_short_read_total"), counter,
     "Number of times the NFS server gave less data than expected while reading."},
    {WEIR_NFS("event_short_write_total"), counter,
     "Number of times the NFS server wrote less data than expected while writing."},
    {WEIR_NFS("event_jukebox_delay_total"), counter,
     "Number of times the NFS server indicated EJUKEBOX; retrieving data from offline storage."},
    {WEIR_NFS("event_pnfs_read_total"), counter, "Number of NFS v4.1+ pNFS reads."},
    {WEIR_NFS("event_pnfs_write_total"), counter, "Number of NFS v4.1+ pNFS writes."},
});

struct TransportField {
  Field field;
  uint64_t NfsTransport::* number;
};
constexpr auto kTransport = std::to_array<TransportField>({
    {{WEIR_NFS("transport_bind_total"), counter,
      "Number of times the client has had to establish a connection from scratch to the NFS server."},
     &NfsTransport::bind},
    {{WEIR_NFS("transport_connect_total"), counter,
      "Number of times the client has made a TCP connection to the NFS server."},
     &NfsTransport::connect},
    {{WEIR_NFS("transport_idle_time_seconds"), gauge,
      "Duration since the NFS mount last saw any RPC traffic, in seconds."},
     &NfsTransport::idle_seconds},
    {{WEIR_NFS("transport_sends_total"), counter, "Number of RPC requests for this mount sent to the NFS server."},
     &NfsTransport::sends},
    {{WEIR_NFS("transport_receives_total"), counter,
      "Number of RPC responses for this mount received from the NFS server."},
     &NfsTransport::receives},
    {{WEIR_NFS("transport_bad_transaction_ids_total"), counter,
      "Number of times the NFS server sent a response with a transaction ID unknown to this client."},
     &NfsTransport::bad_transaction_ids},
    {{WEIR_NFS("transport_backlog_queue_total"), counter, "Total number of items added to the RPC backlog queue."},
     &NfsTransport::backlog},
    {{WEIR_NFS("transport_maximum_rpc_slots"), gauge,
      "Maximum number of simultaneously active RPC requests ever used."},
     &NfsTransport::maximum_slots},
    {{WEIR_NFS("transport_sending_queue_total"), counter,
      "Total number of items added to the RPC transmission sending queue."},
     &NfsTransport::sending_queue},
    {{WEIR_NFS("transport_pending_queue_total"), counter,
      "Total number of items added to the RPC transmission pending queue."},
     &NfsTransport::pending_queue},
});

struct OperationField {
  Field field;
  bool milliseconds;
};
// In the order of the kernel's numbers.
constexpr auto kOperations = std::to_array<OperationField>({
    {{WEIR_NFS("operations_requests_total"), counter, "Number of requests performed for a given operation."}, false},
    {{WEIR_NFS("operations_transmissions_total"), counter,
      "Number of times an actual RPC request has been transmitted for a given operation."},
     false},
    {{WEIR_NFS("operations_major_timeouts_total"), counter,
      "Number of times a request has had a major timeout for a given operation."},
     false},
    {{WEIR_NFS("operations_sent_bytes_total"), counter,
      "Number of bytes sent for a given operation, including RPC headers and payload."},
     false},
    {{WEIR_NFS("operations_received_bytes_total"), counter,
      "Number of bytes received for a given operation, including RPC headers and payload."},
     false},
    {{WEIR_NFS("operations_queue_time_seconds_total"), counter,
      "Duration all requests spent queued for transmission for a given operation before they were sent, in seconds."},
     true},
    {{WEIR_NFS("operations_response_time_seconds_total"), counter,
      "Duration all requests took to get a reply back after a request for a given operation was transmitted, in "
      "seconds."},
     true},
    {{WEIR_NFS("operations_request_time_seconds_total"), counter,
      "Duration all requests took from when a request was enqueued to when it was completely handled for a given "
      "operation, in seconds."},
     true},
    {{WEIR_NFS("operations_errors_total"), counter, "Number of errors for a given operation"}, false},
});

// As many numbers as stand there.
template <size_t Size>
size_t take_numbers(std::string_view line, std::array<uint64_t, Size>& numbers) {
  size_t count = 0;
  while (count < Size) {
    const auto number = parse_number<uint64_t>(next_word(line));
    if (!number) break;
    numbers[count++] = *number;
  }
  return count;
}

// The numbers for TCP. UDP lacks those of connections, older kernels the last three.
std::optional<NfsTransport> parse_transport(std::string_view line) {
  NfsTransport transport;
  transport.protocol = next_word(line);
  std::array<uint64_t, 13> numbers{};
  const size_t count = take_numbers(line, numbers);
  const bool is_udp = transport.protocol.starts_with("udp");
  if (count < (is_udp ? 7U : 10U)) return std::nullopt;
  if (is_udp) {
    std::ranges::move_backward(numbers.begin() + 2, numbers.begin() + 10, numbers.end());
    numbers[2] = numbers[3] = numbers[4] = 0;
  }
  const bool has_slots = transport.protocol != "rdma";
  transport.bind = numbers[1];
  transport.connect = numbers[2];
  transport.idle_seconds = numbers[4];
  transport.sends = numbers[5];
  transport.receives = numbers[6];
  transport.bad_transaction_ids = numbers[7];
  transport.backlog = numbers[9];
  transport.maximum_slots = has_slots ? numbers[10] : 0;
  transport.sending_queue = has_slots ? numbers[11] : 0;
  transport.pending_queue = has_slots ? numbers[12] : 0;
  return transport;
}

// "device X mounted on Y with fstype nfs4 statvers=1.1"
std::optional<NfsMount> parse_device(std::string_view line) {
  NfsMount mount;
  next_word(line);
  mount.device = unescaped(next_word(line));
  if (next_word(line) != "mounted" || next_word(line) != "on") return std::nullopt;
  mount.point = unescaped(next_word(line));
  if (next_word(line) != "with" || next_word(line) != "fstype") return std::nullopt;
  const std::string_view type = next_word(line);
  if (type != "nfs" && type != "nfs4") return std::nullopt;
  return mount;
}

void take_line(std::string_view line, NfsMount& mount) {
  const std::string_view keyword = next_word(line);
  if (keyword == "age:") {
    mount.age_seconds = parse_number<uint64_t>(next_word(line)).value_or(0);
  } else if (keyword == "bytes:") {
    take_numbers(line, mount.bytes);
  } else if (keyword == "events:") {
    take_numbers(line, mount.events);
  } else if (keyword == "xprt:") {
    auto transport = parse_transport(line);
    if (transport && mount.transports.size() < kMaxTransports) mount.transports.push_back(std::move(*transport));
  } else if (keyword.ends_with(':')) {
    NfsOperation operation;
    operation.name = keyword.substr(0, keyword.size() - 1);
    // Others of this form, such as "caps:", have words.
    if (take_numbers(line, operation.numbers) >= 8 && mount.operations.size() < kMaxOperations)
      mount.operations.push_back(std::move(operation));
  }
}

class Mountstats : public Collector {
 public:
  explicit Mountstats(const Options& options) : file_(options.procfs + "/self/mountstats"), table_(options.procfs) {}

  Result<> collect(Exposition& out) override {
    const std::string_view text = TRY(file_.read());
    mounts_ = parse_mountstats(text);
    TRY(table_.refresh());
    choose();
    write_mounts(out);
    write_transports(out);
    write_operations(out);
    return {};
  }

 private:
  // A mount and one of its protocols. Mounts of one export share their counters, which are shown once.
  struct Shown {
    const NfsMount* mount;
    std::string_view protocol;
    std::string_view address;
    bool first = true;  // of this export, protocol and address
  };

  void choose() {
    shown_.clear();
    for (const NfsMount& mount : mounts_) {
      const std::string_view address = address_of(mount);
      for (const NfsTransport& transport : mount.transports) {
        Shown shown{.mount = &mount, .protocol = transport.protocol, .address = address};
        bool known = false;
        for (const Shown& other : shown_) {
          if (other.mount->device != mount.device || other.protocol != shown.protocol || other.address != address)
            continue;
          shown.first = false;
          known = known || other.mount->point == mount.point;
        }
        if (!known) shown_.push_back(shown);
      }
    }
  }

  std::string_view address_of(const NfsMount& mount) const {
    const auto found = std::ranges::find_if(
        table_.mounts(), [&](const Mount& one) { return one.point == mount.point && one.device == mount.device; });
    if (found == table_.mounts().end()) return {};
    std::string_view options = found->super_options;
    while (!options.empty()) {
      const size_t comma = std::min(options.find(','), options.size());
      if (options.starts_with("addr=")) return options.substr(5, comma - 5);
      options.remove_prefix(std::min(comma + 1, options.size()));
    }
    return {};
  }

  static std::array<Label, 3> labels_of(const Shown& shown) {
    return {{{"export", shown.mount->device}, {"protocol", shown.protocol}, {"mountaddr", shown.address}}};
  }

  template <class Value>
  void write_field(Exposition& out, const Field& field, Value&& value) const {
    out.family(field.name, field.type, field.help);
    for (const Shown& shown : shown_) {
      if (shown.first) out.sample(labels_of(shown), value(*shown.mount));
    }
  }

  void write_mounts(Exposition& out) const {
    write_field(out, {WEIR_NFS("age_seconds_total"), counter, "The age of the NFS mount in seconds."},
                [](const NfsMount& mount) { return mount.age_seconds; });
    for (size_t i = 0; i < kBytes.size(); ++i)
      write_field(out, kBytes[i], [i](const NfsMount& mount) { return mount.bytes[i]; });
    for (size_t i = 0; i < kEvents.size(); ++i) {
      if (!kEvents[i].name.empty())
        write_field(out, kEvents[i], [i](const NfsMount& mount) { return mount.events[i]; });
    }
    out.family(WEIR_NFS("mountpoint_info"), gauge, "Info metric for an NFS mountpoint.");
    for (const Shown& shown : shown_) {
      const auto [device, protocol, address] = labels_of(shown);
      out.sample({device, protocol, address, {"mountpoint", shown.mount->point}}, 1);
    }
  }

  void write_transports(Exposition& out) const {
    for (const auto& [field, number] : kTransport) {
      out.family(field.name, field.type, field.help);
      for (const Shown& shown : shown_) {
        if (!shown.first) continue;
        for (size_t i = 0; i < shown.mount->transports.size(); ++i) {
          const auto [device, protocol, address] = labels_of(shown);
          out.sample({device, protocol, address, {"transport", std::to_string(i)}}, shown.mount->transports[i].*number);
        }
      }
    }
  }

  void write_operations(Exposition& out) const {
    for (size_t i = 0; i < kOperations.size(); ++i) {
      const auto& [field, milliseconds] = kOperations[i];
      out.family(field.name, field.type, field.help);
      for (const Shown& shown : shown_) {
        if (!shown.first) continue;
        const auto [device, protocol, address] = labels_of(shown);
        for (const NfsOperation& operation : shown.mount->operations) {
          const uint64_t number = operation.numbers[i];
          const Label name{"operation", operation.name};
          if (milliseconds) {
            out.sample({device, protocol, address, name}, static_cast<double>(number) / 1000);
          } else {
            out.sample({device, protocol, address, name}, number);
          }
        }
      }
    }
  }

  KeptFile file_;
  MountTable table_;
  std::vector<NfsMount> mounts_;
  std::vector<Shown> shown_;
};

#undef WEIR_NFS

}  // namespace

std::vector<NfsMount> parse_mountstats(std::string_view text) {
  std::vector<NfsMount> mounts;
  bool within = false;  // a mount of NFS
  while (!text.empty()) {
    const std::string_view line = next_line(text);
    if (line.starts_with("device ")) {
      auto mount = parse_device(line);
      within = mount.has_value();
      if (within) mounts.push_back(std::move(*mount));
    } else if (within) {
      take_line(line, mounts.back());
    }
  }
  return mounts;
}

Result<std::unique_ptr<Collector>> make_mountstats(const Options& options) {
  return std::make_unique<Mountstats>(options);
}

}  // namespace weir::host
