"""The traffic that exporters of Debian were given: python3 tools/captures/traffic.py FILE [COUNT] writes COUNT conversations.

Few conversations of TCP, UDP and ICMP over IPv4 and IPv6, from tests/e2e/packets.py, always the same."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "tests/e2e"))
from packets import conversations, write_pcap  # noqa: E402

if __name__ == "__main__":
    write_pcap(sys.argv[1], conversations(int(sys.argv[2]) if len(sys.argv) > 2 else 12, seed=13, ipv6=True))
