#include "flow/element.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>

namespace weir::flow {
namespace {

TEST(Element, IsFoundByEnterpriseAndNumber) {
  const ElementName* element = find_element(0, 8);
  ASSERT_NE(element, nullptr);
  EXPECT_EQ(element->name, "sourceIPv4Address");
  EXPECT_EQ(element->type, AbstractType::ipv4Address);
  EXPECT_EQ(find_element(0, 0), nullptr);
  EXPECT_EQ(find_element(0, 65535), nullptr);
  EXPECT_EQ(find_element(4294967295, 65535), nullptr);
  EXPECT_EQ(find_element(29305, 1), nullptr);
}

// Numbers of RFC 7012, RFC 5477, RFC 7270, RFC 8158 and of the youngest part of the registry: a row that slipped by one
// would show in all that follow it.
TEST(Element, NumbersAreThoseOfTheRegistry) {
  const std::pair<uint16_t, const char*> known[] = {{1, "octetDeltaCount"},
                                                    {61, "flowDirection"},
                                                    {89, "forwardingStatus"},
                                                    {96, "applicationName"},
                                                    {136, "flowEndReason"},
                                                    {152, "flowStartMilliseconds"},
                                                    {160, "systemInitTimeMilliseconds"},
                                                    {179, "icmpCodeIPv6"},
                                                    {210, "paddingOctets"},
                                                    {225, "postNATSourceIPv4Address"},
                                                    {230, "natEvent"},
                                                    {239, "biflowDirection"},
                                                    {256, "ethernetType"},
                                                    {291, "basicList"},
                                                    {299, "responderPackets"},
                                                    {305, "samplingPacketInterval"},
                                                    {346, "privateEnterpriseNumber"},
                                                    {352, "layer2OctetDeltaCount"},
                                                    {415, "dot1qCustomerDestinationMacAddress"},
                                                    {433, "ignoredLayer2FrameTotalCount"},
                                                    {463, "natInstanceID"},
                                                    {491, "bgpDestinationLargeCommunityList"},
                                                    {495, "srhActiveSegmentIPv6"},
                                                    {502, "srhSegmentIPv6EndpointBehavior"},
                                                    {533, "pathDelaySumDeltaMicroseconds"},
                                                    {40005, "fwEvent"}};
  for (const auto& [number, name] : known) EXPECT_EQ(element_label(0, number), name) << number;
}

TEST(Element, OfTheReverseDirectionIsNamedByRule) {
  EXPECT_EQ(element_label(29305, 1), "reverseOctetDeltaCount");
  EXPECT_EQ(element_label(29305, 236), "reverseVRFname");
  EXPECT_EQ(element_label(29305, 65000), "29305:65000");
  EXPECT_EQ(element_type(29305, 27), AbstractType::ipv6Address);
}

TEST(Element, OfAVendorIsNamed) {
  EXPECT_EQ(element_label(6871, 33), "silkAppLabel");
  EXPECT_EQ(element_label(6871, 16384 + 14), "reverseInitialTCPFlags");
  EXPECT_EQ(element_type(6871, 16384 + 14), AbstractType::unsigned8);
  EXPECT_EQ(element_label(6871, 21), "reverseFlowDeltaMilliseconds");
  EXPECT_EQ(element_label(5951, 130), "netscalerHttpReqUrl");
  EXPECT_EQ(element_label(9, 12236), "ciscoConnectionClientIPv4Address");
  EXPECT_EQ(element_label(35632, 118), "L7_PROTO");
  EXPECT_EQ(element_label(0, 57590), "L7_PROTO");
  EXPECT_EQ(element_type(0, 57590), AbstractType::unsigned16);
  EXPECT_EQ(element_label(0, 65535), "0:65535");
}

TEST(Element, NobodyKnowsIsNamedByItsNumbers) {
  EXPECT_EQ(element_label(4294967295, 24884), "4294967295:24884");
  EXPECT_EQ(element_label(0, 65), "0:65");
  EXPECT_EQ(element_type(4294967295, 24884), AbstractType::octetArray);
}

// A name is a key of the objects that we print: two elements with one name could not be told apart.
TEST(Element, NamesAreUnique) {
  std::set<std::string> labels;
  for (const ElementName& element : kElementNames) {
    EXPECT_TRUE(labels.insert(element_label(element.enterprise, element.number)).second) << element.name;
    if (element.enterprise == 0) {
      EXPECT_TRUE(labels.insert(element_label(kReverseEnterprise, element.number)).second)
          << "reverse " << element.name;
    }
  }
}

}  // namespace
}  // namespace weir::flow
