// What connections may ask about each other, and do to each other. Method: two connections on one world, with
// the replies that Redis 7 gives.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "session/resp_test_support.h"

namespace larder::session {
namespace {

using Connection = RespConnection;
using testing::HasSubstr;
using testing::Not;

TEST(RespClients, ListThemselvesAndEachOther) {
  World world;
  Connection first(world, 1);
  Connection second(world, 2);
  first.ask("CLIENT SETNAME one");
  first.ask("CLIENT SETINFO LIB-NAME redis-py(django_v5.0)");
  first.ask("CLIENT SETINFO lib-ver 5.0.1");
  second.ask("SELECT 3");
  second.ask("HELLO 3");
  const std::string list = second.ask("CLIENT LIST");
  EXPECT_THAT(
      list,
      HasSubstr("id=1 addr=127.0.0.1:50001 laddr=127.0.0.1:6379 fd=-1 name=one age=0 idle=0 flags=N db=0 "));
  EXPECT_THAT(list, HasSubstr(" lib-name=redis-py(django_v5.0) lib-ver=5.0.1\n"));
  EXPECT_THAT(list, HasSubstr("id=2 addr=127.0.0.1:50002 "));
  EXPECT_THAT(list, HasSubstr("db=3 "));
  EXPECT_THAT(list, HasSubstr("cmd=client|list user=default redir=-1 resp=3"));
  EXPECT_TRUE(list.starts_with("=")) << "verbatim in RESP3";
  EXPECT_THAT(first.ask("CLIENT LIST ID 2 9"), Not(HasSubstr("id=1 ")));
  EXPECT_EQ(first.ask("CLIENT LIST TYPE pubsub"), "$0\r\n\r\n");
  EXPECT_THAT(first.ask("CLIENT LIST TYPE normal"), HasSubstr("id=2 "));
  EXPECT_THAT(first.ask("CLIENT INFO"), HasSubstr("id=1 "));
  first.ask("MULTI");
  first.ask("PING");
  EXPECT_THAT(second.ask("CLIENT LIST ID 1"), HasSubstr("multi=1 "));
}

// The flags stand in the order of Redis, and N for none.
TEST(RespClients, TellWhatHoldsOfThem) {
  World world;
  Connection first(world, 1);
  Connection second(world, 2);
  second.ask("CLIENT NO-EVICT on");
  EXPECT_THAT(first.ask("CLIENT LIST ID 2"), HasSubstr(" flags=e "));
  second.ask("MULTI");
  EXPECT_THAT(first.ask("CLIENT LIST ID 2"), HasSubstr(" flags=xe "));
}

TEST(RespClients, CountTheKeysThatTheyWatch) {
  World world;
  Connection first(world, 1);
  Connection second(world, 2);
  const auto expect_watched = [&](const std::string& command, const std::string& count) {
    first.ask(command);
    EXPECT_THAT(second.ask("CLIENT LIST ID 1"), HasSubstr(" watch=" + count + " ")) << command;
    EXPECT_THAT(second.ask("CLIENT INFO"), HasSubstr(" watch=0 "));
  };
  expect_watched("PING", "0");
  expect_watched("WATCH a b a", "2");
  expect_watched("SELECT 1", "2");
  expect_watched("WATCH a", "3");
  EXPECT_THAT(first.ask("CLIENT INFO"), HasSubstr(" watch=3 "));
  expect_watched("UNWATCH", "0");
  for (const std::string end : {"EXEC", "DISCARD", "RESET", "EXEC a"}) {
    expect_watched("WATCH a", "1");
    expect_watched("MULTI", "1");
    expect_watched(end, "0");
  }
}

TEST(RespClients, AreAtThePathOfTheirUnixSocket) {
  World world;
  const std::string address = "/run/larder.sock:0";
  const ConnectionFacts facts{
      .id = 1, .address = address, .local_address = address, .accepted_at = world.now};
  Connection first(world, facts);
  Connection second(world, 2);
  EXPECT_THAT(
      second.ask("CLIENT LIST ID 1"),
      HasSubstr("id=1 addr=/run/larder.sock:0 laddr=/run/larder.sock:0 fd=-1 name= age=0 idle=0 flags=U "));
  first.ask("CLIENT NO-EVICT on");
  first.ask("MULTI");
  EXPECT_THAT(second.ask("CLIENT LIST ID 1"), HasSubstr(" flags=xUe "));
  first.ask("DISCARD");
  second.session.attach(std::make_shared<Noted>());
  second.ask("MONITOR");
  first.ask("ECHO a");
  EXPECT_THAT(second.ask(""), HasSubstr(" [0 unix:/run/larder.sock] \"ECHO\" \"a\"\r\n"));
  EXPECT_EQ(first.ask("CLIENT KILL ADDR /run/larder.sock:0 SKIPME yes"), ":0\r\n");
}

TEST(RespClients, AnswerAsRedisDoesWhatIsWrong) {
  expect_turns({{"CLIENT LIST TYPE foo", "-ERR Unknown client type 'foo'\r\n"},
                {"CLIENT LIST ID x", "-ERR Invalid client ID\r\n"},
                {"CLIENT LIST ID", syntax},
                {"CLIENT LIST foo", syntax},
                {"CLIENT KILL foo", "-ERR No such client\r\n"},
                {"CLIENT KILL ID x", "-ERR client-id should be greater than 0\r\n"},
                {"CLIENT KILL ID 99", ":0\r\n"},
                {"CLIENT KILL TYPE foo", "-ERR Unknown client type 'foo'\r\n"},
                {"CLIENT KILL USER nosuch", "-ERR No such user 'nosuch'\r\n"},
                {"CLIENT KILL SKIPME maybe", syntax},
                {"CLIENT KILL ID 4 foo", syntax},
                {"CLIENT PAUSE x", "-ERR timeout is not an integer or out of range\r\n"},
                {"CLIENT PAUSE -1", "-ERR timeout is negative\r\n"},
                {"CLIENT PAUSE 1 foo", "-ERR CLIENT PAUSE mode must be WRITE or ALL\r\n"},
                {"CLIENT REPLY foo", syntax},
                {"CLIENT NO-EVICT maybe", syntax},
                {"CLIENT NO-EVICT on", ok},
                {"CLIENT NO-TOUCH off", ok},
                {"CLIENT UNBLOCK 99", ":0\r\n"},
                {"CLIENT UNBLOCK x", "-ERR value is not an integer or out of range\r\n"},
                {"CLIENT GETREDIR", ":-1\r\n"},
                {"CLIENT TRACKINGINFO",
                 "*6\r\n$5\r\nflags\r\n*1\r\n$3\r\noff\r\n$8\r\nredirect\r\n:-1\r\n$8\r\nprefixes\r\n*0\r\n"},
                {"CLIENT TRACKING foo", syntax},
                {"CLIENT TRACKING off", ok},
                {"CLIENT TRACKING on", "-ERR CLIENT TRACKING is not served yet\r\n"}});
}

TEST(RespClients, KillOthersAndThemselves) {
  World world;
  Connection me(world, 1);
  Connection other(world, 2);
  const auto remote = std::make_shared<Noted>();
  other.session.attach(remote);
  EXPECT_EQ(me.ask("CLIENT KILL 127.0.0.1:50002"), ok);
  EXPECT_EQ(remote->close_count, 1);
  other.ask("PING");
  EXPECT_TRUE(other.peer.played().closed);
  const Connection third(world, 3);
  EXPECT_EQ(me.ask("CLIENT KILL TYPE normal"), ":1\r\n") << "neither the caller nor who was killed before";
  EXPECT_EQ(me.ask("CLIENT KILL LADDR 127.0.0.1:6379 SKIPME no ID 1"), ":1\r\n");
  EXPECT_TRUE(me.peer.played().closed);
}

TEST(RespClients, AskForSilence) {
  World world;
  Connection connection(world);
  EXPECT_EQ(connection.ask("CLIENT REPLY SKIP"), "");
  EXPECT_EQ(connection.ask("SET a 1"), "");
  EXPECT_EQ(connection.ask("GET a"), "$1\r\n1\r\n");
  EXPECT_EQ(connection.ask("CLIENT REPLY SKIP\r\nCLIENT REPLY SKIP\r\nCLIENT REPLY ON"), ok);
  EXPECT_EQ(connection.ask("CLIENT REPLY SKIP\r\nRESET\r\nPING"), "+PONG\r\n");
  EXPECT_EQ(connection.ask("CLIENT REPLY OFF"), "");
  EXPECT_EQ(connection.ask("SET a 2"), "");
  EXPECT_EQ(connection.ask("nosuch"), "");
  EXPECT_EQ(connection.ask("CLIENT REPLY SKIP"), "");
  EXPECT_EQ(connection.ask("GET a"), "");
  EXPECT_EQ(connection.ask("CLIENT REPLY ON"), ok);
  EXPECT_EQ(connection.ask("GET a"), "$1\r\n2\r\n");
}

TEST(RespClients, EndInSilenceWhenTheyAskedForIt) {
  for (const std::string mode : {"OFF", "SKIP"}) {
    for (const std::string last : {"*x", "QUIT", "*1\r\n$-5"}) {
      World world;
      Connection connection(world);
      connection.ask("CLIENT REPLY " + mode);
      EXPECT_EQ(connection.ask(last), "") << mode << " " << last;
      EXPECT_TRUE(connection.peer.played().closed) << mode << " " << last;
    }
  }
  World world;
  Connection connection(world);
  EXPECT_EQ(connection.ask("CLIENT REPLY OFF"), "");
  EXPECT_EQ(connection.ask("RESET"), "+RESET\r\n");
}

TEST(RespClients, WaitWhileThereIsAPause) {
  World world;
  Connection admin(world, 1);
  Connection client(world, 2);
  const auto remote = std::make_shared<Noted>();
  client.session.attach(remote);
  client.ask("SET k 1");
  EXPECT_EQ(admin.ask("CLIENT PAUSE 1000 WRITE"), ok);
  EXPECT_EQ(client.ask("GET k"), "$1\r\n1\r\n");
  EXPECT_EQ(client.ask("INCR k"), "") << "it waits";
  EXPECT_EQ(admin.ask("CLIENT UNPAUSE"), ok);
  EXPECT_EQ(remote->wake_count, 1);
  client.peer.send("");
  EXPECT_EQ(client.peer.take_replies(), ":2\r\n");

  admin.ask("CLIENT PAUSE 1000");
  EXPECT_EQ(client.ask("GET k"), "");
  world.service.clients.tick(world.now + Duration{1000});
  EXPECT_EQ(remote->wake_count, 2);
  client.peer.set_now(world.now + Duration{1000});
  client.peer.send("");
  EXPECT_EQ(client.peer.take_replies(), "$1\r\n2\r\n");
}

TEST(RespClients, ATransactionThatOnlyReadsDoesNotWaitForWriters) {
  World world;
  Connection admin(world, 1);
  Connection client(world, 2);
  client.session.attach(std::make_shared<Noted>());
  admin.ask("CLIENT PAUSE 1000 WRITE");
  client.ask("MULTI");
  EXPECT_EQ(client.ask("GET k"), "+QUEUED\r\n");
  EXPECT_EQ(client.ask("EXEC"), "*1\r\n$-1\r\n");
}

// Method: what Redis 7.0.15 holds up was asked of it.
TEST(RespClients, AreToldAtOnceInAPauseWhatIsWrong) {
  World world;
  Connection admin(world, 1);
  for (const Bytes mode : {"ALL", "WRITE"}) {
    Connection client(world, 2);
    client.session.attach(std::make_shared<Noted>());
    admin.ask("CLIENT PAUSE 1000 " + std::string(mode));
    EXPECT_THAT(client.ask("NOSUCH"), HasSubstr("ERR unknown command"));
    EXPECT_THAT(client.ask("CONFIG NOSUCH"), HasSubstr("ERR unknown subcommand"));
    EXPECT_THAT(client.ask("LPUSH l v"), HasSubstr("not served yet"));
    EXPECT_THAT(client.ask("GET"), HasSubstr("ERR wrong number"));
    EXPECT_THAT(client.ask("SET k"), HasSubstr("ERR wrong number"));
    EXPECT_THAT(client.ask("EXEC now"), HasSubstr("EXECABORT"));
    EXPECT_EQ(client.ask("SET k v EX"), "") << "the command finds that out itself";
    admin.ask("CLIENT UNPAUSE");
    client.peer.send("");
    EXPECT_EQ(client.peer.take_replies(), syntax);
  }
}

TEST(RespClients, WaitWithEveryKindOfWrite) {
  World world;
  Connection admin(world, 1);
  for (const std::string before : {"", "MULTI", "MULTI\r\nSET k 1"}) {
    for (const std::string command : {"SET k v", "FUNCTION FLUSH", "EXEC"}) {
      Connection client(world, 2);
      client.session.attach(std::make_shared<Noted>());
      client.ask(before);
      admin.ask("CLIENT PAUSE 1000 WRITE");
      const bool waits = command != "EXEC" || before.size() > 6;
      EXPECT_EQ(client.ask(command).empty(), waits) << before << " " << command;
      admin.ask("CLIENT UNPAUSE");
    }
  }
}

// A store that is refused empties its key, and that is a write. Method: what a paused connection sends is not
// done while another reads; every place where a store may be refused, and the pause before it or within.
TEST(RespClients, DoNotEmptyTheKeyOfARefusedStoreInAPause) {
  World world;
  world.limits.key_size_max = 8;
  world.limits.value_size_max = 10;
  const std::string large(11, 'v');
  const std::string too_large = "-ERR string exceeds maximum allowed size\r\n";
  struct Store {
    std::string before;  // the pause
    std::string behind;
    std::string reply;
  };
  for (const Store& store :
       {Store{"", "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$11\r\n" + large + "\r\n", too_large},
        Store{"*5\r\n$4\r\nMSET\r\n$1\r\na\r\n$11\r\n", large + "\r\n$1\r\nk\r\n$1\r\n1\r\n", too_large},
        Store{"MULTI\r\n", "MSET k 1 longer-key 2\r\n", "-ERR a key is longer than 8 bytes\r\n"},
        Store{"MULTI\r\n", "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$11\r\n" + large + "\r\n", too_large},
        Store{"", "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$-5\r\n", "-ERR Protocol error: invalid bulk length\r\n"}}) {
    for (const Bytes mode : {"WRITE", "ALL"}) {
      Connection admin(world, 1);
      Connection client(world, 2);
      client.session.attach(std::make_shared<Noted>());
      world.put("k", "old");
      client.peer.send(store.before);
      const std::string first = client.peer.take_replies();
      admin.ask("CLIENT PAUSE 1000 " + std::string(mode));
      client.peer.send(store.behind);
      EXPECT_EQ(client.peer.take_replies(), "") << store.behind;
      EXPECT_EQ(admin.ask("GET k"), "$3\r\nold\r\n") << store.before << store.behind;
      admin.ask("CLIENT UNPAUSE");
      client.peer.send("");
      EXPECT_EQ(admin.ask("GET k"), null) << store.before << store.behind;
      EXPECT_EQ(client.peer.take_replies(), first.starts_with("-") ? "" : store.reply);
    }
  }
}

TEST(RespClients, SleepAlone) {
  World world;
  Connection connection(world);
  EXPECT_EQ(connection.ask("DEBUG SLEEP 1"), ok) << "nobody could wake it";
  const auto remote = std::make_shared<Noted>();
  connection.session.attach(remote);
  EXPECT_EQ(connection.ask("DEBUG SLEEP 0.5"), "");
  EXPECT_EQ(connection.ask("PING"), "");
  world.service.clients.tick(world.now + Duration{500});
  EXPECT_GE(remote->wake_count, 1);
  connection.peer.set_now(world.now + Duration{500});
  connection.peer.send("");
  EXPECT_EQ(connection.peer.take_replies(), ok + "+PONG\r\n");
}

// LRU: of two items the one that was read stays.
TEST(RespClients, ReadWithoutUsingWhenTheyAskForThat) {
  for (const bool is_quiet : {false, true}) {
    World world(std::size_t{64} << 10);
    Connection connection(world);
    connection.ask(is_quiet ? "CLIENT NO-TOUCH ON" : "CLIENT NO-TOUCH OFF");
    connection.ask("SET k v");
    for (int i = 0; i < 2000; ++i) {
      connection.ask("SET other" + std::to_string(i) + " " + std::string(50, 'v'));
      connection.ask(i % 2 == 0 ? "GET k" : "MGET k none");
    }
    EXPECT_EQ(connection.ask("EXISTS k"), is_quiet ? ":0\r\n" : ":1\r\n");
    if (is_quiet) {
      EXPECT_THAT(connection.ask("INFO stats"), HasSubstr("keyspace_hits:0\r\n"));
    }
  }
}

// TOUCH is for nothing else, in a transaction as outside; what else is there reads without using.
TEST(RespClients, TouchAlsoWhenTheyReadWithoutUsing) {
  for (const bool is_in_transaction : {false, true}) {
    for (const Bytes command : {"TOUCH k", "GET k"}) {
      World world(std::size_t{64} << 10);
      Connection connection(world);
      connection.ask("CLIENT NO-TOUCH ON");
      connection.ask("SET k v");
      for (int i = 0; i < 2000; ++i) {
        connection.ask("SET other" + std::to_string(i) + " " + std::string(50, 'v'));
        if (is_in_transaction) connection.ask("MULTI");
        connection.ask(std::string(command));
        if (is_in_transaction) connection.ask("EXEC");
      }
      EXPECT_EQ(connection.ask("EXISTS k"), command == "TOUCH k" ? ":1\r\n" : ":0\r\n") << is_in_transaction;
    }
  }
}

TEST(RespServer, ShowsHowMuchThereIsToDo) {
  World world;
  Connection connection(world);
  world.service.sample(world.now, insight::add_up(world.environment.all_counters));
  for (int i = 0; i < 300; ++i) connection.ask("PING");
  world.service.sample(world.now + Duration{500}, insight::add_up(world.environment.all_counters));
  EXPECT_THAT(connection.ask("INFO stats"), HasSubstr("instantaneous_ops_per_sec:0\r\n"));
  world.service.sample(world.now + Duration{1500}, insight::add_up(world.environment.all_counters));
  EXPECT_THAT(connection.ask("INFO stats"), HasSubstr("instantaneous_ops_per_sec:200\r\n"));
}

}  // namespace
}  // namespace larder::session
