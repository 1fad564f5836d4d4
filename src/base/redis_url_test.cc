#include "base/redis_url.h"

#include <gtest/gtest.h>

namespace weir {
namespace {

TEST(RedisUrl, IsReadAsPeopleWriteIt) {
  struct Case {
    const char* text;
    RedisUrl want;
  };
  for (const Case& c :
       {Case{"redis://cache", {false, "cache", 6379, "", "", 0}},
        Case{"redis://192.0.2.1:7000/3", {false, "192.0.2.1", 7000, "", "", 3}},
        Case{"redis://:secret@cache/", {false, "cache", 6379, "", "secret", 0}},
        Case{"rediss://:secret@cache:7001", {true, "cache", 7001, "", "secret", 0}},
        Case{"redis://weir:p%40ss:w@rd@[2001:db8::1]:6380", {false, "2001:db8::1", 6380, "weir", "p@ss:w@rd", 0}}}) {
    const auto url = RedisUrl::parse(c.text);
    ASSERT_TRUE(url) << c.text << ": " << url.error().message;
    EXPECT_EQ(*url, c.want) << c.text;
    EXPECT_EQ(url->to_string().find("secret"), std::string::npos);
  }
  EXPECT_EQ(RedisUrl::parse("rediss://[::1]")->to_string(), "rediss://[::1]:6379/0");
}

TEST(RedisUrl, AWrongOneIsRefusedAndItsPasswordNotTold) {
  for (const char* text :
       {"", "http://x", "redis://", "redis://:6379", "redis://x:0", "redis://x:70000", "redis://x:", "redis://x/y",
        "redis://x/-1", "redis://secret@x", "redis://a:secret%4@x", "redis://[::1", "redis://:secret%0a@x",
        "redis://[::1]6379", "rediss://:secret@", "redissx://x", "redis://x y"}) {
    const auto url = RedisUrl::parse(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().message.find("secret"), std::string::npos);
  }
}

}  // namespace
}  // namespace weir
