"""The attacks: what anybody sends who can send UDP, each as payloads. The figures of a real network are far below all of them."""

import dataclasses
import random
import struct
from collections.abc import Callable

from . import wire
from .wire import FLOW, FLOW_TURNED, FULL, VICTIM, VICTIM_DOMAIN, VICTIM_PORT, VICTIM_TEMPLATE, address, a_set, ipfix

SOURCES = 65536
# Of attackers of one address.
ATTACKER = address(66, 6, 6)
ATTACKER_PORT = 5000
FORGED_FLOW = wire.flow(0x0A420001, 0x0A420002, 1000)  # 10.66.0.1 to 10.66.0.2


@dataclasses.dataclass(frozen=True)
class Attack:
    name: str
    what: str
    write: Callable[[wire.Payloads], None] | None = None  # None: nothing is sent
    arguments: tuple = ()  # of weir collect
    stop_under_load: bool = False
    redis_drips: bool = False
    rows: bool = False  # it becomes flows, which are stored as everybody's are


def forged(number):
    return address(64, 0, 0) + number % SOURCES


def junk(out):
    for n in range(SOURCES):
        out.add(forged(n), 5000, b"\0\x63\0\0")


def headers(out):
    kinds = (wire.netflow_v9(1, b"", 0), ipfix(1, b""), wire.netflow_v5(0, 0), wire.sflow(0x0A420001, 0, b""))
    for n in range(SOURCES):
        out.add(forged(n), 5000, kinds[n % len(kinds)])


