// Method: addresses as the transport writes them, and what would be none.
#include "base/peer_network.h"

#include <gtest/gtest.h>

namespace larder {
namespace {

TEST(PeerNetwork, IsTheAddressOfIpv4AndTheNetworkOfIpv6) {
  EXPECT_EQ(peer_network("127.0.0.1:50000"), "127.0.0.1");
  EXPECT_EQ(peer_network("[2001:db8:1:2:3:4:5:6]:50000"), "2001:db8:1:2::/64");
  EXPECT_EQ(peer_network("[2001:db8:1:2::7]:1"), "2001:db8:1:2::/64");
  EXPECT_EQ(peer_network("[::1]:50000"), "::/64");
}

TEST(PeerNetwork, IsNothingWhereThereIsNoAddress) {
  EXPECT_EQ(peer_network("/run/larder.sock:0"), "");
  EXPECT_EQ(peer_network(""), "");
  EXPECT_EQ(peer_network("[no address]:1"), "no address");
}

}  // namespace
}  // namespace larder
