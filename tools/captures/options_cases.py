"""What options records tell: sampling rates of each scope, names, and when the exporter started."""

from captures.case import Case, at, record
from captures.wire import data, ipfix, netflow_v9, options, options_v9, raw, template, template_v9, text, u16, u32, u64

FLOW = "8/4 12/4 10/4 14/4 1/4 2/4"


def flow(**columns):
    return {**dict(src_addr="192.0.2.10", dst_addr="198.51.100.20", in_if=3, out_if=4, bytes=1500, packets=2), **columns}


def flows(*rows, spec=FLOW, number=256):
    return data(number, *(record(spec, row) for row in rows))



def cases():
    yield from v9_rates()
    yield from ipfix_rates()
    yield from names()
    yield from system()


def v9_rates():
    rate = dict(sampling_rate=512)
    one = Case("options-v9-sampling-of-the-system", "NetFlow v9: scope system, SAMPLING_INTERVAL 512, SAMPLING_ALGORITHM 2 (random).",
               "RFC 3954 section 8, types 34 and 35; RFC 3954 section 6.1, scope 1")
    yield (one.send(netflow_v9(options_v9(300, "1/4", "34/4 35/1"), data(300, u32(0xC0000201, 512) + b"\x02"), template_v9(256, FLOW),
                               flows(flow())),
                    flow(**rate)).counts(option_records=1))

    spec = FLOW + " 48/1"
    rows = [flow(selector_id=1, sampling_rate=100), flow(selector_id=2, sampling_rate=1000), flow(selector_id=3)]
    table = data(300, *(u32(0xC0000201) + bytes([sampler, 2]) + u32(interval) for sampler, interval in ((1, 100), (2, 1000))))
    one = Case("options-v9-sampling-by-sampler",
               "NetFlow v9: FLOW_SAMPLER_ID of two samplers with their FLOW_SAMPLER_RANDOM_INTERVAL; flows name "
               "theirs, one a sampler that was not announced.", "RFC 3954 section 8, types 48 to 50; Cisco, Random Sampled NetFlow")
    yield (one.send(netflow_v9(options_v9(300, "1/4", "48/1 49/1 50/4"), table, template_v9(256, spec), flows(*rows, spec=spec)), *rows)
           .counts(option_records=2))

    rows = [flow(in_if=7, sampling_rate=64), flow(in_if=8, out_if=9)]
    one = Case("options-v9-sampling-of-an-interface", "NetFlow v9: scope interface 7: its flows are sampled 1 in 64, others are not told.",
               "RFC 3954 section 6.1, scope 2")
    yield (one.send(netflow_v9(options_v9(300, "2/4", "34/4 35/1"), data(300, u32(7, 64) + b"\x01"), template_v9(256, FLOW), flows(*rows)),
                    *rows)
           .counts(option_records=1))

    one = Case("options-v9-sampling-of-interface-0", "NetFlow v9: softflowd announces its rate for interface 0 and means the whole device.",
               "softflowd, netflow9.c: the option's scope is the interface")
    yield (one.send(netflow_v9(options_v9(300, "2/4", "34/4 35/1"), data(300, u32(0, 100) + b"\x01"), template_v9(256, FLOW),
                               flows(flow())),
                    flow(sampling_rate=100)).counts(option_records=1))

    rows = [flow(sampling_rate=50), flow()]
    one = Case("options-v9-sampling-of-a-template",
               "NetFlow v9: scope template 256: flows of template 256 are sampled 1 in 50, those of 257 are not told.",
               "RFC 3954 section 6.1, scope 5")
    yield (one.send(netflow_v9(options_v9(300, "5/2", "34/4"), data(300, u16(256) + u32(50)), template_v9(256, FLOW),
                               template_v9(257, FLOW),
                               flows(rows[0]), flows(rows[1], number=257)), *rows).counts(option_records=1))

    one = Case("options-v9-sampling-under-another-source-id",
               "NetFlow v9: the sampler table comes under source id 6, flows under 256, as IOS XE does it.",
               "Cisco IOS XE, option sampler-table; Flexible NetFlow Configuration Guide")
    spec = FLOW + " 48/1"
    row = flow(selector_id=1, sampling_rate=1000)
    yield (one.send(netflow_v9(options_v9(300, "1/4", "48/1 50/4"), data(300, u32(1) + b"\x01" + u32(1000)), domain=6))
           .send(netflow_v9(template_v9(256, spec), flows(row, spec=spec), domain=256), row).counts(option_records=1))


