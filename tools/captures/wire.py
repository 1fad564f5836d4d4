"""Export messages byte by byte: NetFlow, IPFIX and sFlow, and the packets that sFlow samples. Integers are big-endian."""

import ipaddress
import struct

EXPORT = 1_700_000_000  # 2023-11-14T22:13:20Z, in the header of each message unless a case says otherwise
UPTIME = 3_600_000      # milliseconds, in the header of each message of NetFlow and sFlow


def raw(text):
    """Bytes from hexadecimal digits."""
    return bytes.fromhex(text)


def number(value, size):
    return int(value).to_bytes(size, "big")


def u16(*values):
    return struct.pack(f"!{len(values)}H", *values)


def u32(*values):
    return struct.pack(f"!{len(values)}I", *values)


def u64(*values):
    return struct.pack(f"!{len(values)}Q", *values)


def ip(text):
    return ipaddress.ip_address(text).packed


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def text(value, size):
    """A text of fixed length, with zeros at its end."""
    return value.encode().ljust(size, b"\0")


# --- NetFlow v9 and IPFIX ----------------------------------------------------------------------------------------------


class Set(bytes):
    """A set with its header; `records` counts its records, as the header of NetFlow v9 does."""

    records = 0


def a_set(number_, body, records, pad=True):
    if pad:
        body += bytes(-len(body) % 4)
    made = Set(u16(number_, 4 + len(body)) + body)
    made.records = records
    return made


def fields(spec):
    """"8/4 35632.118/2 371/v" as (enterprise, element, length) of a template; v is variable length."""
    out = []
    for one in spec.split():
        element, length = one.split("/")
        enterprise, _, element = element.rpartition(".")
        out.append((int(enterprise or 0), int(element), 65535 if length == "v" else int(length)))
    return out


def field_specifiers(spec):
    out = b""
    for enterprise, element, length in fields(spec):
        out += u16(element | (0x8000 if enterprise else 0), length) + (u32(enterprise) if enterprise else b"")
    return out


def template_record(number_, spec):
    return u16(number_, len(fields(spec))) + field_specifiers(spec)


def template(number_, spec):
    """A template set of IPFIX."""
    return a_set(2, template_record(number_, spec), 1)


def template_v9(number_, spec):
    return a_set(0, template_record(number_, spec), 1)


def options(number_, scope, spec):
    """An options template set of IPFIX."""
    count = len(fields(scope))
    return a_set(3, u16(number_, count + len(fields(spec)), count) + field_specifiers(scope) + field_specifiers(spec), 1)


def options_v9(number_, scope, spec):
    """An options template set of NetFlow v9: the scope's types are 1 system, 2 interface, 3 line card, 4 cache, 5 template."""
    return a_set(1, u16(number_, 4 * len(fields(scope)), 4 * len(fields(spec))) + field_specifiers(scope) + field_specifiers(spec), 1)


def data(number_, *records, pad=True):
    return a_set(number_, b"".join(records), len(records), pad)


def netflow_v9(*sets, count=None, uptime=UPTIME, seconds=EXPORT, sequence=1, domain=0):
    if count is None:
        count = sum(s.records for s in sets)
    return struct.pack("!HHIIII", 9, count, uptime, seconds, sequence, domain) + b"".join(sets)


def ipfix(*sets, seconds=EXPORT, sequence=0, domain=0):
    body = b"".join(sets)
    return struct.pack("!HHIII", 10, 16 + len(body), seconds, sequence, domain) + body


def variable(octets, long=False):
    """A value of variable length with its length before it (RFC 7011 section 7)."""
    return (number(len(octets), 1) if len(octets) < 255 and not long else b"\xff" + u16(len(octets))) + octets


# --- NetFlow v1, v5, v7 ------------------------------------------------------------------------------------------------


def legacy_header(version, count, uptime, seconds, nanoseconds):
    return struct.pack("!HHIII", version, count, uptime, seconds, nanoseconds)


def netflow_v1(*records, count=None, uptime=UPTIME, seconds=EXPORT):
    return legacy_header(1, len(records) if count is None else count, uptime, seconds, 0) + b"".join(records)


