"""Filters in nfdump's language, for test_nfdump_filters.py: what nfdump 1.7.1 takes, and beside it how 1.8 or weir writes the same."""

import dataclasses
import re


@dataclasses.dataclass
class Row:
    theirs: str
    ours: str
    reason: str = None  # why the answers differ


COMPARISONS = ("", "= ", "== ", "eq ", "> ", "gt ", "< ", "lt ", ">= ", "ge ", "<= ", "le ")

SAME = """
any
ipv4
ipv6
inet
inet6
not ipv4
proto tcp
proto udp
proto icmp
proto icmp6
proto gre
proto sctp
proto ax.25 or proto idrp or proto mobil or proto iplt or proto tcp
proto 6
proto 0x11
PROTO TCP
not proto tcp
! proto udp
proto tcp or proto udp
proto tcp || proto gre
proto tcp and src port 443
proto tcp && dst port 80
not ( proto tcp or proto udp )
proto tcp and ( port 80 or port 443 ) and not src net 10.0.0.0/8
port 80 or port 53 and proto tcp
ip 10.0.0.1
src ip 10.0.0.1
dst ip 198.18.0.5
host 10.0.0.2
src host 10.1.2.3
ip 2001:db8::1
src ip 2001:db8::2
dst host 198.18.0.9
src ip fe80::1
ip 203.0.113.1
ip in [10.0.0.1 10.0.0.2]
src ip in [10.0.0.1, 192.0.2.7]
dst ip in [198.18.0.0/25]
src ip in [10.0.0.0/24 172.16.0.0/12]
host in [10.0.0.1]
ip in [2001:db8::/64 10.0.0.1]
not ip in [10.0.0.1 10.0.0.2]
net 10.0.0.0/8
src net 10.0.0.0/24
src net 172.16.0.0/12
src net 172.16/12
net 10.0.0.0 255.0.0.0
src net 10.1.0.0 255.255.0.0
dst net 198.18.0.0/26
net 2001:db8::/48
src net 2001:db8:1::/48
src net fe80::/10
not net 10.0.0.0/8
port 80
src port 443
dst port 53
port 0x50
port in [80 443]
src port in [ 22, 53 ]
dst port in [1024 8080 50000]
not port in [80]
src or dst port 80
dst or src port 22
src and dst port 80
dst and src port 443
src or dst ip 10.0.0.1
src and dst as 64500
src or dst net 10.0.0.0/8
flags S
flags A
flags SA
flags FSPA
flags R
flags U
flags X
flags S and not flags A
flags S and not flags AFRPU
not flags S
not flags SA
not flags AFRPU
not ( flags SA )
proto tcp and not flags SF
tos 184
src tos 8
dst tos 8
dst tos 184
flowdir ingress
flowdir egress
flowdir 0
flowdir 1
if 3
in if 1
out if 2
in if 70000
not in if 3
as 64500
src as 65536
dst as 4200000000
src as in [64500 65536]
as in [64501,4200000000]
dst as in [ 64500 ]
prev as 64500
next as 65536
next as 4200000000
mask 24
src mask 8
dst mask 16
src mask 32
vlan 10
src vlan 100
dst vlan 4095
src vlan 10 and dst vlan 10
next ip 192.0.2.1
next ip 2001:db8:2::2
bgpnext ip 192.0.2.3
bgpnext ip 2001:db8:2::1
router ip 127.0.0.1
fwdstat 64
fwdstat Forw
fwdstat Noroute
fwdstat 131
fwdstat Frag
engine-type 2
engine-id 3
engine-id 2
mac 02:00:00:00:00:01
in mac 02:00:00:00:00:02
out mac 02:00:00:00:00:03
src mac 02:00:00:00:00:01
dst mac 02:00:00:00:00:02
in src mac 02:00:00:00:00:03
in dst mac 02:00:00:00:00:04
out src mac 02:00:00:00:00:01
out dst mac 02:00:00:00:00:02
not mac 02:00:00:00:00:03
mpls label1 16
mpls label2 1000
mpls label10 1048575
mpls any 16
ingress vrf 5
egress vrf 5
ingress vrf 1
egress vrf 2
observation domain id 515
icmp-type 8
icmp-type 0
icmp-type 3
icmp-type 11
icmp-code 1
icmp-code 0
asa event create
asa event delete
asa event deny
asa event term
asa event 5
asa event 3
asa event denied ingress
asa event denied egress
asa event denied interface
asa event denied nosyn
asa xevent 1001
asa xevent 2030
ingress ACL 5
ingress ACL 6
ingress ACL 7
ingress ACE 6
ingress XACE 7
ingress ACL 0xdeadbeef
ingress acl > 7
xip 203.0.113.1
src xip 203.0.113.2
dst xip 192.0.2.9
xnet 203.0.113.0/24
src xnet 203.0.113.0/31
dst xnet 192.0.2.0/24
xport 80
src xport 443
dst xport 53
nip 203.0.113.1
src nip 203.0.113.1
dst nip 203.0.113.2
nport 443
src nport 22
dst nport 8080
nat event add
nat event delete
nat event 4
nat event 16
pblock start 1024
pblock end 2047
pblock step 8
pblock size 64
port in pblock
src port in pblock
dst port in pblock
@include DIR/web.nf
proto tcp and @include DIR/web.nf
proto tcp # and nothing else
bytes 64
packets 1
in packets 10
in bytes > 100k
bytes > 1m
bytes > 1M
packets > 1k
bytes < 2g
bytes < 1t
not bytes > 1k
proto tcp and bytes > 10k and bytes < 1g
duration > 59999 and proto udp
"""

