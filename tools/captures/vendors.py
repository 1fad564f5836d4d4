"""What vendors do in their own way."""

from captures.case import Case, at, record
from captures.wire import data, ip, ipfix, netflow_v9, raw, template, template_v9, text, u16, u32, variable

PLAIN = "8/4 12/4 7/2 11/2 4/1"
ROW = dict(src_addr="192.0.2.10", dst_addr="198.51.100.20", src_port=49152, dst_port=443, proto=6)


def v9(name, about, source, spec, row, given=None, note=""):
    return Case(name, about, source, note).send(netflow_v9(template_v9(256, spec), data(256, record(spec, row, given))), row)


def v10(name, about, source, spec, row, given=None, note=""):
    return Case(name, about, source, note).send(ipfix(template(256, spec), data(256, record(spec, row, given))), row)


def cases():
    spec = ("148/4 " + PLAIN + " 225/4 226/4 227/2 228/2 233/1 33002/2 323/8 152/8 231/4 232/4 298/4 299/4 33000/12 33001/12 40000/20")
    row = {**ROW, **dict(flow_id=9, post_nat_src_addr="203.0.113.9", post_nat_dst_addr="198.51.100.20", post_nat_src_port=1024,
                         post_nat_dst_port=443, firewall_event=2, firewall_ext_event=2018, time_flow_end=at(1.024), time_flow_start=at(0),
                         bytes=100, reverse_bytes=2000, packets=3, reverse_packets=4, ingress_acl="0f8e7ff3-fc1a030f-00000000",
                         egress_acl="00000000-00000000-00000000", user_name="alice")}
    acls = {"33000": raw("0f8e7ff3fc1a030f00000000"), "33001": bytes(12)}
    yield v9("vendor-cisco-asa-teardown", "Cisco ASA (NSEL): a connection is torn down; access lists, user, translation, both directions.",
             "Cisco, ASA NetFlow Implementation Guide: elements 33000 to 33002, 40000, 231, 232", spec, row, acls)

    spec = PLAIN + " 40005/1 40001/4 40003/2 323/8"
    row = {**ROW, **dict(firewall_event=3, post_nat_src_addr="203.0.113.9", post_nat_src_port=1024, time_flow_end=at(-1))}
    yield v9("vendor-cisco-asa-old-elements", "Cisco ASA 8.2: events and translated addresses under 40001 to 40005.",
             "Cisco, ASA 8.2 NetFlow Implementation Guide", spec, row,
             {"40005": b"\x03", "40001": ip("203.0.113.9"), "40003": u16(1024)})

    spec = PLAIN + " 95/4 195/1 1/4 2/4"
    row = {**ROW, **dict(application_id="13:452", ip_tos=184, bytes=1000, packets=5)}
    yield v9("vendor-cisco-nbar", "Cisco NBAR: application id of engine 13 and selector 452; only the DSCP of the type of service.",
             "RFC 6759 section 4; IANA element 195", spec, row, {"95": raw("0d0001c4")})

    spec = PLAIN + " 95/9 1/4"
    row = {**ROW, **dict(application_id="20:12356:15921", bytes=1000)}
    yield v9("vendor-fortigate-application",
             "FortiGate: application id of engine 20, whose selector begins with the number of the enterprise.",
             "RFC 6759 section 4.1; elastiflow issue 100", spec, row, {"95": raw("14 00003044 00003e31")})

    spec = PLAIN + " 2636.137/2 2636.137/2 1/4"
    row = {**ROW, **dict(forwarding_status=128, bytes=1000)}
    yield v10("vendor-juniper-exception",
              "Juniper, inline monitoring: properties of the packet under one element; the second one says that it was dropped.",
              "Juniper, primary-data-record-fields; akvorado pull request 2227", spec, row, {"2636.137": [raw("0405"), raw("0842")]})

    spec = PLAIN + " 10/4 82/v 14/4 82/v 6876.893/4 6876.894/4 6876.895/1 6876.896/2 6876.897/2 6876.891/1 6876.892/v 1/8"
    row = {**ROW, **dict(in_if=3, in_if_name="tap1", out_if=4, out_if_name="vx0", tunnel_src_addr="203.0.113.1",
                         tunnel_dst_addr="203.0.113.2", tunnel_type="vxlan", tunnel_id=5001, bytes=1000,
                         other={"tunnelProtocolIdentifier": 17, "tunnelSourceTransportPort": 40000, "tunnelDestinationTransportPort": 4789})}
    yield v10("vendor-openvswitch-tunnel",
              "Open vSwitch: names of both interfaces under one element, and the tunnel that the packet goes into.",
              "Open vSwitch, ofproto/ofproto-dpif-ipfix.c; VMware elements 891 to 897", spec, row,
              {"82": [b"tap1", b"vx0"], "6876.893": ip("203.0.113.1"), "6876.894": ip("203.0.113.2"), "6876.895": b"\x11",
               "6876.896": u16(40000), "6876.897": u16(4789), "6876.891": b"\x01", "6876.892": raw("001389")})

    spec = "27/16 28/16 4/1 7/2 11/2 8/4 12/4 4/1 7/2 11/2 1/8 2/8"
    row = dict(src_addr="2001:db8::1", dst_addr="2001:db8::2", proto=4, src_port=0, dst_port=0, inner_src_addr="10.0.0.1",
               inner_dst_addr="10.0.0.2",
               inner_proto=17, inner_src_port=1111, inner_dst_port=2222, bytes=500, packets=5)
    yield v10("vendor-cisco-srv6", "Cisco IOS XR, SRv6: protocol and ports twice in a template, the outer packet first; IPv4 in IPv6.",
              "Cisco, NetFlow for SRv6 services; NetGauze test data (srv6)", spec, row,
              {"4": [b"\x04", b"\x11"], "7": [u16(0), u16(1111)], "11": [u16(0), u16(2222)], "8": ip("10.0.0.1"), "12": ip("10.0.0.2")})

    spec = "27/16 28/16 8/4 12/4 4/1 7/2 11/2 1/4 2/4"
    row = {**ROW, **dict(bytes=99, packets=1)}
    yield v9("vendor-both-families-in-a-template",
             "Exporters with one template for IPv4 and IPv6: the fields of the other family are zero.",
             "nProbe and others; ntop, nProbe documentation, templates", spec, row, {"27": bytes(16), "28": bytes(16)})

    spec = PLAIN + " 56701/32 56702/64 1/4"
    row = {**ROW, **dict(application_name="kerberos", user_name="example\\alice", bytes=77)}
    yield v9("vendor-palo-alto", "Palo Alto: App-ID and User-ID as texts under 56701 and 56702.",
             "Palo Alto Networks, NetFlow Templates (PAN-OS)", spec, row)

    spec = PLAIN + " 5951.130/v 5951.141/v 5951.142/v 5951.143/v 5951.144/2 1/8"
    row = {**ROW, **dict(url="/a/b?c=d", http_method="GET", http_host="example.org", http_user_agent="curl/8.5", http_status=200,
                         bytes=700)}
    yield v10("vendor-netscaler", "Citrix NetScaler AppFlow: request and response of HTTP under enterprise 5951.",
              "Citrix, AppFlow; Wireshark, packet-netflow.c (Netscaler)", spec, row)

    spec = PLAIN + " 6871.33/2 1/8"
    row = {**ROW, **dict(application_id="yaf:53", bytes=7)}
    yield v10("vendor-yaf-application-label", "YAF: silkAppLabel under enterprise 6871.", "CERT, YAF documentation, yaf(1): silkAppLabel",
              spec, row, {"6871.33": u16(53)})

    spec = PLAIN + " 35632.118/2 35632.119/16 35632.180/32 35632.187/32 35632.181/2"
    row = {**ROW, **dict(application_id="ndpi:37", application_name="HTTP", url="/x?y", http_host="example.org", http_status=404)}
    yield v10("vendor-nprobe-ipfix", "nProbe, IPFIX: nDPI protocol, its name and HTTP under enterprise 35632.",
              "ntop, nProbe documentation, flow information elements", spec, row, {"35632.118": u16(37)})

    spec = PLAIN + " 57590/2 57591/16 57652/16 57659/16 57653/2"
    row = {**ROW, **dict(application_id="ndpi:37", application_name="HTTP", url="/x?y", http_host="example.org", http_status=404)}
    yield v9("vendor-nprobe-v9", "nProbe, NetFlow v9: the same under types from 57472 on.",
             "ntop, nProbe documentation: NetFlow v9 types are 57472 + element", spec, row,
             {"57590": u16(37), "57591": text("HTTP", 16), "57652": text("/x?y", 16), "57659": text("example.org", 16), "57653": u16(404)})

    spec = "8/4 12/4 4/1 7/2 11/2 6876.880/1 6876.881/4 6876.882/4 6876.886/2 6876.887/2 351/8 1/8"
    row = dict(src_addr="192.0.2.1", dst_addr="192.0.2.2", proto=17, src_port=50000, dst_port=4789, inner_proto=6,
               inner_src_addr="10.0.0.1",
               inner_dst_addr="10.0.0.2", inner_src_port=49152, inner_dst_port=443, tunnel_type="vxlan", tunnel_id=70000, bytes=1500,
               inner_etype=None)
    yield v10("vendor-vmware-tenant", "VMware: the tenant's packet under enterprise 6876 and its VXLAN as layer2SegmentId.",
              "VMware, IPFIX of distributed switches; IANA element 351", spec, row, {"351": raw("01 00000000 011170")})

    spec = PLAIN + " 3054.110/4 3054.111/v 3054.176/8 3054.177/8 1/8 2/8"
    row = {**ROW, **dict(application_name="netflix", reverse_bytes=5000, reverse_packets=50, bytes=100, packets=1)}
    yield v10("vendor-ixia", "Ixia: application and reverse counters under enterprise 3054.",
              "Ixia, IxFlow; Wireshark, packet-netflow.c (IXIA)", spec,
              {**row, "other": {"ixiaL7ApplicationID": 5}}, {"3054.110": u32(5)})

    spec = PLAIN + " 90/8 234/4 235/4 1/4"
    row = {**ROW, **dict(mpls_vpn_rd="65000:100", ingress_vrf_id=2, egress_vrf_id=3, bytes=12)}
    yield v9("vendor-route-distinguisher", "Cisco, Nokia: the route distinguisher of the VPN, of type 0.",
             "RFC 4364 section 4.2; IANA element 90", spec, row, {"90": raw("0000fde800000064")})

    spec = "8/4 12/4 7/2 11/2 4/1 89/4 1/4"
    row = {**ROW, **dict(forwarding_status=66, bytes=5)}
    yield v10("vendor-forwarding-status-of-four-bytes", "Cisco IOS XR: forwardingStatus in four bytes: forwarded, not fragmented.",
              "RFC 7270 section 4.12; IANA element 89", spec, row, {"89": u32(66)})

    spec = PLAIN + " 136/1 58/2 243/2 254/2 245/2 244/1 1/8 2/8 14/4 10/4"
    row = {**ROW, **dict(flow_end_reason=2, vlan_id=100, dst_vlan=200, customer_vlan_id=7, vlan_priority=5, bytes=9, packets=1, out_if=0,
                         in_if=12)}
    yield v10("vendor-vlan-elements-of-both-kinds", "Juniper: vlanId and the 802.1Q elements in one template.",
              "Juniper, IPFIX flow templates; IANA elements 58, 243 to 245, 254", spec,
              row)

    spec = "8/4 12/4 4/1 7/2 11/2 96/v 459/v 460/v 461/v 457/2 468/v"
    row = {**ROW, **dict(application_name="http", http_method="POST", http_host="example.org", url="/form", http_status=201,
                         http_user_agent="agent/1.0")}
    yield v10("vendor-http-elements", "IPFIX elements of HTTP (457 to 468), as YAF and VMware send them.",
              "IANA IPFIX registry, elements 457 to 468", spec, row)