def ipfix_rates():
    one = Case("options-ipfix-sampling-of-the-domain", "IPFIX: scope observationDomainId, samplingInterval 1000.",
               "IANA IPFIX registry, elements 34 and 149")
    yield (one.send(ipfix(options(300, "149/4", "34/4 35/1"), data(300, u32(5, 1000) + b"\x02"), template(256, FLOW), flows(flow()),
                          domain=5),
                    flow(sampling_rate=1000)).counts(option_records=1))

    spec = FLOW + " 302/8"
    rows = [flow(selector_id=1, sampling_rate=30), flow(selector_id=2, sampling_rate=10)]
    one = Case("options-ipfix-systematic-sampling", "IPFIX: selectors 1 and 2 take 1 packet and leave 29, take 10 and leave 90.",
               "RFC 5477 section 8.2.1 (samplingPacketInterval, samplingPacketSpace)")
    table = data(300, *(u64(s) + u16(1) + u32(take, leave) for s, take, leave in ((1, 1, 29), (2, 10, 90))))
    yield (one.send(ipfix(options(300, "302/8", "304/2 305/4 306/4"), table, template(256, spec), flows(*rows, spec=spec)), *rows)
           .counts(option_records=2))

    row = flow(selector_id=7, sampling_rate=2000)
    one = Case("options-ipfix-random-sampling", "IPFIX: selector 7 takes 1 packet out of 2000 at random (selectorAlgorithm 3).",
               "RFC 5477 sections 8.1.2 and 8.2.3 (samplingSize, samplingPopulation)")
    yield (one.send(ipfix(options(300, "302/8", "304/2 309/4 310/4"), data(300, u64(7) + u16(3) + u32(1, 2000)), template(256, spec),
                          flows(row, spec=spec)), row).counts(option_records=1))

    rows = [flow(in_if=9, sampling_rate=256), flow(in_if=1, out_if=2)]
    one = Case("options-ipfix-sampling-of-an-interface", "IPFIX: scope ingressInterface 9 is sampled 1 in 256.",
               "RFC 7011 section 3.4.2.1; element 10 as scope")
    yield (one.send(ipfix(options(300, "10/4", "34/4"), data(300, u32(9, 256)), template(256, FLOW), flows(*rows)),
                    *rows).counts(option_records=1))

    rows = [flow(sampling_rate=50), flow()]
    one = Case("options-ipfix-sampling-of-a-template", "IPFIX: scope templateId 256 is sampled 1 in 50, 257 is not told.",
               "IANA IPFIX registry, element 145")
    yield (one.send(ipfix(options(300, "145/2", "34/4"), data(300, u16(256) + u32(50)), template(256, FLOW), template(257, FLOW),
                          flows(rows[0]),
                          flows(rows[1], number=257)), *rows).counts(option_records=1))

    spec = FLOW + " 34/4"
    one = Case("ipfix-sampling-in-the-record", "IPFIX: the flow record itself has samplingInterval, which beats the domain's.",
               "IANA IPFIX registry, element 34; vendors without options records")
    row = flow(sampling_rate=20)
    yield (one.send(ipfix(options(300, "149/4", "34/4"), data(300, u32(0, 1000)), template(256, spec), flows(row, spec=spec)), row)
           .counts(option_records=1))


