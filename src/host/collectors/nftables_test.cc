#include "host/collectors/nftables.h"

#include <gtest/gtest.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include "base/big_endian.h"
#include "host/kernel/test_netlink.h"

namespace weir::host {
namespace {

using test::Bytes;

Bytes payload() { return Bytes().put(nfgenmsg{.nfgen_family = NFPROTO_INET, .version = 0, .res_id = 0}); }

TEST(Nftables, Counter) {
  const Bytes bytes = payload()
                          .text(NFTA_OBJ_TABLE, "filter")
                          .text(NFTA_OBJ_NAME, "dropped \"x\"")
                          .attribute(NFTA_OBJ_TYPE, Be32::from(NFT_OBJECT_COUNTER))
                          .nest(NFTA_OBJ_DATA, Bytes()
                                                   .attribute(NFTA_COUNTER_BYTES, Be64::from(uint64_t{1} << 40))
                                                   .attribute(NFTA_COUNTER_PACKETS, Be64::from(7)));
  NftObject object;
  ASSERT_TRUE(parse_nft_object(bytes.view(), object));
  EXPECT_EQ(nft_family_name(object.id.family), "inet");
  EXPECT_EQ(object.id.table, "filter");
  EXPECT_EQ(object.id.name, "dropped \"x\"");
  EXPECT_EQ(object.kind, NftObject::Kind::counter);
  EXPECT_EQ(object.bytes, uint64_t{1} << 40);
  EXPECT_EQ(object.packets, 7U);
  test::damage(bytes.view(), [&](ByteView damaged) { parse_nft_object(damaged, object); });
}

TEST(Nftables, Quota) {
  const auto quota = [](uint32_t type, uint64_t consumed) {
    return payload()
        .text(NFTA_OBJ_TABLE, "t")
        .text(NFTA_OBJ_NAME, "q")
        .attribute(NFTA_OBJ_TYPE, Be32::from(type))
        .nest(
            NFTA_OBJ_DATA,
            Bytes().attribute(NFTA_QUOTA_BYTES, Be64::from(100)).attribute(NFTA_QUOTA_CONSUMED, Be64::from(consumed)));
  };
  NftObject object;
  ASSERT_TRUE(parse_nft_object(quota(NFT_OBJECT_QUOTA, 99).view(), object));
  EXPECT_EQ(object.kind, NftObject::Kind::quota);
  EXPECT_EQ(object.consumed, 99U);
  EXPECT_FALSE(object.depleted);
  ASSERT_TRUE(parse_nft_object(quota(NFT_OBJECT_QUOTA, 101).view(), object));
  EXPECT_TRUE(object.depleted);
  EXPECT_FALSE(parse_nft_object(quota(NFT_OBJECT_LIMIT, 1).view(), object));
}

TEST(Nftables, TablesChainsSetsAndElements) {
  NftName table;
  ASSERT_TRUE(parse_nft_table(payload().text(NFTA_TABLE_NAME, "nat").view(), table));
  EXPECT_EQ(table.table, "nat");
  EXPECT_FALSE(parse_nft_table(payload().view(), table));

  NftChain chain;
  ASSERT_TRUE(parse_nft_chain(payload().text(NFTA_CHAIN_TABLE, "nat").text(NFTA_CHAIN_NAME, "input").view(), chain));
  EXPECT_EQ(chain.id.name, "input");
  EXPECT_FALSE(chain.packets);

  const Bytes set_bytes = payload()
                              .text(NFTA_SET_TABLE, "nat")
                              .text(NFTA_SET_NAME, "blocked")
                              .attribute(NFTA_SET_FLAGS, Be32::from(NFT_SET_EVAL))
                              .nest(NFTA_SET_DESC, Bytes().attribute(NFTA_SET_DESC_SIZE, Be32::from(128)));
  NftSet set;
  ASSERT_TRUE(parse_nft_set(set_bytes.view(), set));
  EXPECT_FALSE(set.anonymous);
  EXPECT_EQ(set.capacity, 128U);
  EXPECT_FALSE(set.elements);
  test::damage(set_bytes.view(), [&](ByteView damaged) { parse_nft_set(damaged, set); });

  const Bytes end = Bytes().attribute(NFTA_SET_ELEM_FLAGS, Be32::from(NFT_SET_ELEM_INTERVAL_END));
  const Bytes elements =
      payload().nest(NFTA_SET_ELEM_LIST_ELEMENTS,
                     Bytes().nest(NFTA_LIST_ELEM, Bytes()).nest(NFTA_LIST_ELEM, end).nest(NFTA_LIST_ELEM, Bytes()));
  EXPECT_EQ(count_nft_elements(elements.view()), 2U);
  EXPECT_EQ(count_nft_elements(payload().view()), 0U);
  test::damage(elements.view(), [](ByteView damaged) { EXPECT_LE(count_nft_elements(damaged), 3U); });
  EXPECT_EQ(parse_nft_generation(payload().attribute(NFTA_GEN_ID, Be32::from(9)).view()), 9U);
  EXPECT_FALSE(parse_nft_generation(payload().attribute(NFTA_GEN_ID, Be64::from(9)).view()));
}

}  // namespace
}  // namespace weir::host
