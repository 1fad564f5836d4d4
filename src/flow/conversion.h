// How the bytes of an information element become the value of a column. The names come from schema/flow_columns.toml.
//
//   uint               1 to 8 bytes, big endian (RFC 7011 section 6.2). A value that the column cannot hold, or that
//                      its element does not have (`most` in schema/iana_elements.csv), is null and counted as
//                      value_out_of_range: a cut number would be wrong.
//   address            4 or 16 bytes
//   known_address      the same; 0.0.0.0 and :: are null
//   mac                6 bytes (8: the low 48 bits)
//   seconds            Unix seconds, 4 or 8 bytes
//   milliseconds       Unix milliseconds, up to 8 bytes
//   ntp                dateTimeMicroseconds and dateTimeNanoseconds: NTP seconds and fraction (RFC 7011 section
//                      6.1.9-10) or, as some exporters send them, Unix micro- or nanoseconds: whichever lies nearest to
//                      the export time
//   delta_us           microseconds before the export time
//   uptime_ms          milliseconds of the exporter's uptime, against the uptime in the header (or
//                      systemInitTimeMilliseconds), as a signed 32-bit difference, so that the wrap after 49.7 days
//                      does no harm
//   mpls_label         the top 20 bits of 3 bytes
//   application_id     RFC 6759: classification engine, ":", selector; of engine 20 the enterprise stands between them
//   high_byte, low_byte
//                      of 2 bytes: type and code of icmpTypeCode
//   forwarding_status  RFC 7270: 1 byte, or 4 with the status in the lowest (from some exporters, the highest) byte
//   juniper_exception  Juniper's 2636:137, a kind in 6 bits and a value: of kind 2 (exception in forwarding) a status
//                      as above, forwarded (64) or dropped (128); other kinds are null
//   ovs_tunnel         Open vSwitch's 6876:891, a number, as vxlan, gre, lisp, stt or geneve
//   text               UTF-8; anything else is escaped
//   dscp               the upper six bits of a type of service
//   fragment_flags     element 197, 1 byte: reserved, do not fragment, more fragments from the top bit, to the three
//                      bits of the IPv4 header (1 more fragments, 2 do not fragment)
//   segment_id, segment_type
//                      element 351 layer2SegmentId: the lowest 24 bits; the highest byte as vxlan (1) or nvgre (2)
//   acl_id             Cisco ASA: three numbers of four bytes in hexadecimal, 0f8e7ff3-fc1a030f-00000000; else text
//   route_distinguisher
//                      8 bytes, RFC 4364 section 4.2: ASN:VALUE or ADDRESS:VALUE
//   community          RFC 8549: a BGP community by its length: 4 bytes ASN:VALUE (RFC 1997), 12 ASN:VALUE:VALUE
//                      (RFC 8092), 8 extended (RFC 4360): rt:ASN:VALUE, soo:ASN:VALUE, others in hexadecimal
//   community_list     a basicList (RFC 6313) of communities
//   segment_section    IPv6 addresses one after the other, with spaces
//   segment_list       a basicList of IPv6 addresses
//   segment_routing_header
//                      the segments of a whole header (RFC 8754 section 2)
//   ndpi_application, yaf_application
//                      the number of an application as ndpi:37, yaf:53
//   real               IEEE 754, 4 or 8 bytes (RFC 7011 section 6.1.3)
#pragma once

#include "flow/elements.gen.h"
