// What a caller may rely on when the server, or what claims to be one, misbehaves. Method: the peer is a
// script that speaks bytes; limits are short, and every test asserts what the caller gets, not how long it
// took, save where the time limit is the point. The commands themselves are proved against a real server by
// tests/e2e and the example project.
#include "larder/client.h"

#include <array>
#include <atomic>
#include <chrono>
#include <future>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "client/scripted_peer.h"

namespace larder {
namespace {

using client::PeerConnection;
using client::ScriptedPeer;
using testing::HasSubstr;

constexpr Bytes get_k = "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n";
constexpr Bytes set_k_v = "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n";
constexpr Bytes ping = "*1\r\n$4\r\nPING\r\n";

Client client_of(const std::string& url, Duration call_timeout = Duration{5000}) {
  auto client = make_client({.address = url, .call_timeout = call_timeout});
  EXPECT_TRUE(client.has_value());
  return *std::move(client);
}

template <class T>
ErrorKind kind_of(const Result<T>& result) {
  EXPECT_FALSE(result.has_value());
  return result ? ErrorKind::unsupported : result.error().kind;
}

/// True if there was an answer, and it was this one.
template <class T, class U>
testing::AssertionResult answers(const Result<T>& result, const U& expected) {
  if (!result) return testing::AssertionFailure() << result.error().message;
  if (*result == expected) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "answered " << testing::PrintToString(*result);
}

TEST(ClientOptions, AreRefusedWhenTheyCannotWork) {
  EXPECT_EQ(kind_of(make_client({.address = "127.0.0.1:6379"})), ErrorKind::malformed);
  EXPECT_EQ(kind_of(make_client({.address = "http://127.0.0.1:6379"})), ErrorKind::unsupported);
  EXPECT_EQ(kind_of(make_client({.address = "http+unix:///run/larder.sock"})), ErrorKind::unsupported);
  EXPECT_EQ(kind_of(make_client({.address = "http+tls://127.0.0.1:6379"})), ErrorKind::unsupported);
  EXPECT_EQ(kind_of(make_client({.address = "resp+unix://larder.sock"})), ErrorKind::malformed);
  EXPECT_TRUE(make_client({.address = "resp+unix:///run/larder.sock"}).has_value());
  EXPECT_EQ(kind_of(make_client({.address = "resp://127.0.0.1:0"})), ErrorKind::unsupported);
  EXPECT_EQ(kind_of(make_client({.call_timeout = Duration{0}})), ErrorKind::unsupported);
  EXPECT_EQ(kind_of(make_client({.connection_count_max = 0})), ErrorKind::unsupported);
  EXPECT_EQ(kind_of(make_client({.address = "resp://u:p@127.0.0.1:1", .password = "q"})),
            ErrorKind::unsupported);
}

TEST(Client, ReturnsAnswersAndKeepsItsConnection) {
  const ScriptedPeer peer([](PeerConnection& connection) {
    connection.expect(get_k);
    connection.send("$2\r\n\r\n\r\n");
    connection.expect(get_k);
    connection.send("$-1\r\n");
    connection.expect(set_k_v);
    connection.send("+OK\r\n");
    connection.expect("*5\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n$2\r\nPX\r\n$4\r\n1500\r\n");
    connection.send("+OK\r\n");
    connection.expect("*2\r\n$3\r\nDEL\r\n$1\r\nk\r\n");
    connection.send(":1\r\n");
    connection.expect("*2\r\n$6\r\nEXISTS\r\n$1\r\nk\r\n");
    connection.send(":0\r\n");
    connection.expect(ping);
    connection.send("+PONG\r\n");
    connection.expect("*3\r\n$4\r\nMGET\r\n$1\r\na\r\n$1\r\nb\r\n");
    connection.send("*2\r\n$-1\r\n$1\r\nB\r\n");
    connection.stay_silent();
  });
  Client client = client_of(peer.url());
  EXPECT_TRUE(answers(client.get("k"), "\r\n"));
  EXPECT_TRUE(answers(client.get("k"), std::nullopt));
  EXPECT_TRUE(client.set("k", "v"));
  EXPECT_TRUE(client.set("k", "v", Duration{1500}));
  EXPECT_TRUE(answers(client.remove("k"), true));
  EXPECT_TRUE(answers(client.exists("k"), false));
  EXPECT_TRUE(client.ping());
  const std::array<Bytes, 2> keys = {"a", "b"};
  const auto values = client.get_many(keys);
  ASSERT_TRUE(values);
  EXPECT_EQ(*values, (std::vector<std::optional<std::string>>{std::nullopt, "B"}));
  EXPECT_TRUE(client.get_many({})->empty());
  EXPECT_EQ(peer.accepted_count(), 1U);
}

TEST(Client, GivesUpOnASilentServerWithinItsLimit) {
  const ScriptedPeer peer([](PeerConnection& connection) { connection.stay_silent(); },
                          ScriptedPeer::Mode::all_at_once);
  Client client = client_of(peer.url(), Duration{150});
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(kind_of(client.get("k")), ErrorKind::timed_out);
  const auto took = std::chrono::steady_clock::now() - start;
  EXPECT_GE(took, Duration{150});
  EXPECT_LT(took, Duration{2000});
  EXPECT_EQ(peer.accepted_count(), 1U) << "a time limit is no reason to try again";
}

// The limit is one for the whole call: a peer that sends a byte within every limit of its own gains nothing.
TEST(Client, GivesUpOnAServerThatDripsBytes) {
  std::atomic<bool> stop = false;
  const ScriptedPeer peer([&](PeerConnection& connection) {
    connection.expect(get_k);
    connection.send("$1000000\r\n");
    while (!stop && connection.send("x")) std::this_thread::sleep_for(Duration{5});
  });
  Client client = client_of(peer.url(), Duration{200});
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(kind_of(client.get("k")), ErrorKind::timed_out);
  EXPECT_LT(std::chrono::steady_clock::now() - start, Duration{2000});
  stop = true;
}

TEST(Client, TriesAReadOnceMoreOnAFreshConnection) {
  const ScriptedPeer peer([](PeerConnection& connection) {
    connection.expect(get_k);
    connection.send(connection.index() == 0 ? "$5\r\nhal" : "$5\r\nwhole\r\n");
  });
  Client client = client_of(peer.url());
  EXPECT_TRUE(answers(client.get("k"), "whole"));
  EXPECT_EQ(peer.accepted_count(), 2U);
}

TEST(Client, TriesAReadNoMoreThanTwice) {
  const ScriptedPeer peer([](PeerConnection& connection) {
    connection.expect(get_k);
    connection.send("$5\r\nhal");
  });
  Client client = client_of(peer.url());
  EXPECT_EQ(kind_of(client.get("k")), ErrorKind::disconnected);
  EXPECT_EQ(peer.accepted_count(), 2U);
}

TEST(Client, TriesAWriteOnlyOnce) {
  const ScriptedPeer peer([](PeerConnection& connection) { connection.expect(set_k_v); });
  Client client = client_of(peer.url());
  EXPECT_EQ(kind_of(client.set("k", "v")), ErrorKind::disconnected);
  EXPECT_EQ(peer.accepted_count(), 1U);
}

// A late answer left on a connection would be taken for the answer to the next question.
TEST(Client, NeverTakesAnAnswerToAnEarlierQuestion) {
  std::promise<void> client_gave_up;
  const ScriptedPeer peer(
      [&](PeerConnection& connection) {
        connection.expect(get_k);
        if (connection.index() == 0) {
          client_gave_up.get_future().wait();
          connection.send("$3\r\nold\r\n");
        } else {
          connection.send("$3\r\nnew\r\n");
        }
        connection.stay_silent();
      },
      ScriptedPeer::Mode::all_at_once);
  Client client = client_of(peer.url(), Duration{300});
  EXPECT_EQ(kind_of(client.get("k")), ErrorKind::timed_out);
  client_gave_up.set_value();
  EXPECT_TRUE(answers(client.get("k"), "new"));
}

// Bytes that nobody asked for, and answers of the wrong kind, end the connection as well.
TEST(Client, DropsAConnectionThatSaysWhatWasNotAsked) {
  for (const Bytes reply : {"$1\r\nv\r\n$1\r\nw\r\n", ":1\r\n", "+OK\r\n", "*0\r\n", "%%%\r\n", "$x\r\n",
                            "HTTP/1.1 400 Bad Request\r\n\r\n"}) {
    const ScriptedPeer peer([&](PeerConnection& connection) {
      connection.expect(get_k);
      connection.send(connection.index() == 0 ? reply : "$1\r\nv\r\n");
      if (connection.index() == 1) connection.stay_silent();
    });
    Client client = client_of(peer.url());
    EXPECT_EQ(kind_of(client.get("k")), ErrorKind::malformed) << reply;
    EXPECT_TRUE(answers(client.get("k"), "v")) << reply;
  }
}

TEST(Client, RefusesAReplyBeyondItsBound) {
  const ScriptedPeer peer([](PeerConnection& connection) {
    connection.expect(get_k);
    connection.send("$1001\r\n");
    connection.stay_silent();
  });
  auto client = make_client({.address = peer.url(), .reply_size_max = 1000});
  ASSERT_TRUE(client);
  EXPECT_EQ(kind_of(client->get("k")), ErrorKind::too_large);
}

TEST(Client, PassesOnWhatTheServerRefuses) {
  const ScriptedPeer peer([](PeerConnection& connection) {
    connection.expect(set_k_v);
    connection.send("-ERR no such luck\r\n");
    connection.expect(set_k_v);
    connection.send("-OOM out of memory\r\n");
    connection.expect(ping);
    connection.send("+PONG\r\n");
  });
  Client client = client_of(peer.url());
  const auto refused = client.set("k", "v");
  EXPECT_EQ(kind_of(refused), ErrorKind::refused);
  EXPECT_EQ(refused.error().message, "ERR no such luck");
  EXPECT_EQ(kind_of(client.set("k", "v")), ErrorKind::overloaded);
  EXPECT_TRUE(client.ping()) << "an error is an answer: the connection is kept";
  EXPECT_EQ(peer.accepted_count(), 1U);
}

TEST(Client, SaysThatNobodyListensAndFindsTheServerWhenItComes) {
  std::uint16_t port = 0;
  {
    const ScriptedPeer gone([](PeerConnection&) {});
    port = gone.port();
  }
  Client client = client_of("resp://127.0.0.1:" + std::to_string(port));
  const auto answer = client.ping();
  EXPECT_EQ(kind_of(answer), ErrorKind::disconnected);
  EXPECT_THAT(answer.error().message, HasSubstr("resp://127.0.0.1:" + std::to_string(port)));
  const ScriptedPeer peer(
      [](PeerConnection& connection) {
        connection.expect(ping);
        connection.send("+PONG\r\n");
      },
      ScriptedPeer::Mode::one_by_one, port);
  EXPECT_TRUE(client.ping());
}

// Writes are not repeated, so a connection that died while it lay in the pool must be noticed before one is
// sent on it.
TEST(Client, WritesOnAFreshConnectionAfterTheServerRestarted) {
  const auto script = [](PeerConnection& connection) {
    while (connection.receive() == set_k_v) connection.send("+OK\r\n");
  };
  auto peer = std::make_unique<ScriptedPeer>(script);
  Client client = client_of(peer->url());
  ASSERT_TRUE(client.set("k", "v"));
  const std::uint16_t port = peer->port();
  peer.reset();
  peer = std::make_unique<ScriptedPeer>(script, ScriptedPeer::Mode::one_by_one, port);
  EXPECT_TRUE(client.set("k", "v"));
}

TEST(Pipeline, IsAnsweredCommandByCommand) {
  const ScriptedPeer peer([](PeerConnection& connection) {
    connection.expect(std::string(set_k_v) + std::string(get_k) + "*2\r\n$3\r\nDEL\r\n$0\r\n\r\n" +
                      std::string(ping));
    connection.send("+OK\r\n$1\r\nv\r\n-ERR no\r\n+PONG\r\n");
  });
  Client client = client_of(peer.url());
  Pipeline pipeline;
  EXPECT_TRUE(client.run(pipeline)->empty());
  pipeline.set("k", "v");
  pipeline.get("k");
  pipeline.remove("");
  pipeline.ping();
  const auto replies = client.run(pipeline);
  ASSERT_TRUE(replies);
  ASSERT_EQ(replies->size(), 4U);
  EXPECT_TRUE((*replies)[0]);
  EXPECT_EQ((*replies)[1]->value, "v");
  EXPECT_TRUE((*replies)[1]->found);
  EXPECT_EQ(kind_of((*replies)[2]), ErrorKind::refused);
  EXPECT_TRUE((*replies)[3]);
}

TEST(Pipeline, SaysWhichCommandsWereNotAnswered) {
  const ScriptedPeer peer([](PeerConnection& connection) {
    connection.expect(std::string(set_k_v) + std::string(set_k_v));
    connection.send("+OK\r\n+O");
  });
  Client client = client_of(peer.url());
  Pipeline pipeline;
  pipeline.set("k", "v");
  pipeline.set("k", "v");
  const auto replies = client.run(pipeline);
  ASSERT_TRUE(replies);
  EXPECT_TRUE((*replies)[0]);
  EXPECT_EQ(kind_of((*replies)[1]), ErrorKind::disconnected);
  EXPECT_EQ(peer.accepted_count(), 1U);
}

TEST(Pipeline, IsAnErrorAsAWholeOnlyIfNothingWasSent) {
  std::string url;
  {
    const ScriptedPeer gone([](PeerConnection&) {});
    url = gone.url();
  }
  Client client = client_of(url);
  Pipeline pipeline;
  pipeline.set("k", "v");
  EXPECT_EQ(kind_of(client.run(pipeline)), ErrorKind::disconnected);
}

// Replies are read in pieces whose ends fall where they like. Method: answers that are longer than a piece,
// with the pieces' likely ends at every byte of what stands around them; TCP brings most of them whole.
TEST(Pipeline, TakesAnyNumberOfShortAnswers) {
  constexpr int count = 10000;
  std::string commands;
  std::string replies;
  Pipeline pipeline;
  for (int i = 0; i < count; ++i) {
    commands += set_k_v;
    replies += "+OK\r\n";
    pipeline.set("k", "v");
  }
  const ScriptedPeer peer([&](PeerConnection& connection) {
    connection.expect(commands);
    connection.send(replies);
  });
  Client client = client_of(peer.url());
  const auto answers_of_all = client.run(pipeline);
  ASSERT_TRUE(answers_of_all);
  for (const auto& answer : *answers_of_all) ASSERT_TRUE(answer) << answer.error().message;
}

TEST(Client, ReadsValuesOfEverySizeAroundWhatItReadsAtATime) {
  std::vector<std::string> values;
  for (const std::size_t read_size : {std::size_t{16} << 10, std::size_t{32} << 10}) {
    for (std::size_t size = read_size - 16; size <= read_size + 2; ++size) values.emplace_back(size, 'v');
  }
  const ScriptedPeer peer([&](PeerConnection& connection) {
    for (const std::string& value : values) {
      connection.expect(get_k);
      connection.send("$" + std::to_string(value.size()) + "\r\n" + value + "\r\n");
    }
  });
  Client client = client_of(peer.url());
  for (const std::string& value : values) EXPECT_TRUE(client.get("k") == value) << value.size();
  EXPECT_EQ(peer.accepted_count(), 1U);
}

// A server stops reading once too much of its answers is untaken. Method: the peer answers each command with
// far more bytes than it reads, and reads no further before its answer has left.
TEST(Pipeline, TakesAnswersWhileItIsStillSending) {
  const std::string value(std::size_t{1} << 20, 'v');
  const std::string reply = "$" + std::to_string(value.size()) + "\r\n" + value + "\r\n";
  const std::string big_get = "*2\r\n$3\r\nGET\r\n$" + std::to_string(value.size()) + "\r\n" + value + "\r\n";
  const ScriptedPeer peer([&](PeerConnection& connection) {
    while (connection.expect(big_get) && connection.send(reply)) {
    }
  });
  Client client = client_of(peer.url(), Duration{30000});
  Pipeline pipeline;
  for (int i = 0; i < 16; ++i) pipeline.get(value);
  const auto replies = client.run(pipeline);
  ASSERT_TRUE(replies);
  for (const auto& answer : *replies) EXPECT_EQ(answer->value, value);
}

// Threads that share a client never see each other's answers. Method: the peer answers a key with itself, and
// hangs up now and then; four threads with keys of their own get nothing but those, or an error.
TEST(Client, ServesManyThreads) {
  const ScriptedPeer peer(
      [](PeerConnection& connection) {
        for (int count = 0; count < 20; ++count) {
          const std::string command = connection.receive();
          constexpr Bytes head = "*2\r\n$3\r\nGET\r\n";
          if (!Bytes(command).starts_with(head)) return;
          connection.send(Bytes(command).substr(head.size()));
        }
      },
      ScriptedPeer::Mode::all_at_once);
  auto made =
      make_client({.address = peer.url(), .call_timeout = Duration{10000}, .connection_count_max = 3});
  ASSERT_TRUE(made);
  Client& client = *made;
  std::atomic<int> right_count = 0;
  std::array<std::thread, 4> threads;
  for (std::size_t thread = 0; thread < threads.size(); ++thread) {
    threads[thread] = std::thread([&, thread] {
      for (int i = 0; i < 100; ++i) {
        const std::string key = std::to_string(thread) + "-" + std::to_string(i);
        const auto value = client.get(key);
        if (!value) continue;
        EXPECT_EQ(*value, key);
        ++right_count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(right_count, 300) << "hanging up between two commands costs a retry, not an answer";
}

}  // namespace
}  // namespace larder
