"""The collectors that are compared, each with the settings that suit it best here: how it is started, what it says that it took."""

import dataclasses
import json
import re
import signal
import subprocess

from .loads import ROOT, WEIR

YARDSTICK = ROOT / "build/release/bin/peers_yardstick"


@dataclasses.dataclass
class Counted:
    """What a receiver says that it has kept; None where it does not count that."""
    datagrams: int | None = None
    flows: int | None = None
    packets: int | None = None
    lost: str = ""  # what it says that it lost itself


class Receiver:
    name = ""
    stores = False  # keeps every flow on disk
    plugins = False  # works on in other processes when its socket is empty
    uncounted = 0  # this share of what it has taken it may not tell: what still waits for a buffer to be full
    asked_before_end = False  # keeps flows in memory: what it has it must be asked while it runs
    waiting_flows = 0  # that it gathers before it writes them
    end_signal = signal.SIGTERM

    def command(self, folder, port, buffer):
        """The command line. Files may be written to `folder`, which is empty."""
        raise NotImplementedError

    def port(self, log, port):
        """Where it listens, once it does; None before. Most listen where they are told to."""
        raise NotImplementedError

    def counted(self, folder, log):
        raise NotImplementedError

    def before_end(self, folder):
        """Asks it for what it keeps in memory only."""

    def disk_bytes(self, folder):
        return 0


class Weir(Receiver):
    name = "weir"
    stores = True
    waiting_flows = 524_288  # store::StoreOptions::rows_per_segment

    def command(self, folder, port, buffer):
        (folder / "weir.toml").write_text(f"[collect]\nsocket_buffer = \"{buffer >> 10}KiB\"\n")
        return [WEIR, "collect", "-c", folder / "weir.toml", "--listen", f"127.0.0.1:{port}", "--store", folder / "store"]

    def port(self, log, port):
        return port if "storing to" in log else None

    def counted(self, folder, log):
        ledger = json.loads((folder / "store/ledger.json").read_text())
        total = ledger["total"]
        lost = {name: count for name, count in {**total["rows_dropped"], "socket": ledger["socket_drops"],
                                                "rejected": total["datagrams_rejected"], "undecodable": total["undecodable_sets"]}.items() if count}
        return Counted(total["datagrams_received"], total["rows_stored"], None, ", ".join(f"{n} {c}" for n, c in lost.items()))

    def disk_bytes(self, folder):
        return sum(path.stat().st_size for path in folder.rglob("*.parquet"))


class Nfcapd(Receiver):
    stores = True

    def __init__(self, name, *compression):
        self.name = name
        self.compression = compression

    def command(self, folder, port, buffer):
        (folder / "flows").mkdir()
        return ["nfcapd", "-p", str(port), "-b", "127.0.0.1", "-w", folder / "flows", "-t", "300", "-B", str(buffer), *self.compression]

    def port(self, log, port):
        return port if "Startup nfcapd" in log else None

    def counted(self, folder, log):
        files = [tuple(map(int, found)) for found in re.findall(r"Flows: (\d+), Packets: (\d+), .*Bad Packets: (\d+)", log)]
        bad = sum(f[2] for f in files)
        return Counted(None, sum(f[0] for f in files), sum(f[1] for f in files), f"bad packets {bad}" if bad else "")

    def disk_bytes(self, folder):
        return sum(path.stat().st_size for path in (folder / "flows").rglob("nfcapd.*"))


