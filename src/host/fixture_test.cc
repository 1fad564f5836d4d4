// All collectors that read files, over the files of machines that this one is not: testdata/host. The expected scrape
// of each is a file; WEIR_WRITE_EXPECTED=1 writes it anew.
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/text.h"
#include "host/collectors/options.h"
#include "host/kernel/links.h"
#include "host/registry.h"

namespace weir::host {
namespace {

namespace fs = std::filesystem;
using std::string_literals::operator""s;
using telemetry::Exposition;

// Those whose source is a file below /proc, /sys, /etc or udev's folder, and nothing of the machine that runs the test.
constexpr auto kFileCollectors = std::to_array<std::string_view>({
    "bcache",
    "bcachefs",
    "bonding",
    "btrfs",
    "buddyinfo",
    "cgroups",
    "conntrack",
    "cpu",
    "cpu_vulnerabilities",
    "cpufreq",
    "diskstats",
    "dmi",
    "dmmultipath",
    "edac",
    "entropy",
    "fibrechannel",
    "filefd",
    "hwmon",
    "infiniband",
    "interrupts",
    "ipvs",
    "kernel_hung",
    "ksmd",
    "lnstat",
    "loadavg",
    "mdadm",
    "meminfo",
    "meminfo_numa",
    "mountstats",
    "netstat",
    "nfs",
    "nfsd",
    "nvme",
    "os",
    "powersupplyclass",
    "pressure",
    "processes",
    "rapl",
    "schedstat",
    "selinux",
    "slabinfo",
    "sockstat",
    "softirqs",
    "softnet",
    "stat",
    "tapestats",
    "thermal_zone",
    "udp_queues",
    "vmstat",
    "watchdog",
    "xfrm",
    "xfs",
    "zfs",
    "zoneinfo",
});

// Paths are relative, since some are labels: the test stands in the folder of the tree.
Options options_of_tree() {
  Options options;
  options.procfs = "proc";
  options.sysfs = "sys";
  options.rootfs = "root";
  options.udev_data = "udev";
  options.stat_softirq = true;
  return options;
}

struct Made {
  std::string_view name;
  std::unique_ptr<Collector> collector;
};

std::vector<Made> make_all(const Options& options, std::span<const std::string_view> names = kFileCollectors) {
  std::vector<Made> made;
  for (const CollectorEntry& entry : collectors()) {
    if (std::ranges::find(names, entry.name) == names.end()) continue;
    auto collector = entry.make(options);
    EXPECT_TRUE(collector) << entry.name;
    if (collector) made.push_back({entry.name, std::move(*collector)});
  }
  return made;
}

// One scrape. What failed is told at its end.
std::string scrape(std::vector<Made>& made) {
  Exposition out;
  std::string failed;
  for (Made& one : made) {
    const auto result = one.collector->collect(out);
    if (!result)
      failed += fmt::format("# {}: {}\n", one.name, is_no_data(result.error()) ? "no data" : result.error().message);
  }
  return std::string(out.text()) + failed;
}

std::string read_whole(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void put(const fs::path& path, std::string_view text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

// The first lines that differ, or nothing.
std::string first_difference(std::string_view text, std::string_view wanted) {
  while (!text.empty() || !wanted.empty()) {
    const std::string_view one = next_line(text);
    const std::string_view other = next_line(wanted);
    if (one != other) return fmt::format("is     {}\nwanted {}", one, other);
  }
  return {};
}

// Each family once, each sample once, each sample below its family.
void check_exposition(std::string_view text) {
  std::vector<std::string> families;
  std::vector<std::string> samples;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.starts_with("# TYPE ")) {
      EXPECT_TRUE(is_name(line.substr(7, line.find(' ', 7) - 7))) << line;
      families.emplace_back(line.substr(7, line.find(' ', 7) - 7));
    } else if (!line.starts_with("#")) {
      ASSERT_FALSE(families.empty());
      EXPECT_EQ(line.substr(0, line.find_first_of("{ ")), families.back());
      samples.emplace_back(line.substr(0, line.rfind(' ')));
    }
  }
  for (auto* list : {&families, &samples}) {
    std::ranges::sort(*list);
    const auto twice = std::ranges::adjacent_find(*list);
    EXPECT_TRUE(twice == list->end()) << *twice;
  }
}

class FixtureTest : public testing::Test {
 protected:
  void TearDown() override { fs::current_path(before_); }