def cut_sets(out):
    """A template and its data, cut anywhere, and with lengths that lie."""
    whole = ipfix(1, a_set(2, wire.template(300, FLOW)) + a_set(300, FORGED_FLOW * 20))
    for n in range(SOURCES):
        payload = bytearray(whole[:1 + n * 7 % len(whole)] if n % 2 else whole)
        if n % 2 == 0:  # the length of the message, of a set, of a field
            at = (2, 18, 22, 26, 30, 54)[n // 2 % 6]
            payload[at:at + 2] = struct.pack("!H", (0, 1, 3, 65535, len(whole) - 1)[n // 12 % 5])
        out.add(forged(n // 64), 5000, bytes(payload))


def template_flood(out):
    """Templates of one field, as small as they can be, in all ids and in several layouts: one session."""
    each = [struct.pack("!HHHH", 256 + n % 65000, 1, 1 + n * 7 % 400, 4 + n // 65000 % 4) for n in range(8 * 65000)]
    most = (FULL - 20) // 8
    for n in range(0, len(each), most):
        out.add(ATTACKER, ATTACKER_PORT, ipfix(1, a_set(2, b"".join(each[n:n + most]))))


def template_sessions(out):
    """Long templates, no two alike, in many sessions."""
    rest = wire.fields(*((1 + i, 4) for i in range(116)))
    layout = 0
    for n in range(60_000):
        templates = b""
        for number in range(256, 259):
            layout += 1
            templates += struct.pack("!HH", number, 118) + struct.pack("!HHHH", 1 + layout % 400, 4, 1 + layout // 400 % 400, 4) + rest
        out.add(ATTACKER + n % 16, ATTACKER_PORT, ipfix(n // 16, a_set(2, templates)))


def withdrawals(out):
    """Of the victim's templates, in its name: from its own port, and others, of one and of all, with numbers that do not fit."""
    chosen = random.Random(7)
    for n in range(20_000):
        port = VICTIM_PORT if n % 2 else 1024 + n
        kind = n // 2 % 4
        if kind == 3:
            out.add(VICTIM, port, wire.netflow_v9(VICTIM_DOMAIN, a_set(0, struct.pack("!HH", VICTIM_TEMPLATE, 0)), sequence=chosen.getrandbits(32)))
            continue
        gone = (a_set(2, struct.pack("!HH", VICTIM_TEMPLATE, 0)), a_set(2, struct.pack("!HH", 2, 0)), a_set(3, struct.pack("!HH", 3, 0)))[kind]
        out.add(VICTIM, port, ipfix(VICTIM_DOMAIN, gone, chosen.choice((0, chosen.getrandbits(32)))))


def conflicts(out):
    """Other layouts for the victim's template from other ports of its address; every second message has data, too. First from as many
    ports as a session remembers, for some seconds, then from more."""
    chosen = random.Random(7)
    for n in range(300_000):
        layout = chosen.sample(FLOW, len(FLOW)) if n % 2 else FLOW_TURNED
        sets = a_set(2, wire.template(VICTIM_TEMPLATE, layout))
        port = 1024 + n % (63 if n < 200_000 else 200)
        out.add(VICTIM, port, ipfix(VICTIM_DOMAIN, sets + (a_set(VICTIM_TEMPLATE, FORGED_FLOW) if n % 4 < 2 else b""), n // 63))


def impostor(out):
    """Other layouts for the victim's template in its name, from its own port, by somebody who does not know its numbers."""
    chosen = random.Random(7)
    for n in range(20_000):
        sets = a_set(2, wire.template(VICTIM_TEMPLATE, FLOW_TURNED))
        out.add(VICTIM, VICTIM_PORT, ipfix(VICTIM_DOMAIN, sets, (1 << 31) + chosen.getrandbits(30)))


def ports(out):
    """60,000 ports of the victim's address, each an exporter with a template and data."""
    for n in range(60_000):
        if 1024 + n == VICTIM_PORT:
            continue
        sets = a_set(2, wire.template(VICTIM_TEMPLATE, FLOW_TURNED if n % 2 else FLOW)) + a_set(VICTIM_TEMPLATE, FORGED_FLOW)
        out.add(VICTIM, 1024 + n, ipfix(VICTIM_DOMAIN, sets, n % 16))


def domains(out, source=ATTACKER):
    """65,536 domains, with a template each that is another one every time."""
    for length in (4, 8):
        for domain in range(65536):
            out.add(source, ATTACKER_PORT, ipfix(domain, a_set(2, wire.template(256, ((1, length),)))))


def victims_domains(out):
    """The same in the victim's name."""
    domains(out, VICTIM)


def small_changes(out):
    """1,000 templates in each of 1,024 sessions, and then ever another one in each."""
    def templates(first, count, length):
        return a_set(2, b"".join(struct.pack("!HHHH", 256 + n, 1, 1 + n % 400, length) for n in range(first, first + count)))
    for session in range(1024):
        for first in range(0, 1000, 125):
            out.add(ATTACKER + session % 16, ATTACKER_PORT, ipfix(session // 16, templates(first, 125, 4)))
    for change in range(300):
        for session in range(1024):
            out.add(ATTACKER + session % 16, ATTACKER_PORT, ipfix(session // 16, templates(change, 1, 8)))


def good_data(out, numbers=range(SOURCES)):
    """65,536 forged exporters with a template and data, in turns."""
    payload = ipfix(1, a_set(2, wire.template(300, FLOW)) + a_set(300, FORGED_FLOW))
    for n in numbers:
        out.add(forged(n), 5000, payload)


def proven(out):
    """The same, but 8,192 at a time, each for as long as it takes to be taken for an exporter that lasts."""
    for block in range(0, SOURCES, 8192):
        for _ in range(24):
            good_data(out, range(block, block + 8192))


def early(out):
    """Sets of one byte, of templates that never come: of ever other ids, in many sessions."""
    most = (FULL - 16) // 5
    for n in range(60_000):
        first = 256 + n // 4096 * most
        out.add(ATTACKER + n % 16, ATTACKER_PORT, ipfix(n % 4096, b"".join(struct.pack("!HHB", first + i, 5, 1) for i in range(most))))


def rates(out):
    """8,192 sampling rates in each of 3,000 domains."""
    announce = a_set(3, wire.options_template(400, ((302, 3),), ((34, 1),)))
    most = (FULL - 20) // 4
    sets = [a_set(400, b"".join(struct.pack("!I", n + 1 << 8 | 7) for n in range(low, min(8192, low + most)))) for low in range(0, 8192, most)]
    for domain in range(3000):
        out.add(ATTACKER, ATTACKER_PORT, ipfix(domain, announce))
        for body in sets:
            out.add(ATTACKER, ATTACKER_PORT, ipfix(domain, body))


def names(out):
    """Names of interfaces, 240 bytes each, 2,048 in each of 125 domains, then others in their place."""
    announce = a_set(3, wire.options_template(400, ((10, 4),), ((82, 240),)))
    for letter in b"ab":
        for domain in range(125):
            if letter == ord("a"):
                out.add(ATTACKER, ATTACKER_PORT, ipfix(domain, announce))
            for low in range(0, 2048, 5):
                body = b"".join(struct.pack("!I", n + 1) + (b"%c%d-%d" % (letter, domain, n)).ljust(240, b"x") for n in range(low, low + 5))
                out.add(ATTACKER, ATTACKER_PORT, ipfix(domain, a_set(400, body)))


def community(out):
    """Records of 86 communities, all for one column."""
    out.add(ATTACKER, ATTACKER_PORT, ipfix(1, a_set(2, wire.template(300, ((483, 4),) * 86))))
    data = ipfix(1, a_set(300, wire.fill(16, b"\xff" * (4 * 86))))
    for _ in range(5000):
        out.add(ATTACKER, ATTACKER_PORT, data)


def long_text(out):
    """User names of 60,000 control characters, each of which is escaped to four."""
    out.add(ATTACKER, ATTACKER_PORT, ipfix(1, a_set(2, wire.template(300, FLOW + ((371, 65535),)))))
    for n in range(500):
        text = struct.pack("!I", n) + b"\1" * 59_996
        out.add(ATTACKER, ATTACKER_PORT, ipfix(1, a_set(300, FORGED_FLOW + wire.variable(text))))


def other_elements(out):
    """512 elements of one byte without a column, kept as JSON."""
    out.add(ATTACKER, ATTACKER_PORT, ipfix(1, a_set(2, wire.template(300, tuple((30000 + n // 4, 1, 4294967295) for n in range(512))))))
    data = ipfix(1, a_set(300, wire.fill(16, b"\xff" * 512)))
    for _ in range(5000):
        out.add(ATTACKER, ATTACKER_PORT, data)


def short_records(out):
    """Records of three bytes, a protocol and a port, no two alike in a row: 484 flows a datagram."""
    out.add(ATTACKER, ATTACKER_PORT, ipfix(1, a_set(2, wire.template(300, ((4, 1), (7, 2))))))
    chosen = random.Random(7)
    for _ in range(5000):
        out.add(ATTACKER, ATTACKER_PORT, ipfix(1, a_set(300, chosen.randbytes(3 * 484))))


def variable_lengths(out):
    """Records of 360 fields of variable length, all of them empty."""
    out.add(ATTACKER, ATTACKER_PORT, ipfix(1, a_set(2, wire.template(300, ((371, 65535),) * 360))))
    data = ipfix(1, a_set(300, wire.fill(16, bytes(360))))
    for _ in range(5000):
        out.add(ATTACKER, ATTACKER_PORT, data)


def lists(out):
    """Lists in lists (RFC 6313): one that is as deep as fits, and one of many that are empty."""
    out.add(ATTACKER, ATTACKER_PORT, ipfix(1, a_set(2, wire.template(300, FLOW + ((291, 65535),)))))
    head = struct.pack("!BHH", 255, 291, 65535)  # semantic, element, length: a list of lists
    deep = head
    while len(deep) < 1380:
        deep = head + wire.variable(deep)
    wide = head + wire.variable(head) * 200
    for n in range(5000):
        out.add(ATTACKER, ATTACKER_PORT, ipfix(1, a_set(300, FORGED_FLOW + wire.variable(wide if n % 2 else deep))))


def sflow(out):
    """Agents, sub-agents and data sources, all of them new: flow samples and counter samples without a record."""
    chosen = random.Random(7)
    for n in range(40_000):
        samples = b""
        for _ in range(16):
            source = chosen.getrandbits(24)
            samples += struct.pack("!II8I", 1, 32, 1, source, 512, 1000, chosen.getrandbits(20), 1, 2, 0) + struct.pack("!II3I", 2, 12, 1, source, 0)
        out.add(ATTACKER + n % 16, ATTACKER_PORT, wire.sflow(0x0A000000 + n, n % 7, samples, n, 32))


def engines(out):
    """NetFlow v5 from all engines of one exporter, with any numbers."""
    chosen = random.Random(7)
    for engine in range(65536):
        out.add(ATTACKER, ATTACKER_PORT, wire.netflow_v5(engine, 1, chosen.getrandbits(32), chosen.getrandbits(31)))


def clocks(out):
    """One source id of one exporter, with another uptime, number and layout in each message, and data."""
    chosen = random.Random(7)
    for n in range(40_000):
        sets = a_set(0, wire.template(300, FLOW_TURNED if n % 2 else FLOW)) + a_set(300, FORGED_FLOW)
        out.add(ATTACKER, ATTACKER_PORT, wire.netflow_v9(1, sets, 2, chosen.getrandbits(32), chosen.getrandbits(32)))


SPREAD = ("--threads", "2", "--spread", "datagram")
ALL = (
    Attack("none", "the victim alone"),
    Attack("junk", "4 bytes of nothing from 65,536 addresses", junk),
    Attack("headers", "headers without content from 65,536 addresses", headers),
    Attack("cut sets", "messages cut anywhere, lengths that lie", cut_sets),
    Attack("template flood", "small templates in one session", template_flood),
    Attack("template sessions", "long templates, all different, in 60,000 sessions", template_sessions),
    Attack("withdrawals", "of the victim's templates, in its name", withdrawals),
    Attack("conflicts", "other layouts for the victim's template from its address", conflicts, rows=True),
    Attack("impostor", "the same from its own port, with other numbers", impostor),
    Attack("ports", "exporters at 60,000 ports of the victim's address", ports, rows=True),
    Attack("domains", "65,536 domains of one exporter", domains),
    Attack("victim's domains", "65,536 domains of the victim's address", victims_domains),
    Attack("good data", "65,536 forged exporters with a template and data", good_data, rows=True),
    Attack("proven", "the same, each for some seconds in a row", proven, rows=True),
    Attack("small changes", "one of 1,000 templates in each of 1,024 sessions", small_changes),
    Attack("early", "sets of one byte without a template", early),
    Attack("rates", "8,192 rates in each of 3,000 domains", rates),
    Attack("names", "256,000 names of interfaces, 240 bytes each", names),
    Attack("community", "86 communities a record", community, rows=True),
    Attack("long text", "user names of 60,000 control characters", long_text, rows=True),
    Attack("other elements", "512 unknown elements a record, with --other", other_elements, arguments=("--other",), rows=True),
    Attack("short records", "484 flows a datagram", short_records, rows=True),
    Attack("variable lengths", "360 empty fields a record", variable_lengths, rows=True),
    Attack("lists", "lists in lists, deep and wide, with --other", lists, arguments=("--other",), rows=True),
    Attack("sflow", "agents, sub-agents and data sources without end", sflow, rows=True),
    Attack("engines", "NetFlow v5 of 65,536 engines", engines, rows=True),
    Attack("clocks", "other uptimes, numbers and layouts in one source id", clocks, rows=True),
    Attack("domains, spread", "as above, two threads share each exporter", domains, arguments=SPREAD),
    Attack("ports, spread", "as above, two threads share each exporter", ports, arguments=SPREAD, rows=True),
    Attack("stop", "the end amid a flood of templates", template_flood, stop_under_load=True),
    Attack("redis drips", "a Redis that answers one byte a second", redis_drips=True),
)