class Nfacctd(Receiver):
    """Aggregates; with all of these keys hardly two flows are one, so that it keeps them as the others do."""
    plugins = True
    end_signal = signal.SIGINT
    KEYS = ("peer_src_ip,src_host,dst_host,peer_dst_ip,src_port,dst_port,proto,tos,tcpflags,in_iface,out_iface,src_as,dst_as,src_mask,dst_mask,"
            "timestamp_start,timestamp_end")

    def __init__(self, plugin):
        self.name = f"nfacctd ({plugin})"
        self.plugin = plugin
        self.asked_before_end = plugin == "memory"
        self.uncounted = 0.001 if plugin == "memory" else 0
        if plugin == "print":
            self.waiting_flows = 10**9  # all of print_refresh_time

    def command(self, folder, port, buffer):
        settings = {"daemonize": "false", "nfacctd_ip": "127.0.0.1", "nfacctd_port": port, "nfacctd_pipe_size": buffer, "nfacctd_time_new": "true",
                    "plugins": self.plugin, "aggregate": self.KEYS,
                    # Tried: smaller buffers cost more, and its own queue must not lose what the socket has taken.
                    "plugin_pipe_size": 256 << 20, "plugin_buffer_size": 65536}
        if self.plugin == "memory":
            settings |= {"imt_path": folder / "pipe", "imt_buckets": 262147, "imt_mem_pools_number": 0, "imt_mem_pools_size": 16 << 20}
        else:
            # The default number of cache entries costs least: half of what 131,071 or 1,000,003 did.
            settings |= {"print_refresh_time": 60, "print_output": "csv", "print_output_file": folder / "flows.csv", "print_output_file_append": "true"}
        file = folder / "nfacctd.conf"
        file.write_text("".join(f"{key}: {value}\n" for key, value in settings.items()))
        return ["nfacctd", "-f", file]

    def port(self, log, port):
        plugin_is_ready = self.plugin != "memory" or "waiting for data on" in log
        return port if plugin_is_ready and "waiting for NetFlow/IPFIX data" in log else None

    def before_end(self, folder):
        if self.plugin == "memory":
            with open(folder / "flows.csv", "wb") as output:
                subprocess.run(["pmacct", "-s", "-p", folder / "pipe", "-O", "csv"], check=True, stdout=output)

    def counted(self, folder, log):
        done = subprocess.run(["awk", "-F,", "{ sum += $(NF - 1) } END { printf \"%d\", sum }", folder / "flows.csv"], check=True, stdout=subprocess.PIPE)
        missing = log.lower().count("missing data")
        return Counted(None, None, int(done.stdout), f"{missing} warnings of missing data" if missing else "")

    def disk_bytes(self, folder):
        return (folder / "flows.csv").stat().st_size if self.plugin == "print" else 0


class Yardstick(Receiver):
    def __init__(self, name, mode):
        self.name = name
        self.mode = mode

    def command(self, folder, port, buffer):
        return [YARDSTICK, self.mode, str(buffer), *([folder / "store"] if self.mode == "decode" else [])]

    def port(self, log, port):
        found = re.search(r"listening on 127\.0\.0\.1:(\d+)", log)
        return int(found[1]) if found else None

    def counted(self, folder, log):
        said = json.loads(log.splitlines()[-1])
        return Counted(said["datagrams"], said.get("flows"), None)


WEIR_COLLECT = Weir()
NFCAPD = Nfcapd("nfcapd")
NFCAPD_LZO = Nfcapd("nfcapd -z (LZO)", "-z")
NFCAPD_LZ4 = Nfcapd("nfcapd -y (LZ4)", "-y")
NFCAPD_BZ2 = Nfcapd("nfcapd -j (bz2)", "-j")
NFACCTD_MEMORY = Nfacctd("memory")
NFACCTD_PRINT = Nfacctd("print")
NO_STORE = Yardstick("weir (store off)", "decode")
BARE = Yardstick("bare recvmmsg", "bare")
# Of other packages, that a run needs.
PROGRAMS = ("nfcapd", "nfacctd", "pmacct", "awk")


def versions():
    """Of what is compared, as each says it."""
    def version(*command):
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        found = re.search(r"\d+\.\d+(\.\d+)?", done.stdout)
        return found[0] if found else "unknown"
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], stdout=subprocess.PIPE, text=True).stdout.strip()
    return {"weir": f"weir {version(WEIR, '--version')} ({commit})", "nfdump": f"nfdump {version('nfcapd', '-V')}",
            "pmacct": f"pmacct {version('nfacctd', '-V')}"}