  void expect_scrape(const fs::path& tree, const fs::path& expected, const Options& options = options_of_tree(),
                     std::span<const std::string_view> names = kFileCollectors) {
    fs::current_path(tree);
    auto made = make_all(options, names);
    const std::string text = scrape(made);
    check_exposition(text);
    if (std::getenv("WEIR_WRITE_EXPECTED") != nullptr) std::ofstream(expected, std::ios::binary) << text;
    const std::string wanted = read_whole(expected);
    EXPECT_EQ(first_difference(text, wanted), "") << expected;
    // Nothing of the files changes: every later scrape says the same, whatever was kept.
    for (int i = 0; i < 20; ++i) ASSERT_EQ(first_difference(scrape(made), wanted), "") << "scrape " << i;
  }

  fs::path before_ = fs::current_path();
};

const fs::path kTrees = fs::path(WEIR_SOURCE_DIR) / "testdata/host";

TEST_F(FixtureTest, AllFileCollectorsExist) {
  for (const std::string_view name : kFileCollectors)
    EXPECT_TRUE(std::ranges::find(collectors(), name, &CollectorEntry::name) != collectors().end()) << name;
}

TEST_F(FixtureTest, SmallVirtualMachineLinux6CgroupV2) {
  expect_scrape(kTrees / "vm-6", kTrees / "vm-6/expected.prom");
}

TEST_F(FixtureTest, ServerLinux4CgroupV1) { expect_scrape(kTrees / "server-4", kTrees / "server-4/expected.prom"); }

TEST_F(FixtureTest, StorageOfAllKinds) { expect_scrape(kTrees / "storage", kTrees / "storage/expected.prom"); }

TEST_F(FixtureTest, GatewayAndFileServer) { expect_scrape(kTrees / "gateway", kTrees / "gateway/expected.prom"); }

// Netlink tells of the interfaces, and files of what it does not tell.
TEST_F(FixtureTest, NetworkInterfaces) {
  std::vector<Link> links(3);
  links[0] = {.index = 1,
              .type = 772,
              .flags = 0x10049,
              .name = "lo",
              .address = std::string(6, '\0'),
              .broadcast = std::string(6, '\0'),
              .alias = {},
              .mtu = 65536,
              .peer = 1,
              .queue_length = 1000,
              .carrier = true,
              .all_multicast = {},
              .carrier_changes = 0,
              .carrier_ups = 0,
              .carrier_downs = 0};
  links[1] = {.index = 2,
              .type = 1,
              .flags = 0x11043,
              .name = "eth0",
              .address = "\x02\x42\xAC\x11\x00\x02"s,
              .broadcast = std::string(6, '\xFF'),
              .alias = "to the \"roof\"\n",
              .mtu = 9000,
              .peer = 2,
              .queue_length = 1000,
              .operstate = 6,
              .carrier = true,
              .promiscuity = 1,
              .all_multicast = 0,
              .carrier_changes = 5,
              .carrier_ups = 3,
              .carrier_downs = 2};
  for (size_t i = 0; i < kLinkCounters; ++i) links[1].counters[i] = (uint64_t{1} << 60) + i;
  links[2] = {.index = 7,
              .type = 1,
              .flags = 0x1002,
              .name = "eth1.7",
              .address = "\x02\x42\xAC\x11\x00\x03"s,
              .broadcast = std::string(6, '\xFF'),
              .alias = {},
              .mtu = 1500,
              .peer = 3,
              .group = 4,
              .operstate = 2,
              .link_mode = 1,
              .all_multicast = {},
              .carrier_changes = {},
              .carrier_ups = {},
              .carrier_downs = {}};
  Options options = options_of_tree();
  options.links = std::make_shared<LinkTable>(std::move(links));
  options.netdev_label_alias = true;
  constexpr auto kNames = std::to_array<std::string_view>({"netclass", "netdev"});
  expect_scrape(kTrees / "gateway", kTrees / "gateway/interfaces.prom", options, kNames);
}

TEST_F(FixtureTest, NothingThere) {
  const fs::path tree = fs::path(testing::TempDir()) / ("weir_nothing_" + std::to_string(::getpid()));
  fs::create_directories(tree);
  fs::current_path(tree);
  auto made = make_all(options_of_tree());
  for (int i = 0; i < 3; ++i) {
    const std::string text = scrape(made);
    check_exposition(text);
    // What says that it is off, or counts nothing, is no failure.
    EXPECT_LT(text.size(), 6000U);
  }
  fs::current_path(before_);
  fs::remove_all(tree);
}

// Names and values with every byte that a format could stumble over.
TEST_F(FixtureTest, OddBytes) {
  const fs::path tree = fs::path(testing::TempDir()) / ("weir_odd_" + std::to_string(::getpid()));
  const std::string odd = "a\"b\\c\xff\xc3\xa4 \x01{d}";
  const std::string odd_line = odd + "\nx";
  put(tree / "sys/class/dmi/id/product_name", odd_line + "\n");
  put(tree / "sys/class/dmi/id/bios_vendor", "\xf0\x9f\x92\xa9\xed\xa0\x80\n");
  put(tree / ("sys/class/powercap/" + odd_line) / "name", odd + "\n");
  put(tree / ("sys/class/powercap/" + odd_line) / "energy_uj", "5000000\n");
  put(tree / ("sys/class/power_supply/" + odd_line) / "uevent",
      "POWER_SUPPLY_ONLINE=1\nPOWER_SUPPLY_MODEL_NAME=" + odd + "\n");
  put(tree / ("sys/class/watchdog/" + odd) / "identity", odd_line);
  put(tree / ("sys/class/nvme/" + odd) / "model", odd + "\n");
  put(tree / "sys/class/hwmon/hwmon0/name", "chip\n");
  put(tree / "sys/class/hwmon/hwmon0/temp1_label", odd + "\n");
  put(tree / "sys/class/hwmon/hwmon0/temp1_input", "1000\n");
  put(tree / ("sys/class/hwmon/hwmon0/temp2_" + odd), "1000\n");
  put(tree / "sys/class/thermal/thermal_zone0/type", odd_line);
  put(tree / "sys/class/thermal/thermal_zone0/temp", "-1500\n");
  put(tree / ("sys/devices/system/cpu/vulnerabilities/" + odd), "Mitigation: " + odd + "\n");
  put(tree / "sys/devices/system/clocksource/clocksource0/current_clocksource", odd);
  put(tree / "sys/class/net/bonding_masters", "a\"b\n");
  put(tree / "sys/fs/cgroup/cgroup.controllers", "cpu\n");
  put(tree / ("sys/fs/cgroup/" + odd_line) / "memory.current", "4096\n");
  put(tree / "proc/cgroups", "a\"b\\\t1\t2\t3\n");
  put(tree / "proc/diskstats", "8 0 a\"b\\c\xff 1 2 3 4 5 6 7 8 9 10 11\n");
  put(tree / "udev/b8:0", "E:ID_MODEL=" + odd + "\nE:ID_FS_TYPE=" + odd + "\n");
  put(tree / "proc/interrupts", "CPU0\n 1: 5 " + odd + " " + odd + "\n" + odd + ": 6 x\n");
  put(tree / "proc/slabinfo", "a\"b\\ 1 2 3 4 5 : slabdata 6 7 0\n");
  put(tree / "proc/mdstat", "md\"0\\ : active raid1 a[0]\n  5 blocks [1/1] [U]\n");
  put(tree / "proc/net/sockstat", "T\"CP: inuse 5\n");
  put(tree / "proc/net/netstat", "T\"cp: A\nT\"cp: 1\n");
  put(tree / "proc/net/snmp", "Ip: Forwarding A\"B\nIp: 1 2\n");
  put(tree / "sys/devices/system/node/node0/meminfo", "Node 0 Mem\"Free: 5 kB\n");
  put(tree / "sys/devices/system/node/node0/numastat", "numa\"hit 5\nnuma_hit 6\n");
  put(tree / "sys/fs/bcachefs/a\"b/counters/c\"d", "since filesystem creation: 5\n");
  put(tree / "proc/spl/kstat/zfs/arcstats", "name type data\nhi\"ts 4 5\n");
  put(tree / "proc/spl/kstat/zfs/po\"ol/state", "ONLINE\n");
  put(tree / "proc/spl/kstat/zfs/po\"ol/io", "nread na\"me\n1 2\n");
  put(tree / "proc/spl/kstat/zfs/po\"ol/objset-0x1", "name type data\ndataset_name 7 " + odd + "\nwri\"tes 4 1\n");
  put(tree / "proc/vmstat", "pgfault\"x 5\npgfault 5\n");
  put(tree / "proc/meminfo", "Mem\"Total\\: 5 kB\n");
  put(tree / "root/etc/os-release", "NAME=\"" + std::string("\\\"q\\\\\xff") + "\"\n");
  expect_scrape(tree, kTrees / "odd-bytes.prom");
  fs::current_path(before_);
  fs::remove_all(tree);
}

// 256 CPUs in four nodes: nothing is cut, and the files are read in many pieces.
TEST_F(FixtureTest, ManyCpus) {
  constexpr int kCpus = 256;
  const fs::path tree = fs::path(testing::TempDir()) / ("weir_many_" + std::to_string(::getpid()));
  std::string stat = "cpu  1 2 3 4\n";
  std::string schedstat = "version 15\n";
  std::string softnet;
  std::string interrupts;
  std::string counts;
  for (int cpu = 0; cpu < kCpus; ++cpu) {
    stat += fmt::format("cpu{} {} 0 0 1000 0 0 0 0 0 0\n", cpu, cpu * 100);
    schedstat += fmt::format("cpu{} 0 0 0 0 0 0 {} 2 3\ndomain0 {} 1 2 3\n", cpu, cpu, std::string(128, 'f'));
    softnet += fmt::format("{:08x} 0 0 0 0 0 0 0 0 0 0 0 {:08x}\n", cpu, cpu);
    interrupts += fmt::format("      CPU{}", cpu);
    counts += fmt::format(" {:10}", cpu);
    const fs::path directory = tree / fmt::format("sys/devices/system/cpu/cpu{}", cpu);
    put(directory / "topology/physical_package_id", fmt::format("{}\n", cpu / 64));
    put(directory / "topology/core_id", fmt::format("{}\n", cpu / 2));
    put(directory / "thermal_throttle/core_throttle_count", "1\n");
    put(directory / "thermal_throttle/package_throttle_count", "2\n");
  }
  interrupts += "\n";
  for (int irq = 0; irq < 300; ++irq)
    interrupts += fmt::format("{:4}:{} PCI-MSI {}-edge nic-{}\n", irq, counts, irq, irq);
  put(tree / "proc/stat", stat + "intr 5\nbtime 7\n");
  put(tree / "proc/schedstat", schedstat);
  put(tree / "proc/net/softnet_stat", softnet);
  put(tree / "proc/interrupts", interrupts);
  put(tree / "sys/devices/system/cpu/online", "0-254\n");
  put(tree / "sys/devices/system/cpu/present", "0-255\n");
  fs::current_path(tree);
  auto made = make_all(options_of_tree());
  const std::string text = scrape(made);
  check_exposition(text);
  for (const char* line :
       {"node_cpu_seconds_total{cpu=\"255\",mode=\"user\"} 255\n", "node_cpu_online{cpu=\"255\"} 0\n",
        "node_cpu_online{cpu=\"254\"} 1\n", "node_cpu_core_throttles_total{core=\"127\",package=\"3\"} 1\n",
        "node_cpu_package_throttles_total{package=\"3\"} 2\n",
        "node_schedstat_running_seconds_total{cpu=\"255\"} 2.55e-07\n",
        "node_softnet_processed_total{cpu=\"255\"} 255\n",
        "node_interrupts_total{cpu=\"255\",devices=\"299-edge nic-299\",info=\"PCI-MSI\",type=\"299\"} 255\n",
        "node_boot_time_seconds 7\n"})
    EXPECT_TRUE(text.contains(line)) << line;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(scrape(made), text);
  fs::current_path(before_);
  fs::remove_all(tree);
}

}  // namespace
}  // namespace weir::host
