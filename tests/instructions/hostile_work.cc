// What callgrind counts, too: the work of a step when n things are known, and when ten times as many are. Whoever sends
// UDP chooses how many. check_growth.py runs this for both and compares.
//
//   hostile_work CASE N
//
// Prints the number of steps that the measured part has done. `hostile_work list` prints the cases, with how much more
// a step may cost.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <span>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "decode/decoder.h"
#include "decode/session/shared_exporter.h"
#include "decode/test_wire.h"
#include "gen/random.h"

namespace weir {
namespace {

using decode::test::FieldOf;
using decode::test::Wire;

constexpr IpAddress kAttacker = IpAddress::from_v4(0x0a424242);
constexpr Timestamp kReceived = timestamp_from_us(1'700'000'001'000'000);
constexpr size_t kSteps = 500;

struct Sent {
  Wire bytes;
  IpAddress from = kAttacker;
  uint16_t port = 50'000;
};

struct Load {
  std::vector<Sent> before = {};    // what makes n things known
  std::vector<Sent> measured = {};  // the steps
  size_t steps = kSteps;
  size_t ticks = 0;  // of what is done once a second, at the end of the measured part
  bool ticks_after_each = false;
  bool other = false;
  bool shared = false;  // by several decoders
  decode::Limits limits = {};
};

Wire one_template(uint16_t id, uint16_t length = 4) {
  return decode::test::set(2, decode::test::template_record(id, {{1, length}, {2, 4}}));
}

Wire message(uint32_t domain, const Wire& sets) { return decode::test::ipfix({.domain = domain}, sets); }

// Spread over all of n.
uint32_t some(size_t step, size_t n) { return static_cast<uint32_t>(step * 7919 % n); }

// Data, and another template, in one of n domains of one exporter.
Load domains(size_t n) {
  Load load;
  for (uint32_t d = 0; d < n; ++d) load.before.push_back({message(d, one_template(256))});
  for (size_t s = 0; s < kSteps; ++s) {
    load.measured.push_back({message(
        some(s, n), one_template(257).add(decode::test::set(256, Wire().u32(static_cast<uint32_t>(s)).u32(1))))});
  }
  return load;
}

// New domains where the limit is reached: each evicts one.
Load domains_at_the_limit(size_t n) {
  Load load{.limits = {.sessions = n}};
  for (uint32_t d = 0; d < n; ++d) load.before.push_back({message(d, one_template(256))});
  for (uint32_t d = 0; d < kSteps; ++d)
    load.measured.push_back({message(static_cast<uint32_t>(n) + d, one_template(256))});
  return load;
}

// The same with forged sources.
Load sources_at_the_limit(size_t n) {
  Load load{.limits = {.sessions = n}};
  const auto from = [](size_t number) { return IpAddress::from_v4(static_cast<uint32_t>(0x0b000000 + number)); };
  for (size_t i = 0; i < n; ++i) load.before.push_back({message(1, one_template(256)), from(i)});
  for (size_t i = 0; i < kSteps; ++i) load.measured.push_back({message(1, one_template(256)), from(n + i)});
  return load;
}

// What is done once a second, of n sessions of one exporter that have all changed.
Load tick(size_t n) {
  Load load{.steps = n, .ticks = 1};
  for (uint32_t d = 0; d < n; ++d) load.before.push_back({message(d, one_template(256))});
  return load;
}

// The same when nothing has changed since the last time.
Load idle_tick(size_t n) {
  Load load{.steps = n, .ticks = 10};
  for (uint32_t d = 0; d < n; ++d) load.before.push_back({message(d, one_template(256))});
  return load;
}

// All of these where several decoders share their exporters.
Load shared_domains(size_t n) {
  Load load = domains(n);
  load.shared = true;
  return load;
}

Load shared_domains_at_the_limit(size_t n) {
  Load load = domains_at_the_limit(n);
  load.shared = true;
  return load;
}

Load shared_tick(size_t n) {
  Load load = tick(n);
  load.shared = true;
  return load;
}

std::vector<Sent> templates_of_one_session(size_t first, size_t count) {
  constexpr size_t kInAMessage = 50;
  std::vector<Sent> all;
  for (size_t i = 0; i < count; i += kInAMessage) {
    Wire records;
    for (size_t t = i; t < std::min(i + kInAMessage, count); ++t) {
      const size_t number = first + t;
      const auto element = static_cast<uint16_t>(1 + number / 60'000 * 400 + number % 400);
      records.add(decode::test::template_record(static_cast<uint16_t>(256 + number % 60'000), {{element, 4}, {2, 4}}));
    }
    all.push_back({message(1, decode::test::set(2, records))});
  }
  return all;
}

// One of n templates of a session changes in each second. What is handed out then is the whole session: the work grows
// as n does, up to Limits::templates_per_session, but not faster.
Load small_changes(size_t n) {
  Load load{.before = templates_of_one_session(0, n), .steps = 10, .ticks_after_each = true};
  for (uint16_t s = 0; s < 10; ++s) load.measured.push_back({message(1, one_template(256 + s, 8))});
  return load;
}

// Templates of one session beyond its limit: each evicts one.
Load templates_at_the_limit(size_t n) {
  return {.before = templates_of_one_session(0, n),
          .measured = templates_of_one_session(n, kSteps),
          .limits = {.templates_per_session = n}};
}

// Templates of many sessions beyond the limit of all.
Load templates_in_all_at_the_limit(size_t n) {
  Load load{.limits = {.templates = 2 * n}};
  for (uint32_t d = 0; d < n; ++d) load.before.push_back({message(d, one_template(256).add(one_template(257)))});
  for (uint32_t d = 0; d < kSteps; ++d)
    load.measured.push_back({message(static_cast<uint32_t>(n) + d, one_template(256))});
  return load;
}

// A template of n fields.
Load fields(size_t n) {
  Load load{.steps = kSteps * n};
  for (size_t s = 0; s < kSteps; ++s) {
    std::vector<FieldOf> all;
    for (size_t f = 0; f < n; ++f) all.push_back({static_cast<uint16_t>(1 + (s + f) % 480), 4});
    load.measured.push_back(
        {message(1, decode::test::set(2, decode::test::template_record(static_cast<uint16_t>(256 + s % 8), all)))});
  }
  return load;
}

// Sets that wait for a template: in one session, of as many ids as there are.
Load early(size_t n) {
  Load load;
  const auto wait = [](size_t number) {
    return message(1, decode::test::set(static_cast<uint16_t>(256 + number % 65'000), Wire().u8(1)));
  };
  for (size_t i = 0; i < n; ++i) load.before.push_back({wait(i)});
  for (size_t i = 0; i < kSteps; ++i) load.measured.push_back({wait(n + i)});
  return load;
}

// The same of all sessions, when there is no more room: each gives one up.
Load early_at_the_limit(size_t n) {
  Load load{.limits = {.early_bytes = n * 200}};
  const auto wait = [](size_t number) {
    return message(static_cast<uint32_t>(number), decode::test::set(256, Wire().zeros(4)));
  };
  for (size_t i = 0; i < 2 * n; ++i) load.before.push_back({wait(i)});
  for (size_t i = 0; i < kSteps; ++i) load.measured.push_back({wait(2 * n + i)});
  return load;
}

Wire rates_of(size_t first, size_t count, uint8_t rate) {
  Wire records;
  for (size_t i = first; i < first + count; ++i) records.u32(static_cast<uint32_t>(i << 8 | rate));
  return message(1, decode::test::set(400, records));
}

// Sampling rates of n selectors of one domain; some change.
Load rates(size_t n) {
  Load load{.limits = {.rates_per_session = n + kSteps}};
  load.before.push_back(
      {message(1, decode::test::set(3, decode::test::options_record_ipfix(400, {{302, 3}}, {{34, 1}})))});
  for (size_t i = 0; i < n; i += 100) load.before.push_back({rates_of(i, 100, 7)});
  for (size_t s = 0; s < kSteps; ++s) load.measured.push_back({rates_of(some(s, n + kSteps), 1, 9)});
  return load;
}

// Names of n interfaces; some change, and some are new.
Load names(size_t n) {
  Load load;
  load.before.push_back(
      {message(1, decode::test::set(3, decode::test::options_record_ipfix(400, {{10, 4}}, {{82, 16}})))});
  const auto name = [](size_t number, char kind) {
    return message(1, decode::test::set(400, Wire().u32(number).text(fmt::format("{}{:015}", kind, number))));
  };
  for (size_t i = 0; i < n; ++i) load.before.push_back({name(i, 'a')});
  for (size_t s = 0; s < kSteps; ++s) load.measured.push_back({name(some(s, n + kSteps), 'b')});
  return load;
}

// Ports of one address and domain, each with a template and data.
Load ports(size_t n) {
  Load load;
  const Wire both = message(1, one_template(256).add(decode::test::set(256, Wire().u32(1).u32(1))));
  for (size_t i = 0; i < n; ++i) load.before.push_back({both, kAttacker, static_cast<uint16_t>(1024 + i)});
  for (size_t i = 0; i < kSteps; ++i) load.measured.push_back({both, kAttacker, static_cast<uint16_t>(1024 + n + i)});
  return load;
}

// The same of a domain that has n templates of another port: streams that are evicted are looked for among all of them.
// The work grows as n does, up to Limits::templates_per_session, but not faster.
Load ports_beside_templates(size_t n) {
  Load load{.before = templates_of_one_session(0, n)};
  load.before.push_back({message(1, decode::test::set(256, Wire().u32(1).u32(1)))});  // who sends data stays
  const auto add = [](std::vector<Sent>& to, size_t first, size_t count) {
    for (size_t i = first; i < first + count; ++i)
      to.push_back({message(1, one_template(256)), kAttacker, static_cast<uint16_t>(1024 + i)});
  };
  add(load.before, 0, 100);
  add(load.measured, 100, kSteps);
  return load;
}

// Uptimes and numbers that fit nothing, of one source id.
Load clocks(size_t n) {
  Load load;
  gen::Random random(7);
  const auto any = [&random] {
    return Sent{decode::test::netflow9({.sequence = static_cast<uint32_t>(random.next()),
                                        .uptime_ms = static_cast<uint32_t>(random.next()),
                                        .count = 1},
                                       decode::test::set(0, decode::test::template_record(256, {{1, 4}, {2, 4}})))};
  };
  for (size_t i = 0; i < n; ++i) load.before.push_back(any());
  for (size_t i = 0; i < kSteps; ++i) load.measured.push_back(any());
  return load;
}

// A record of n communities, which all go into one column.
Load communities(size_t n) {
  Load load{.steps = kSteps * n};
  const std::vector<FieldOf> all(n, {483, 4});
  load.before.push_back({message(1, decode::test::set(2, decode::test::template_record(256, all)))});
  Wire record;
  for (size_t i = 0; i < n; ++i) record.u32(0xffffffff);
  for (size_t s = 0; s < kSteps; ++s) load.measured.push_back({message(1, decode::test::set(256, record))});
  return load;
}

// A text of n bytes that are escaped.
Load long_text(size_t n) {
  Load load{.steps = kSteps * n, .limits = {.text_length = 65535}};
  load.before.push_back({message(1, decode::test::set(2, decode::test::template_record(256, {{371, 65535}})))});
  Wire text;
  text.u8(255).u16(n);
  for (size_t i = 0; i < n; ++i) text.u8(1);
  for (size_t s = 0; s < kSteps; ++s) load.measured.push_back({message(1, decode::test::set(256, text))});
  return load;
}

Wire variable(const Wire& body) { return Wire().u8(255).u16(body.size()).add(body); }

Load lists_of(const Wire& list, size_t steps) {
  Load load{.steps = steps, .other = true};
  load.before.push_back({message(1, decode::test::set(2, decode::test::template_record(256, {{291, 65535}})))});
  for (size_t s = 0; s < kSteps; ++s) load.measured.push_back({message(1, decode::test::set(256, variable(list)))});
  return load;
}

// A list (RFC 6313) of n lists that are empty, and one that is n deep.
Load wide_list(size_t n) {
  const Wire head = Wire().u8(255).u16(291).u16(65535);
  Wire list = head;
  for (size_t i = 0; i < n; ++i) list.add(variable(head));
  return lists_of(list, kSteps * n);
}

Load deep_list(size_t n) {
  const Wire head = Wire().u8(255).u16(291).u16(65535);
  Wire list = head;
  for (size_t i = 0; i < n; ++i) list = Wire(head).add(variable(list));
  return lists_of(list, kSteps * n);
}

// sFlow agents behind one address, each with a data source; new ones come.
Load agents(size_t n) {
  Load load;
  const auto sample = [](size_t number) {
    const auto agent = static_cast<uint32_t>(number);
    const Wire flow = Wire().u32(1).u32(32).u32(1).u32(agent).u32(512).u32(1000).u32(agent).u32(1).u32(2).u32(0);
    return Wire().u32(5).u32(1).u32(agent).u32(0).u32(1).u32(1000).u32(1).add(flow);
  };
  for (size_t i = 0; i < n; ++i) load.before.push_back({sample(i)});
  for (size_t i = 0; i < kSteps; ++i) load.measured.push_back({sample(n + i)});
  return load;
}

// The factor by which f is undone, modulo 2^64. Newton: each round doubles the bits that are right.
constexpr uint64_t undoing(uint64_t f) {
  uint64_t inverse = f;
  for (int round = 0; round < 6; ++round) inverse *= 2 - f * inverse;
  return inverse;
}

// Of one IPv6 /64, the number-th address that a table hashed without a secret has in one and the same place: every step
// of such a hash can be undone, so whoever knows it begins at the end. What is undone here is Boost 1.81's xmx, which
// picks the place by the top bits and compares the lowest eight, and (high ^ low * kTimes) * kFactor, folded. Against
// a hash with a secret these are addresses like all others.
IpAddress chosen_address(size_t number) {
  constexpr uint64_t kTimes = 0x9e3779b97f4a7c15U, kFactor = 0xbf58476d1ce4e5b9U, kMix = 0xff51afd7ed558ccdU;
  constexpr uint64_t kHigh = 0xb80d0120;  // 2001:db8::, as it lies in memory
  const auto unfold = [](uint64_t z) { return z ^ z >> 23 ^ z >> 46; };
  const uint64_t hash = unfold(unfold(uint64_t{number} << 8) * undoing(kMix));
  const uint64_t low = ((hash ^ hash >> 32) * undoing(kFactor) ^ kHigh) * undoing(kTimes);
  IpAddress address;
  for (size_t b = 0; b < 8; ++b) {
    address.bytes[b] = static_cast<uint8_t>(kHigh >> (8 * b));
    address.bytes[8 + b] = static_cast<uint8_t>(low >> (8 * b));
  }
  return address;
}

Load chosen_addresses(size_t n) {
  Load load;
  for (size_t i = 0; i < n; ++i) load.before.push_back({message(1, one_template(256)), chosen_address(i)});
  for (size_t s = 0; s < kSteps; ++s)
    load.measured.push_back({message(1, one_template(257)), chosen_address(some(s, n))});
  return load;
}

struct Case {
  std::string_view name;
  Load (*make)(size_t n);
  size_t few;     // and ten times as many
  double growth;  // of the work of a step, at most
};

constexpr Case kCases[] = {
    {"domains", domains, 1000, 1.3},
    {"domains_at_the_limit", domains_at_the_limit, 1500, 1.3},
    {"sources_at_the_limit", sources_at_the_limit, 1500, 1.3},
    {"tick", tick, 1000, 1.3},
    {"idle_tick", idle_tick, 1000, 1.3},
    {"shared_domains", shared_domains, 1500, 1.3},
    {"shared_domains_at_the_limit", shared_domains_at_the_limit, 1500, 1.3},
    {"shared_tick", shared_tick, 1000, 1.3},
    {"small_changes", small_changes, 100, 11},
    {"templates_at_the_limit", templates_at_the_limit, 1000, 1.3},
    {"templates_in_all_at_the_limit", templates_in_all_at_the_limit, 1000, 1.3},
    {"fields", fields, 40, 1.3},
    {"early", early, 500, 1.3},
    {"early_at_the_limit", early_at_the_limit, 500, 1.3},
    {"rates", rates, 1000, 1.3},
    {"names", names, 1000, 1.3},
    {"ports", ports, 200, 1.3},
    {"ports_beside_templates", ports_beside_templates, 100, 11},
    {"clocks", clocks, 200, 1.3},
    {"communities", communities, 8, 1.3},
    {"long_text", long_text, 600, 1.3},
    {"wide_list", wide_list, 20, 1.3},
    {"deep_list", deep_list, 7, 1.3},
    {"agents", agents, 1000, 1.3},
    {"chosen_addresses", chosen_addresses, 200, 1.3},
};

// What the pipeline does once a second.
void tick_of(decode::Decoder& decoder, flow::TableBuilders& builder) {
  decoder.expire(kReceived);
  decoder.take_shared(builder);
  (void)decoder.take_changes(kReceived);
  (void)decoder.places(20'000);
  (void)decoder.take_options(kReceived);
  (void)decoder.counters();
}

}  // namespace

// Callgrind collects while this runs (--toggle-collect); it is not inlined, so that it has a name.
[[gnu::noinline]] void measured_steps(decode::Decoder& decoder, flow::TableBuilders& builder, const Load& load) {
  for (const Sent& sent : load.measured) {
    decoder.decode({sent.bytes, sent.from, sent.port, kReceived}, builder);
    if (load.ticks_after_each) tick_of(decoder, builder);
  }
  for (size_t i = 0; i < load.ticks; ++i) tick_of(decoder, builder);
}

namespace {

void run(const Case& which, size_t n) {
  const Load load = which.make(n);
  flow::TableBuilders builder([](flow::FullBatch) {});
  decode::DecoderOptions options;
  options.limits = load.limits;
  options.other = load.other;
  decode::SharedExporters shared;
  decode::Decoder decoder(options);
  if (load.shared) decoder.set_shared(&shared);
  for (const Sent& sent : load.before) decoder.decode({sent.bytes, sent.from, sent.port, kReceived}, builder);
  if (load.ticks != 1) tick_of(decoder, builder);
  measured_steps(decoder, builder, load);
  fmt::print("{{\"steps\": {}}}\n", load.steps);
}

}  // namespace
}  // namespace weir

int main(int count, char** values) {
  using weir::kCases;
  const std::vector<std::string_view> arguments(values + 1, values + count);
  if (arguments.size() == 1 && arguments[0] == "list") {
    for (const weir::Case& each : kCases) {
      fmt::print("{{\"name\": \"{}\", \"few\": {}, \"growth\": {}}}\n", each.name, each.few, each.growth);
    }
    return 0;
  }
  size_t n = 0;
  if (arguments.size() == 2) std::from_chars(arguments[1].begin(), arguments[1].end(), n);
  const auto* which = std::ranges::find(kCases, arguments.empty() ? "" : arguments[0], &weir::Case::name);
  if (n == 0 || which == std::end(kCases)) {
    fmt::print(stderr, "usage: hostile_work list | CASE N\n");
    return 2;
  }
  weir::run(*which, n);
  return 0;
}
