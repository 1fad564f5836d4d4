#include "decode/template/convert.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/time.h"
#include "decode/template/kernels.h"
#include "decode/test_wire.h"

namespace weir::decode {
namespace {

using flow::ColumnType;
using flow::Conversion;
using test::Wire;

constexpr int64_t kExport = 1'700'000'000'000'000;  // 2023-11-14T22:13:20Z
constexpr uint64_t kNtpOffset = 2'208'988'800;

std::string text_of(Conversion conversion, const Wire& bytes, const TimeBase& time) {
  uint64_t value = 0;
  switch (convert_number(conversion, bytes, time, value)) {
    case Fit::ok:
      return to_rfc3339(timestamp_from_us(static_cast<int64_t>(value)));
    case Fit::absent:
      return "absent";
    case Fit::out_of_range:
      return "out of range";
    case Fit::bad_length:
      return "bad length";
    case Fit::no_time_base:
      return "no time base";
    case Fit::bad_list:
    case Fit::list_limit:
      break;
  }
  return "";
}

TEST(Convert, Times) {
  struct Case {
    const char* name;
    Conversion conversion;
    Wire bytes;
    int64_t export_us;
    const char* want;
  };
  const int64_t export_2037 = 2'114'380'800 * int64_t{1'000'000};  // 2037-01-01
  const Case cases[] = {
      {"seconds in 4 bytes", Conversion::seconds, Wire().u32(1'699'999'999), kExport, "2023-11-14T22:13:19.000000Z"},
      {"seconds in 8 bytes, after 2038", Conversion::seconds, Wire().u64(4'000'000'000), kExport,
       "2096-10-02T07:06:40.000000Z"},
      {"seconds beyond the calendar", Conversion::seconds, Wire().u64(uint64_t{1} << 50), kExport, "out of range"},
      {"seconds of zero", Conversion::seconds, Wire().u32(0), kExport, "absent"},
      {"milliseconds", Conversion::milliseconds, Wire().u64(1'699'999'999'123), kExport, "2023-11-14T22:13:19.123000Z"},
      {"milliseconds, reduced", Conversion::milliseconds, Wire().number(1'699'999'999'123, 6), kExport,
       "2023-11-14T22:13:19.123000Z"},
      {"all ones", Conversion::milliseconds, Wire().u64(UINT64_MAX), kExport, "out of range"},
      {"NTP, half a second", Conversion::ntp, Wire().u32(1'699'999'990 + kNtpOffset).u32(0x80000000), kExport,
       "2023-11-14T22:13:10.500000Z"},
      {"Unix microseconds where NTP should be", Conversion::ntp, Wire().u64(1'699'999'990'250'000), kExport,
       "2023-11-14T22:13:10.250000Z"},
      {"Unix nanoseconds where NTP should be", Conversion::ntp, Wire().u64(1'699'999'990'250'000'000), kExport,
       "2023-11-14T22:13:10.250000Z"},
      {"NTP after its rollover of 2036", Conversion::ntp, Wire().u32((2'114'380'790 + kNtpOffset) & 0xffffffff).u32(0),
       export_2037, "2036-12-31T23:59:50.000000Z"},
      {"NTP before the rollover, exported after it", Conversion::ntp, Wire().u32(0xfffffff0).u32(0),
       2'085'978'600 * int64_t{1'000'000}, "2036-02-07T06:28:00.000000Z"},
      {"NTP of zero", Conversion::ntp, Wire().u64(0), kExport, "absent"},
      {"NTP in 4 bytes", Conversion::ntp, Wire().u32(1), kExport, "bad length"},
      {"delta", Conversion::delta_us, Wire().u32(1'500'000), kExport, "2023-11-14T22:13:18.500000Z"},
      {"delta before 1970", Conversion::delta_us, Wire().u64(uint64_t{1} << 62), kExport, "out of range"},
      {"no bytes", Conversion::milliseconds, {}, kExport, "absent"},
      {"nine bytes", Conversion::milliseconds, Wire().zeros(9), kExport, "bad length"},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(text_of(c.conversion, c.bytes, TimeBase::export_time_only(c.export_us)), c.want) << c.name;
  }
}

TEST(Convert, UptimeIsASignedDifference) {
  const TimeBase header = TimeBase::from_header(kExport, 10'000);
  EXPECT_EQ(text_of(Conversion::uptime_ms, Wire().u32(9'000), header), "2023-11-14T22:13:19.000000Z");
  EXPECT_EQ(text_of(Conversion::uptime_ms, Wire().u32(10'500), header), "2023-11-14T22:13:20.500000Z") << "ahead of it";
  EXPECT_EQ(text_of(Conversion::uptime_ms, Wire().u32(UINT32_MAX - 9'999), header), "2023-11-14T22:13:00.000000Z")
      << "before the wrap";
  EXPECT_EQ(text_of(Conversion::uptime_ms, Wire().u32(1), TimeBase::export_time_only(kExport)), "no time base");
  EXPECT_EQ(text_of(Conversion::uptime_ms, Wire().u64(uint64_t{1} << 32), header), "out of range");
}

TEST(Convert, UptimeFromTheStartOfTheSystem) {
  // Up for a minute.
  const TimeBase minute = TimeBase::from_start(kExport, 1'699'999'940'000);
  EXPECT_EQ(text_of(Conversion::uptime_ms, Wire().u32(50'000), minute), "2023-11-14T22:13:10.000000Z");
  // Up for 100 days: the 32 bits have wrapped twice.
  const uint64_t up_ms = uint64_t{100} * 86'400'000;
  const TimeBase long_up = TimeBase::from_start(kExport, 1'700'000'000'000 - up_ms);
  EXPECT_EQ(text_of(Conversion::uptime_ms, Wire().u32((up_ms - 5'000) & 0xffffffff), long_up),
            "2023-11-14T22:13:15.000000Z");
  EXPECT_FALSE(TimeBase::from_start(kExport, 0).uptime_known);
  EXPECT_FALSE(TimeBase::from_start(kExport, UINT64_MAX).uptime_known);
}

TEST(Convert, NumbersOfOneToEightBytesAreOneValue) {
  for (size_t bytes = 1; bytes <= 8; ++bytes) {
    uint64_t value = 0;
    EXPECT_EQ(convert_number(Conversion::uint, Wire().number(0xd2, bytes), {}, value), Fit::ok);
    EXPECT_EQ(value, 0xd2u) << bytes;
  }
  uint64_t value = 0;
  EXPECT_EQ(convert_number(Conversion::uint, Wire().zeros(9), {}, value), Fit::bad_length);
  EXPECT_EQ(convert_number(Conversion::uint, {}, {}, value), Fit::absent);
}

TEST(Convert, SmallThings) {
  struct Case {
    const char* name;
    Conversion conversion;
    Wire bytes;
    uint64_t want;
  };
  const Case cases[] = {
      {"MPLS label of 3 bytes", Conversion::mpls_label, Wire::hex("186a1f"), 0x186a1},
      {"MPLS label with its TTL", Conversion::mpls_label, Wire::hex("186a1fff"), 0x186a1},
      {"MAC", Conversion::mac, Wire::hex("0242ac110002"), 0x0242ac110002},
      {"MAC in 8 bytes", Conversion::mac, Wire::hex("00000242ac110002"), 0x0242ac110002},
      {"ICMP type", Conversion::high_byte, Wire::hex("0301"), 3},
      {"ICMP code", Conversion::low_byte, Wire::hex("0301"), 1},
      {"forwarding status", Conversion::forwarding_status, Wire::hex("40"), 64},
      {"forwarding status, lowest of 4 bytes", Conversion::forwarding_status, Wire::hex("00000040"), 64},
      {"forwarding status, highest of 4 bytes", Conversion::forwarding_status, Wire::hex("40000000"), 64},
  };
  for (const Case& c : cases) {
    uint64_t value = 0;
    EXPECT_EQ(convert_number(c.conversion, c.bytes, {}, value), Fit::ok) << c.name;
    EXPECT_EQ(value, c.want) << c.name;
  }
}

TEST(Convert, TextIsAlwaysUtf8) {
  const auto text = [](const Wire& bytes) {
    std::string value = "before";
    convert_text(Conversion::text, bytes, value);
    return value;
  };
  EXPECT_EQ(text(Wire().text("Gi0/1 µ")), "Gi0/1 µ");
  EXPECT_EQ(text(Wire::hex("41 ff 00 42 00 00")), "A\\xff\\x00B") << "zeros at the end fill up, others are damage";
  EXPECT_EQ(text(Wire::hex("00 00")), "");
  EXPECT_EQ(text(Wire::hex("c3")), "\\xc3") << "cut short";
  EXPECT_EQ(text(Wire::hex("c0af eda080 f4908080")), "\\xc0\\xaf\\xed\\xa0\\x80\\xf4\\x90\\x80\\x80");
  EXPECT_EQ(text({}), "");
}

// At most so many bytes, with what escapes take; neither a character nor an escape is cut.
TEST(Convert, LongTextsAreCutBetweenCharacters) {
  const auto text = [](const Wire& bytes, size_t most, Fit want = Fit::list_limit) {
    std::string value;
    EXPECT_EQ(convert_text(Conversion::text, bytes, value, most), want) << value;
    EXPECT_LE(value.size(), most);
    return value;
  };
  EXPECT_EQ(text(Wire().text("abcdef"), 6, Fit::ok), "abcdef");
  EXPECT_EQ(text(Wire().text("abcdef"), 5), "abcde");
  EXPECT_EQ(text(Wire().text("abc\u20acd"), 6), "abc\u20ac");
  EXPECT_EQ(text(Wire().text("abc\u20acd"), 5), "abc");
  EXPECT_EQ(text(Wire().text("abc\u20ac"), 6, Fit::ok), "abc\u20ac");
  EXPECT_EQ(text(Wire::hex("61 01 02 03"), 12), "a\\x01\\x02");
  EXPECT_EQ(text(Wire::hex("61 01 02"), 9, Fit::ok), "a\\x01\\x02");
  EXPECT_EQ(text(Wire::hex("61 ff"), 4), "a");
  EXPECT_EQ(text(Wire::hex("61 62 00 00 00"), 2, Fit::ok), "ab") << "what fills up does not count";
  EXPECT_EQ(text(Wire().zeros(60'000).u8(1), 4096).size(), 4096u);
  Wire segments;
  for (int i = 0; i < 20; ++i) segments.add(Wire::hex("20010db8000000000000000000000001"));
  std::string value;
  EXPECT_EQ(convert_text(Conversion::segment_section, segments, value, 40), Fit::list_limit);
  EXPECT_EQ(value, "2001:db8::1 2001:db8::1 2001:db8::1") << "whole entries";
}

TEST(Convert, EveryByteIsPlainOrEscaped) {
  for (unsigned byte = 0; byte < 256; ++byte) {
    std::string value;
    EXPECT_TRUE(append_utf8(Wire().u8('<').u8(byte).u8('>'), value));
    const bool plain = byte >= 0x20 && byte < 0x7f;
    EXPECT_EQ(value, plain ? fmt::format("<{}>", static_cast<char>(byte)) : fmt::format("<\\x{:02x}>", byte));
  }
}

TEST(Convert, ApplicationIds) {
  std::string value;
  EXPECT_EQ(convert_text(Conversion::application_id, Wire::hex("0d0001c4"), value), Fit::ok);
  EXPECT_EQ(value, "13:452");
  EXPECT_EQ(convert_text(Conversion::application_id, Wire().zeros(10), value), Fit::bad_length);
  // RFC 6759 section 4.1, engine 20: the selector begins with an enterprise number.
  const auto of_engine_20 = [&value](std::string_view hex) {
    return convert_text(Conversion::application_id, Wire::hex(hex), value) == Fit::ok ? value : "none";
  };
  EXPECT_EQ(of_engine_20("14 00002a4b 001c"), "20:10827:28");
  EXPECT_EQ(of_engine_20("14 00002a4b 00001c"), "20:10827:28");
  EXPECT_EQ(of_engine_20("14 00002a4b 00000000 0000001c"), "20:10827:28");
  EXPECT_EQ(of_engine_20("14 00002a4b 00"), "20:10827:0");
  EXPECT_EQ(of_engine_20("14 00002a4b 00000000 0000001c 00"), "none");
  EXPECT_EQ(of_engine_20("14 00002a"), "20:42") << "too short for it";
}

TEST(Convert, JuniperExceptions) {
  const auto status = [](std::string_view hex) -> std::string {
    uint64_t value = 0;
    const Fit fit = convert_number(Conversion::juniper_exception, Wire::hex(hex), {}, value);
    return fit == Fit::ok ? std::to_string(value) : fit == Fit::absent ? "absent" : "bad";
  };
  EXPECT_EQ(status("0800"), "64");
  EXPECT_EQ(status("0801"), "128");
  EXPECT_EQ(status("0b00"), "128");  // the value has 10 bits
  EXPECT_EQ(status("0405"), "absent");
  EXPECT_EQ(status("0c00"), "absent");
  EXPECT_EQ(status("0000"), "absent");
  EXPECT_EQ(status("08"), "bad");
  EXPECT_EQ(status(""), "absent");
}

TEST(Convert, OvsTunnels) {
  std::string names;
  std::string value;
  for (uint32_t type = 0; type < 9; ++type) {
    const Fit fit = convert_text(Conversion::ovs_tunnel, Wire().u8(type), value);
    names += fit == Fit::ok ? value + " " : fit == Fit::absent ? "- " : "? ";
  }
  EXPECT_EQ(names, "- vxlan gre lisp stt gre ? geneve ? ");
}

// Every fast loop says what the definition says, or steps aside.
TEST(Kernels, AgreeWithTheDefinition) {
  const TimeBase time = TimeBase::from_header(kExport, 3'600'000);
  const ColumnType types[] = {ColumnType::u8,  ColumnType::u16,       ColumnType::u32,
                              ColumnType::u64, ColumnType::timestamp, ColumnType::mac};
  uint64_t noise = 88172645463325252U;
  size_t kernels = 0;
  for (int c = 0; c <= static_cast<int>(Conversion::text); ++c) {
    for (const ColumnType type : types) {
      for (size_t width = 0; width <= 9; ++width) {
        const auto conversion = static_cast<Conversion>(c);
        const size_t place = find_kernels(conversion, type, width, max_value(type));
        const auto one = std::span(kKernels.one)[place];
        const auto fixed = std::span(kKernels.fixed)[place];
        const auto gathered = std::span(kKernels.gathered)[place];
        ASSERT_EQ(one == nullptr, fixed == nullptr);
        ASSERT_EQ(one == nullptr, gathered == nullptr);
        if (one == nullptr || conversion == Conversion::address) continue;
        ++kernels;
        const FieldSpec field{.length = static_cast<uint16_t>(width)};
        const FieldPlaces places{width, {&field, 1}};
        for (int round = 0; round < 2000; ++round) {
          noise ^= noise << 13;
          noise ^= noise >> 7;
          noise ^= noise << 17;
          // Small numbers too, which fit where large ones do not.
          const Wire bytes = Wire().number(noise >> (noise % 61), width);
          const ByteView slice = bytes;
          uint64_t slot = 0;
          const bool done = one(OneRecord(bytes, places), 0, time, &slot, 0);
          uint64_t again = 0;
          ASSERT_EQ(fixed(FixedRecords(bytes, 1, places), 0, time, &again, 0), done);
          ASSERT_TRUE(!done || again == slot);
          again = 0;
          ASSERT_EQ(gathered(GatheredRecords({&slice, 1}, 1), 0, time, &again, 0), done);
          ASSERT_TRUE(!done || again == slot);
          uint64_t value = 0;
          const Fit fit = convert_number(conversion, bytes, time, value);
          if (done) {
            ASSERT_EQ(fit, Fit::ok) << c << " width " << width;
            ASSERT_EQ(slot, value) << c << " width " << width;
          } else {
            ASSERT_TRUE(fit != Fit::ok || value > max_value(type) || conversion == Conversion::milliseconds ||
                        conversion == Conversion::seconds);
          }
        }
      }
    }
  }
  EXPECT_GT(kernels, 40u);
}

TEST(Kernels, StepAsideBeyondTheLargestValue) {
  size_t kernels = 0;
  for (const auto& [type, width] : std::vector<std::pair<ColumnType, size_t>>{{ColumnType::u8, 1},
                                                                              {ColumnType::u16, 2},
                                                                              {ColumnType::u32, 4},
                                                                              {ColumnType::u32, 2},
                                                                              {ColumnType::u16, 1}}) {
    for (const uint64_t most : {1U, 2U, 3U, 5U, 7U, 32U, 128U, 4095U, (1U << 20) - 1}) {
      const auto kernel =
          most < max_value(type) ? std::span(kKernels.one)[find_kernels(Conversion::uint, type, width, most)] : nullptr;
      if (kernel == nullptr) continue;
      ++kernels;
      const FieldSpec field{.length = static_cast<uint16_t>(width)};
      const FieldPlaces places{width, {&field, 1}};
      for (const uint64_t value :
           std::vector<uint64_t>{0, 1, most - 1, most, most + 1, UINT32_MAX >> (32 - 8 * width)}) {
        if (value >> (8 * width) != 0) continue;
        const Wire bytes = Wire().number(value, width);
        uint64_t slot = 0;
        ASSERT_EQ(kernel(OneRecord(bytes, places), 0, {}, &slot, 0), value <= most) << value << " of " << most;
        if (value <= most) {
          ASSERT_EQ(slot, value);
        }
      }
    }
  }
  EXPECT_GT(kernels, 15u);
}

}  // namespace
}  // namespace weir::decode
