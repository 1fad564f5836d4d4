#include "filter/protocols.h"

#include "base/letters.h"
#include "filter/lexer.h"

namespace weir::filter {
namespace {

// IANA's assigned internet protocol numbers that are met in practice, with the names that nfdump and tcpdump users
// type.
constexpr ProtocolName kNames[] = {
    {0, "HOPOPT"},      {1, "ICMP"},     {2, "IGMP"},       {3, "GGP"},         {4, "IPIP"},       {5, "ST"},
    {6, "TCP"},         {7, "CBT"},      {8, "EGP"},        {9, "IGP"},         {12, "PUP"},       {17, "UDP"},
    {20, "HMP"},        {22, "XNS-IDP"}, {27, "RDP"},       {29, "ISO-TP4"},    {33, "DCCP"},      {36, "XTP"},
    {37, "DDP"},        {41, "IPv6"},    {43, "ROUTE6"},    {43, "IPv6-Route"}, {44, "FRAG6"},     {44, "IPv6-Frag"},
    {45, "IDRP"},       {46, "RSVP"},    {47, "GRE"},       {50, "ESP"},        {51, "AH"},        {55, "MOBILE"},
    {55, "MOBIL"},      {57, "SKIP"},    {58, "ICMP6"},     {58, "ICMPv6"},     {58, "IPv6-ICMP"}, {59, "NONXT6"},
    {59, "IPv6-NoNxt"}, {60, "OPTS6"},   {60, "IPv6-Opts"}, {73, "RSPF"},       {81, "VMTP"},      {88, "EIGRP"},
    {89, "OSPF"},       {93, "AX.25"},   {94, "IPIP-OLD"},  {97, "ETHERIP"},    {98, "ENCAP"},     {103, "PIM"},
    {108, "IPCOMP"},    {112, "VRRP"},   {112, "CARP"},     {115, "L2TP"},      {118, "STP"},      {124, "ISIS"},
    {129, "IPLT"},      {132, "SCTP"},   {133, "FC"},       {135, "MOBILITY"},  {136, "UDPLITE"},  {137, "MPLSIP"},
    {138, "MANET"},     {139, "HIP"},    {140, "SHIM6"},    {141, "WESP"},      {142, "ROHC"},     {143, "ETHERNET"},
};

}  // namespace

std::span<const ProtocolName> protocol_names() { return kNames; }

std::string_view protocol_name(uint64_t number) {
  for (const ProtocolName& entry : kNames) {
    if (entry.number == number) return entry.name;
  }
  return {};
}

std::optional<uint8_t> protocol_number(std::string_view name) {
  for (const ProtocolName& entry : kNames) {
    if (equals_ignoring_case(entry.name, name)) return entry.number;
  }
  return std::nullopt;
}

}  // namespace weir::filter