def names():
    rows = [flow(in_if_name="Gi0/0/3", out_if_name="Gi0/0/4"), flow(in_if=9, out_if=3, out_if_name="Gi0/0/3")]
    one = Case("options-v9-interface-names", "NetFlow v9: scope interface, IF_NAME and IF_DESC of two interfaces.",
               "Cisco, option interface-table; RFC 3954 types 82, 83")
    table = data(300, *(u32(n) + text(f"Gi0/0/{n}", 16) + text(f"to site {n}", 16) for n in (3, 4)))
    yield (one.send(netflow_v9(options_v9(300, "2/4", "82/16 83/16"), table, template_v9(256, FLOW), flows(*rows)),
                    *rows).counts(option_records=2))

    one = Case("options-v9-interface-names-beside-a-system-scope",
               "NetFlow v9: scope system, the interface is a field beside its description.",
               "Cisco ASR 9000: options interface-table; logstash-codec-netflow test data")
    row = flow(in_if=74, out_if=0, in_if_name="TenGigE0_0_1_0")
    yield (one.send(netflow_v9(options_v9(300, "1/4", "10/4 83/16"), data(300, u32(0xC1C4BE43, 74) + text("TenGigE0_0_1_0", 16)),
                               template_v9(256, FLOW),
                               flows(row)), row).counts(option_records=1))

    rows = [flow(in_if_name="eth0", out_if_name="swp4")]
    one = Case("options-ipfix-interface-names", "IPFIX: scope ingressInterface, interfaceName of variable length.",
               "IANA IPFIX registry, elements 10 and 82")
    table = data(300, *(u32(n) + bytes([4]) + name for n, name in ((3, b"eth0"), (4, b"swp4"))))
    yield (one.send(ipfix(options(300, "10/4", "82/v"), table, template(256, FLOW), flows(*rows)), *rows).counts(option_records=2))

    spec = "8/4 12/4 234/4 235/4 1/4"
    row = dict(src_addr="10.0.0.1", dst_addr="10.0.0.2", ingress_vrf_id=0x60000002, egress_vrf_id=0x60000003, bytes=64,
               ingress_vrf_name="blue",
               egress_vrf_name="red")
    table = data(300, u32(0x60000002) + text("blue", 32), u32(0x60000003) + text("red", 32))
    one = Case("options-vrf-names", "IPFIX: scope ingressVRFID, VRFname of two VRFs; a flow goes from one to the other.",
               "Cisco, option vrf-table; elements 234 to 236")
    yield (one.send(ipfix(options(300, "234/4", "236/32"), table, template(256, spec), data(256, record(spec, row))),
                    row).counts(option_records=2))
    one = Case("options-v9-vrf-names", "NetFlow v9: scope system, VRF id and name are fields.", "Cisco, option vrf-table")
    table = data(300, *(u32(0xC0000201) + octets for octets in (u32(0x60000002) + text("blue", 32), u32(0x60000003) + text("red", 32))))
    yield (one.send(netflow_v9(options_v9(300, "1/4", "234/4 236/32"), table, template_v9(256, spec), data(256, record(spec, row))), row)
           .counts(option_records=2))

    spec = "8/4 12/4 95/4 1/4"
    row = dict(src_addr="10.0.0.1", dst_addr="10.0.0.2", bytes=64, application_id="13:452", application_name="skype")
    plain = dict(src_addr="10.0.0.1", dst_addr="10.0.0.2", bytes=65, application_id="3:443")
    table = data(300, raw("0d0001c4") + text("skype", 24) + text("Skype calls", 55))
    sent = data(256, record(spec, row, {"95": raw("0d0001c4")}), record(spec, plain, {"95": raw("030001bb")}))
    one = Case("options-application-names",
               "IPFIX: scope applicationId, its name and description; a flow of an application without a name.",
               "RFC 6759 section 5; Cisco, option application-table")
    yield (one.send(ipfix(options(300, "95/4", "96/24 94/55"), table, template(256, spec), sent), row, plain).counts(option_records=1))
    one = Case("options-v9-application-names", "NetFlow v9: scope system, application id, name and description are fields (NBAR).",
               "Cisco, option application-table")
    table = data(300, u32(0xC0000201) + raw("0d0001c4") + text("skype", 24) + text("Skype calls", 55))
    yield (one.send(netflow_v9(options_v9(300, "1/4", "95/4 96/24 94/55"), table, template_v9(256, spec), sent), row,
                    plain).counts(option_records=1))


def system():
    spec = "8/4 12/4 1/4 22/4 21/4"
    row = dict(src_addr="10.0.0.1", dst_addr="10.0.0.2", bytes=64, time_flow_start=at(-99), time_flow_end=at(-40))
    one = Case("options-ipfix-exporter-start",
               "IPFIX: flows have uptimes; an options record says when the exporter started (systemInitTimeMilliseconds, "
               "100 s before).", "RFC 7011 section 5 and IANA element 160; RFC 5102 section 5.9")
    start = options(300, "144/4", "160/8")
    # An uptime of 100 s at the time of export.
    yield (one.send(ipfix(start, data(300, u32(1) + u64(1_699_999_900_000)), template(256, spec),
                          data(256, record(spec, row, uptime=100_000))), row)
           .counts(option_records=1))

    row = dict(src_addr="10.0.0.1", dst_addr="10.0.0.2", bytes=64)
    one = Case("ipfix-uptime-without-a-start",
               "IPFIX: flows have uptimes and nobody says when the exporter started: their times are unknown.",
               "IPFIX has no uptime in its header, RFC 7011 section 3.1")
    yield (one.send(ipfix(template(256, spec), data(256, record(spec, row, {"22": u32(1000), "21": u32(2000)}))), row)
           .counts(anomalies={"time_base_unknown": 2}))