# Each with every comparator.
COMPARED = (
    "port {}443", "src port {}1024", "dst port {}53", "packets {}10", "bytes {}64000", "out packets {}5", "out bytes {}500", "flows {}3",
    "duration {}250", "pps {}40", "bps {}5k", "bpp {}64", "src as {}64501", "asa event {}2", "nat event {}4", "mpls label1 {}16",
    "egress vrf {}2",
)

# nfdump 1.7.1, and how later versions or weir write it.
SPELLED = (
    ("proto tcp", "proto = tcp"), ("proto tcp", "proto != udp and proto != gre and proto != sctp and proto < 20 and proto > 1"),
    ("src nip 203.0.113.1", "src nat ip 203.0.113.1"), ("dst xnet 192.0.2.0/24", "dst nat net 192.0.2.0/24"),
    ("nport 443", "nat port 443"), ("src nport 22", "src xlate port 22"), ("pblock start 1024", "nat pblock start 1024"),
    ("src port in pblock", "src port in nat pblock"), ("bgpnext ip 192.0.2.3", "bgp next ip 192.0.2.3"),
    ("router ip 127.0.0.1", "exporter ip 127.0.0.1"), ("engine-id 3", "engine id 3"), ("icmp-type 8", "icmp type 8"),
    ("asa event denied ingress", "asa denied ingress"), ("src port 443", "src port https"), ("dst port 53", "dst_port = domain"),
    ("src net 10.0.0.0/8", "src_addr in [10/8]"), ("vlan 10", "src_vlan 10 or dst_vlan 10"), ("if 3", "in_if = 3 or out_if = 3"),
    ("flags S and not flags AFRPU", "flags = S"), ("nat event 16", "nat event ADDPBLK"),
)

# What nfdump keeps 0 for, where nothing was sent, is null here: a condition on it is false.
NULL = "nothing was sent: null here, 0 in nfdump"
REASONS = (
    (r"(src port|packets|bytes|out packets|out bytes|duration|pps|bps|bpp|src as|mpls label1|egress vrf) (<|lt|<=|le) .*", NULL),
    (r"flowdir (0|ingress)", NULL),
    (r"(dst )?port (<|lt|<=|le|>|gt|>=|ge) .*", "nfdump keeps ICMP's type and code as destination port, but has none for ICMPv6"),
    (r"icmp-(type|code) 0", "nfdump 1.7.1 does not see the type of ICMPv6 in the destination port"),
    (r"asa event (create|delete|term|5|[=<>a-z]* ?2)", "nfdump has one field for events of firewalls and of NAT"),
    (r"nat event (add|delete|([<>]=?|gt|ge|lt|le) 4)", "nfdump has one field for events of firewalls and of NAT"),
    (r"(src |dst )?port in pblock", "nfdump 1.7.1 compares the ports of all records, with whatever they have in that place"),
    (r"fwdstat (Forw|Frag|Noroute)", "nfdump 1.7.1 has the wrong numbers for the names: it counts them, but RFC 7270 does not"),
    (r"mpls any 16", "nfdump 1.7.1 compares with the label and the bits behind it, and finds none"),
    (r"ingress ACL [67]", "nfdump 1.7.1 looks at the first of the three ids, later versions at all of them"),
    (r"observation domain id 515", "nfdump 1.7.1 takes it of element 149 only, weir of the header, too"),
    (r"not \( ?flags SA ?\)", "a negation here, in nfdump that none of the flags is set; both take 'not flags SA' for that"),
)

NO_DATA = (
    ("ident here", "ask with 'exporter ip'"),
    ("count > 5", "a number that it gives each record"),
    ("sysid 1", "ask with 'exporter ip'"),
    ("exporter id 1", "observation domain id"),
    ("src geo CH", "have no countries"),
    ("client latency > 5", "have no latencies"),
    ("mpls exp1 > 0", "the labels only"),
    ("mpls eos 1", "the labels only"),
    ("payload content 'x'", "have no payload"),
    ("payload ja3 defined", "have no payload"),
    ("pf rule 5", "OpenBSD"),
    ("ip tor", "exit nodes"),
    ("in if description 'x'", "not their descriptions"),
)


def rows():
    pairs = [(line, line) for line in SAME.strip().splitlines()]
    pairs += [(text.format(comparison),) * 2 for text in COMPARED for comparison in COMPARISONS]
    pairs += SPELLED
    return [Row(theirs, ours, next((reason for pattern, reason in REASONS if re.fullmatch(pattern, theirs)), None)) for theirs, ours in pairs]
