// Connections see each other through the registry. Method: clients that note what is asked of them.
#include "session/clients.h"

#include <gtest/gtest.h>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <vector>

#include "session/session_test_support.h"

namespace larder::session {
namespace {

TimePoint at(std::int64_t ms) { return TimePoint{Duration{ms}}; }

struct Member {
  explicit Member(Clients& clients, std::uint64_t id)
      : client(clients.add({.id = id, .address = "a:" + std::to_string(id)})) {
    client->attach(remote);
  }
  std::shared_ptr<Noted> remote = std::make_shared<Noted>();
  std::shared_ptr<Client> client;
};

TEST(Clients, AreThereFromAddToRemoveInOrderOfTheirIds) {
  Clients clients;
  const Member second(clients, 2);
  const Member first(clients, 1);
  ASSERT_EQ(clients.all().size(), 2U);
  EXPECT_EQ(clients.all()[0], first.client);
  clients.remove(first.client);
  EXPECT_EQ(clients.all(), std::vector{second.client});
  first.client->kill();  // nobody is there any more to close
  EXPECT_EQ(first.remote->close_count, 0);
  EXPECT_TRUE(first.client->is_killed);
}

TEST(Clients, OneThatIsKilledIsClosed) {
  Clients clients;
  const Member member(clients, 1);
  member.client->kill();
  EXPECT_TRUE(member.client->is_killed);
  EXPECT_EQ(member.remote->close_count, 1);
}

TEST(Clients, ThoseWhoMonitorAreToldAndThoseWhoDoNotKeepUpAreClosed) {
  Clients clients;
  const Member quick(clients, 1);
  const Member slow(clients, 2);
  const Member other(clients, 3);
  EXPECT_FALSE(clients.anybody_monitors());
  clients.start_monitor(quick.client);
  clients.start_monitor(quick.client);
  clients.start_monitor(slow.client);
  EXPECT_TRUE(clients.anybody_monitors());
  for (int i = 0; i < 5; ++i) {
    clients.tell_monitors("1234567890", 30);
    EXPECT_EQ(quick.client->take_left(), "1234567890");
  }
  EXPECT_EQ(quick.remote->wake_count, 5);
  EXPECT_EQ(slow.remote->wake_count, 1) << "once until it has taken what is there";
  EXPECT_GE(slow.remote->close_count, 1);
  EXPECT_EQ(other.client->take_left(), "");
  clients.remove(quick.client);
  clients.stop_monitor(*slow.client);
  EXPECT_FALSE(clients.anybody_monitors());
}

TEST(Clients, APauseEndsAtItsMomentAndASecondOneOnlyMakesItLongerAndHarder) {
  Clients clients;
  using enum Clients::Pause;
  EXPECT_EQ(clients.paused(at(0)), nothing);
  clients.pause(writes, at(100), at(0));
  EXPECT_EQ(clients.paused(at(99)), writes);
  EXPECT_EQ(clients.paused(at(100)), nothing);
  clients.pause(all, at(50), at(10));
  EXPECT_EQ(clients.paused(at(99)), all);
  clients.pause(writes, at(200), at(20));
  EXPECT_EQ(clients.paused(at(199)), all);
  clients.pause(writes, at(400), at(300));
  EXPECT_EQ(clients.paused(at(301)), writes) << "the one before had ended";
  clients.unpause();
  EXPECT_EQ(clients.paused(at(301)), nothing);
}

TEST(Clients, SleepersAreWokenAtTheFirstTickFromTheirMomentOn) {
  Clients clients;
  const Member early(clients, 1);
  const Member late(clients, 2);
  Member gone(clients, 3);
  clients.wake_at(at(100), early.client);
  clients.wake_at(at(200), late.client);
  clients.wake_at(at(100), gone.client);
  clients.remove(gone.client);
  gone.client.reset();
  clients.tick(at(99));
  EXPECT_EQ(early.remote->wake_count, 0);
  clients.tick(at(100));
  EXPECT_EQ(early.remote->wake_count, 1);
  EXPECT_EQ(late.remote->wake_count, 0);
  EXPECT_EQ(gone.remote->wake_count, 0);
  clients.unpause();
  EXPECT_EQ(late.remote->wake_count, 1) << "to look whether it still has to wait";
}

TEST(Clients, ComeAndGoWhileOthersLook) {
  Clients clients;
  std::atomic<bool> done{false};
  std::thread looker([&] {
    while (!done) {
      for (const auto& client : clients.all()) {
        static_cast<void>(client->names());
        static_cast<void>(client->leave("text", 1000));
      }
      clients.tell_monitors("line", 1000);
      clients.tick(at(5));
    }
  });
  for (int i = 0; i < 2000; ++i) {
    const Member member(clients, static_cast<std::uint64_t>(i));
    member.client->set_names({.name = "n" + std::to_string(i), .library = "", .library_version = ""});
    clients.start_monitor(member.client);
    clients.wake_at(at(3), member.client);
    clients.remove(member.client);
  }
  done = true;
  looker.join();
  EXPECT_TRUE(clients.all().empty());
  EXPECT_FALSE(clients.anybody_monitors());
}

// The tick belongs to a worker, which serves many others.
TEST(Clients, OneThatCannotBeWokenForWantOfMemoryIsWokenAtTheNextTick) {
  struct Starved final : Remote {
    void wake() override {
      if (wake_count++ == 0) throw std::bad_alloc();
    }
    void close() override {}
    int wake_count = 0;
  };
  Clients clients;
  const Member first(clients, 1);
  const Member second(clients, 2);
  const Member third(clients, 3);
  const auto starved = std::make_shared<Starved>();
  second.client->attach(starved);
  for (const Member* member : {&first, &second, &third}) clients.wake_at(at(100), member->client);
  EXPECT_NO_THROW(clients.tick(at(100)));
  EXPECT_EQ(first.remote->wake_count, 1);
  EXPECT_EQ(third.remote->wake_count, 1);
  EXPECT_EQ(starved->wake_count, 1);
  clients.tick(at(200));
  EXPECT_EQ(starved->wake_count, 2);
  clients.tick(at(300));
  EXPECT_EQ(starved->wake_count, 2);
  EXPECT_EQ(first.remote->wake_count, 1);
}

}  // namespace
}  // namespace larder::session
