// Rows of sFlow datagrams in tests.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "decode/sflow/test_sflow.h"
#include "decode/test_decode.h"

namespace weir::decode::test {

// Words that are not true: what an attacker puts where a count or a length belongs.
inline constexpr uint32_t kHuge = 0xffffffff;

inline Row only_row(Harness& harness) {
  EXPECT_EQ(harness.rows().size(), 1u);
  return harness.rows().empty() ? Row{} : harness.rows().front();
}

// The row of a flow sample with these records.
inline Row row_of(const std::vector<Wire>& records, std::string_view anomalies = "") {
  Harness harness;
  harness.feed(sflow_datagram({}, {flow_sample({}, records)}));
  EXPECT_EQ(harness.anomalies(), anomalies);
  return only_row(harness);
}

// What a row has besides what every row of flow_sample({}) has.
inline Row beyond_the_sample(Row row) {
  for (const char* name :
       {"time_received", "time_flow_start", "time_flow_end", "type", "sampler_address", "agent_address",
        "observation_domain_id", "packets", "sampling_rate", "in_if", "out_if", "flow_direction"}) {
    EXPECT_EQ(row.erase(name), 1u) << name;
  }
  return row;
}

inline void expect_fields(const std::vector<Wire>& records, const Row& want) {
  EXPECT_EQ(beyond_the_sample(row_of(records)), want);
}

inline Wire gateway(const Wire& path, const Wire& communities) {
  return sflow_block(1003, sflow_address(IpAddress::from_v4(0x36363636))
                               .add(sflow_words({28976, 203476, 203477}))
                               .add(path)
                               .add(communities)
                               .u32(100));
}

}  // namespace weir::decode::test