def netflow_v5(*records, count=None, uptime=UPTIME, seconds=EXPORT, nanoseconds=0, sequence=0, engine=(0, 0), sampling=0):
    return (legacy_header(5, len(records) if count is None else count, uptime, seconds, nanoseconds) +
            struct.pack("!IBBH", sequence, *engine, sampling) + b"".join(records))


def netflow_v7(*records, count=None, uptime=UPTIME, seconds=EXPORT, sequence=0):
    return (legacy_header(7, len(records) if count is None else count, uptime, seconds, 0) + u32(sequence, 0) +
            b"".join(records))


# --- sFlow v5 (sflow_version_5.txt at sflow.org) ---------------------------------------------------------------------------


def opaque(octets):
    return u32(len(octets)) + octets + bytes(-len(octets) % 4)


def string(value):
    return opaque(value.encode())


def sflow_address(address):
    packed = ip(address)
    return u32(1 if len(packed) == 4 else 2) + packed


def block(kind, body, enterprise=0):
    """A sample or a record: its format, its length, its contents."""
    return u32(enterprise << 12 | kind) + opaque(body)


def sflow(*samples, agent="10.0.0.1", sub_agent=0, sequence=1, uptime=UPTIME, count=None):
    return (u32(5) + sflow_address(agent) + u32(sub_agent, sequence, uptime, len(samples) if count is None else count) +
            b"".join(samples))


def raw_header(protocol, frame_length, header):
    """The record of a sampled packet: 1 Ethernet, 7 PPP, 11 IPv4, 12 IPv6, 13 MPLS, 14 POS."""
    return block(1, u32(protocol, frame_length, 4) + opaque(header))


# --- packets on the observed network -----------------------------------------------------------------------------------


def frame(kind, payload, source="02:00:5e:00:53:01", destination="02:00:5e:00:53:02"):
    return mac(destination) + mac(source) + u16(kind) + payload


def tag(vlan, kind, payload, priority=0):
    """What stands between a tag protocol identifier and the payload."""
    return u16(priority << 13 | vlan, kind) + payload


def label(value, bottom, payload, ttl=60):
    return u32(value << 12 | (0x100 if bottom else 0) | ttl) + payload


def checksum(octets):
    total = sum(struct.unpack(f"!{len(octets) // 2}H", octets))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def ipv4(protocol, payload, source="192.0.2.1", destination="198.51.100.2", tos=0, ttl=64, ident=0x1234, flags_offset=0x4000,
         opts=b""):
    size = 20 + len(opts)

    def header(check):
        return struct.pack("!BBHHHBBH", 0x40 | size // 4, tos, size + len(payload), ident, flags_offset, ttl, protocol, check)

    addresses = ip(source) + ip(destination) + opts
    return header(checksum(header(0) + addresses)) + addresses + payload


def ipv6(next_header, payload, source="2001:db8::1", destination="2001:db8::2", traffic_class=0, flow_label=0, hop_limit=64):
    return (u32(6 << 28 | traffic_class << 20 | flow_label) + u16(len(payload)) + bytes([next_header, hop_limit]) + ip(source) +
            ip(destination) + payload)


def extension(next_header, payload, units=0):
    """A hop-by-hop or destination options header with padding only; `units` times 8 bytes besides the first 8."""
    return bytes([next_header, units, 1, 4 + 8 * units]) + bytes(4 + 8 * units) + payload


def ipv6_fragment(next_header, offset, more, payload, ident=0xCAFE0001):
    return bytes([next_header, 0]) + u16(offset << 3 | more) + u32(ident) + payload


def segment_routing(next_header, left, segments, payload):
    return (bytes([next_header, 2 * len(segments), 4, left, len(segments) - 1, 0, 0, 0]) + b"".join(ip(s) for s in segments) +
            payload)


def tcp(source, destination, flags):
    return u16(source, destination) + u32(1, 2) + u16(0x5000 | flags, 0xFFFF, 0, 0)


def udp(source, destination, payload):
    return u16(source, destination, 8 + len(payload), 0) + payload


def icmp(kind, code):
    return bytes([kind, code, 0, 0]) + u32(0x00010001)


def gre(flags, protocol, payload):
    return u16(flags, protocol) + payload


def vxlan(vni, payload):
    return u32(0x08000000, vni << 8) + payload


def geneve(vni, protocol, opts, payload):
    return bytes([len(opts) // 4, 0]) + u16(protocol) + u32(vni << 8) + opts + payload
