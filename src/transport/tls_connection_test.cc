// A connection behind TLS, without a socket. Method: OpenSSL's client is the peer; what each side sends
// reaches the other in pieces of random sizes, or not at all. A record's header shows how many there are.
#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "base/sizes.h"
#include "base/test_seed.h"
#include "transport/connection_test_support.h"
#include "transport/tls_test_support.h"

namespace larder::transport {
namespace {

using testing::HasSubstr;

class TlsConnectionTest : public ConnectionTest {
 protected:
  TlsConnectionTest() {
    certificates_.issue("server");
    files_ = certificates_.files("server");
  }

  Connection make(Reaction script, Bytes application_protocol = {}) {
    if (context_ == nullptr) {
      auto loaded = load_tls_context(files_, SystemClock().now().wall);
      EXPECT_TRUE(loaded.has_value());
      context_ = *loaded;
    }
    return {std::make_unique<ScriptedHandler>(std::move(script), record_), limits_, spare_outputs_, now_,
            std::make_unique<TlsStream>(*context_, application_protocol)};
  }

  /// Moves what each owes to the other, `size_max` at a time, until nothing moves.
  void exchange(Connection& connection, TlsClient& client, std::size_t size_max = std::string::npos) {
    for (bool moves = true; moves;) {
      moves = false;
      if (client.has_output() && connection.wants_input()) {
        connection.received(client.take(size_max), now_);
        moves = true;
      }
      while (connection.must_resume()) connection.resume(now_);
      connection.seal(now_);
      if (connection.owed().empty()) continue;
      const std::string wire = connection.owed().text().substr(0, size_max);
      sent_ += wire;
      connection.sent(wire.size(), now_);
      client.receive(wire);
      moves = true;
    }
  }

  /// The sizes of the records with application data in `wire`.
  static std::vector<std::size_t> record_sizes(Bytes wire) {
    std::vector<std::size_t> sizes;
    while (wire.size() >= 5) {
      const std::size_t size =
          static_cast<unsigned char>(wire[3]) * std::size_t{256} + static_cast<unsigned char>(wire[4]);
      if (wire[0] == 23) sizes.push_back(size);
      wire.remove_prefix(std::min(wire.size(), 5 + size));
    }
    return sizes;
  }

  TestCertificates certificates_;
  TlsFiles files_;
  std::shared_ptr<const TlsContext> context_;
  std::string sent_;  // by the connection
};

TEST_F(TlsConnectionTest, CarriesRequestsAndRepliesInAnyCut) {
  SplitMix64 random(test_seed());
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    for (const std::size_t size_max :
         {std::size_t{1}, std::size_t{7}, std::size_t{1000}, std::string::npos}) {
      Connection connection = make(echo_whole_lines);
      TlsClient client({.ca = certificates_.ca(), .version_min = version, .version_max = version});
      std::string said;
      for (int i = 0; i < 20; ++i) {
        const std::string line = std::string(random.next() % 3000, 'x') + "\n";
        said += line;
        client.send(line);
        if (i % 3 == 0) exchange(connection, client, size_max);
      }
      exchange(connection, client, size_max);
      EXPECT_EQ(client.received(), said);
      EXPECT_EQ(client.failure(), "");
      EXPECT_TRUE(connection.idle());
      EXPECT_EQ(connection.buffer_capacity(), 0U);
    }
  }
}

TEST_F(TlsConnectionTest, TheHandlerHearsOfNothingBeforeTheHandshakeIsDone) {
  Connection connection = make(echo_whole_lines);
  TlsClient client;
  connection.woken(now_);
  EXPECT_FALSE(connection.must_resume());
  connection.received(client.take(100), now_);
  EXPECT_TRUE(record_.inputs.empty());
  exchange(connection, client);
  EXPECT_TRUE(client.is_established());
  EXPECT_EQ(record_.inputs, std::vector<std::string>{""}) << "it was woken";
}

TEST_F(TlsConnectionTest, RepliesOfATurnLeaveInOneRecord) {
  Connection connection = make([](Bytes input, Output& output) {
    for (int i = 0; i < 100; ++i) output.append("+OK\r\n");
    return Progress{input.size(), Wait::input, 0};
  });
  TlsClient client;
  exchange(connection, client);
  sent_.clear();
  client.send("x");
  connection.received(client.take(), now_);
  connection.seal(now_);
  EXPECT_EQ(record_sizes(connection.owed().text()).size(), 1U);
}

TEST_F(TlsConnectionTest, PiecesShareRecordsAndALargeValueIsEncryptedAsItIsTaken) {
  class Owner final : public Lender {
   public:
    Loan lend(Bytes bytes) override {
      ++lent_count;
      return {*this, this, bytes};
    }
    void take_back(const void* /*owner*/) noexcept override { --lent_count; }
    bool is_orphan(const void* /*owner*/) const noexcept override { return false; }
    int lent_count = 0;
  } owner;
  const std::string value(3 * mib, 'v');
  Connection connection = make([&](Bytes input, Output& output) {
    output.append("head ");
    output.append(owner.lend(value));
    output.append(" tail");
    return Progress{input.size(), Wait::input, 0};
  });
  TlsClient client;
  exchange(connection, client);
  sent_.clear();
  client.send("x");
  connection.received(client.take(), now_);
  connection.seal(now_);
  EXPECT_EQ(owner.lent_count, 1);
  EXPECT_LT(connection.buffer_capacity(), 3 * TlsStream::wire_size_max);
  EXPECT_FALSE(connection.idle());
  exchange(connection, client);
  EXPECT_EQ(owner.lent_count, 0);
  EXPECT_EQ(client.received(), "head " + value + " tail");
  const std::vector<std::size_t> sizes = record_sizes(sent_);
  EXPECT_LE(sizes.size(), 3 * mib / 16'384 + 2);
}

TEST_F(TlsConnectionTest, EndsWithAWordBothWays) {
  Connection connection = make([](Bytes input, Output& output) {
    output.append("bye");
    return Progress{input.size(), Wait::close, 0};
  });
  TlsClient client;
  exchange(connection, client);
  client.send("quit");
  connection.received(client.take(), now_);
  EXPECT_FALSE(connection.must_shut_write_side());
  exchange(connection, client);
  EXPECT_EQ(client.received(), "bye");
  EXPECT_TRUE(client.has_ended());
  shut(connection);

  Connection other = make(echo_whole_lines);
  TlsClient leaving;
  exchange(other, leaving);
  leaving.send("last\n");
  leaving.end();
  exchange(other, leaving);
  EXPECT_EQ(leaving.received(), "last\n");
  EXPECT_TRUE(other.finished());
  EXPECT_EQ(other.ending(), Ending::complete);
}

TEST_F(TlsConnectionTest, LastWordsAreEncryptedToo) {
  record_.last_words = "going away";
  Connection connection = make(echo_whole_lines);
  TlsClient client;
  exchange(connection, client);
  connection.shut_down(now_);
  exchange(connection, client);
  EXPECT_EQ(client.received(), "going away");
  EXPECT_TRUE(client.has_ended());

  Connection early = make(echo_whole_lines);
  early.shut_down(now_);
  EXPECT_FALSE(early.owes()) << "to whom nobody can speak yet";
  EXPECT_TRUE(early.must_shut_write_side());
}

TEST_F(TlsConnectionTest, WhoStopsInTheHandshakeIsClosed) {
  record_.idle_timeout = Duration{0};
  Connection connection = make(echo_whole_lines);
  TlsClient client;
  connection.received(client.take(50), now_);
  ASSERT_TRUE(connection.deadline().has_value());
  pass(Connection::handshake_time_max - Duration{1});
  connection.received(client.take(1), now_);
  connection.time_passed(now_);
  EXPECT_FALSE(connection.finished()) << "not yet";
  pass(Duration{1});
  connection.time_passed(now_);
  EXPECT_EQ(connection.ending(), Ending::tls_failed);

  limits_.stranger_time_max = Connection::handshake_time_max / 2;
  record_.is_stranger = true;
  Connection stranger = make(echo_whole_lines);
  stranger.received(TlsClient().take(50), now_);
  pass(limits_.stranger_time_max);
  stranger.time_passed(now_);
  EXPECT_EQ(stranger.ending(), Ending::stranger) << "the shorter time holds";
  record_.is_stranger = false;

  Connection established = make(echo_whole_lines);
  TlsClient quick;
  exchange(established, quick);
  EXPECT_EQ(established.deadline(), std::nullopt);
}

TEST_F(TlsConnectionTest, WhatIsNoTlsGetsAnAlertAndNoAnswer) {
  for (const std::string noise : {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "*1\r\n$4\r\nPING\r\n",
                                  "\x16\x03\x01\xff\xff garbage that claims to be a handshake"}) {
    Connection connection = make(echo_whole_lines);
    connection.received(noise, now_);
    connection.received(std::string(20'000, '\x80'), now_);
    connection.seal(now_);
    EXPECT_TRUE(record_.inputs.empty());
    EXPECT_FALSE(connection.tls()->failure().empty()) << noise;
    if (!connection.owed().empty()) {
      EXPECT_EQ(connection.owed().text()[0], 21) << "an alert";
      static_cast<void>(take_all(connection));
    }
    shut(connection);
    connection.received_end(now_);
    EXPECT_EQ(connection.ending(), Ending::tls_failed);
  }
}

// Fourteen bytes would cost 128 KiB.
TEST_F(TlsConnectionTest, WhoAnnouncesMuchIsRefusedBeforeThereIsMemoryForIt) {
  const auto failure = [&](const std::string& bytes, std::size_t cut) {
    Connection connection = make(echo_whole_lines);
    for (std::size_t at = 0; at < bytes.size() && connection.wants_input(); at += cut)
      connection.received(Bytes(bytes).substr(at, cut), now_);
    return connection.tls()->failure();
  };
  const std::string large("\x16\x03\x01\x00\x09\x01\x01\xff\xb8\x03\x03\x00\x00\x00", 14);
  const std::string cut_head("\x16\x03\x01\x00\x03\x01\x01\xff", 8);
  for (const std::size_t cut : {1U, 3U, 14U}) {
    EXPECT_EQ(failure(large, cut), "the first message is not a hello of a usual size");
    EXPECT_EQ(failure(cut_head, cut), "the first message is not a hello of a usual size");
  }
  const std::string usual("\x16\x03\x01\x40\x00\x01\x00\x3f\xfc\x03\x03", 11);
  EXPECT_EQ(failure(usual, 1), "");
}

TEST_F(TlsConnectionTest, ATouchedRecordEndsIt) {
  Connection connection = make(echo_whole_lines);
  TlsClient client;
  exchange(connection, client);
  client.send("line\n");
  std::string bytes = client.take();
  bytes[bytes.size() - 3] = static_cast<char>(bytes[bytes.size() - 3] ^ 1);
  connection.received(bytes, now_);
  EXPECT_TRUE(record_.inputs.empty());
  EXPECT_FALSE(connection.wants_input() && connection.idle());
  EXPECT_THAT(connection.tls()->failure(), HasSubstr("bad record mac"));
}

TEST_F(TlsConnectionTest, OldVersionsAndStrangersAreRefused) {
  Connection connection = make(echo_whole_lines);
  TlsClient old({.version_min = TLS1_VERSION, .version_max = TLS1_1_VERSION});
  exchange(connection, old);
  EXPECT_FALSE(old.is_established());
  EXPECT_FALSE(connection.tls()->failure().empty());

  const TestCertificates others;
  Connection unknown = make(echo_whole_lines);
  TlsClient careful({.ca = others.ca()});
  exchange(unknown, careful);
  EXPECT_EQ(careful.failure(), "certificate verify failed");
  EXPECT_THAT(unknown.tls()->failure(), HasSubstr("alert unknown ca"));
}

TEST_F(TlsConnectionTest, TheCheapestCipherIsChosenUnlessTheClientHasNoInstructionsForIt) {
  for (const auto& [suites, chosen] :
       {std::pair("TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256",
                  "TLS_AES_128_GCM_SHA256"),
        {"TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"}}) {
    Connection connection = make(echo_whole_lines);
    TlsClient client({.suites = suites});
    exchange(connection, client);
    EXPECT_STREQ(SSL_get_cipher_name(client.ssl()), chosen);
  }
}

TEST_F(TlsConnectionTest, AClientsCertificateIsAskedForIfThereIsACa) {
  files_.client_ca = certificates_.ca();
  certificates_.issue("friend");
  TestCertificates others;
  others.issue("stranger");
  const auto received = [&](const ClientHabits& habits) {
    Connection connection = make(echo_whole_lines);
    TlsClient client(habits);
    client.send("hello\n");
    exchange(connection, client);
    return client.received();
  };
  EXPECT_EQ(
      received({.certificate = certificates_.path("friend.pem"), .key = certificates_.path("friend.key")}),
      "hello\n");
  EXPECT_EQ(received({}), "");
  EXPECT_EQ(received({.certificate = others.path("stranger.pem"), .key = others.path("stranger.key")}), "");
}

TEST_F(TlsConnectionTest, ProtocolsAreAgreedOn) {
  const auto failure = [&](Bytes spoken, const std::string& offered) {
    Connection connection = make(echo_whole_lines, spoken);
    TlsClient client({.application_protocols = offered});
    exchange(connection, client);
    return client.failure();
  };
  EXPECT_EQ(failure("http/1.1", std::string("\x02h2\x08http/1.1")), "");
  EXPECT_EQ(failure("http/1.1", ""), "");
  EXPECT_EQ(failure("", ""), "");
  EXPECT_THAT(failure("http/1.1", std::string("\x02h2")), HasSubstr("no application protocol"));
  EXPECT_THAT(failure("", std::string("\x08http/1.1")), HasSubstr("no application protocol"))
      << "a browser that was sent to the wrong port";
}

TEST_F(TlsConnectionTest, SessionsAreResumed) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    Connection first = make(echo_whole_lines);
    TlsClient client({.version_min = version, .version_max = version});
    client.send("x\n");
    exchange(first, client);
    EXPECT_FALSE(first.tls()->is_resumed());
    const std::shared_ptr<SSL_SESSION> session(SSL_get1_session(client.ssl()), SSL_SESSION_free);
    Connection second = make(echo_whole_lines);
    TlsClient again({.version_min = version, .version_max = version, .session = session.get()});
    again.send("y\n");
    exchange(second, again);
    EXPECT_EQ(again.received(), "y\n");
    EXPECT_TRUE(second.tls()->is_resumed());
    // Another context has another key for its tickets.
    context_ = nullptr;
    Connection third = make(echo_whole_lines);
    TlsClient late({.version_min = version, .version_max = version, .session = session.get()});
    late.send("z\n");
    exchange(third, late);
    EXPECT_EQ(late.received(), "z\n");
    EXPECT_FALSE(third.tls()->is_resumed());
  }
}

TEST_F(TlsConnectionTest, NobodyRenegotiates) {
  Connection connection = make(echo_whole_lines);
  TlsClient client({.version_max = TLS1_2_VERSION});
  client.send("one\n");
  exchange(connection, client);
  for (int i = 0; i < 100; ++i) {
    SSL_renegotiate(client.ssl());
    SSL_do_handshake(client.ssl());
    exchange(connection, client);
  }
  EXPECT_EQ(client.received(), "one\n");
  EXPECT_THAT(client.failure(), HasSubstr("no renegotiation"));
}

// A peer that asks for new keys again and again, and reads none of the answers.
TEST_F(TlsConnectionTest, AnswersThatNobodyTakesAreBounded) {
  limits_.unread_output_size = 64 << 10;
  Connection connection = make(echo_whole_lines);
  TlsClient client;
  exchange(connection, client);
  for (int i = 0; i < 20'000 && connection.wants_input(); ++i) {
    SSL_key_update(client.ssl(), SSL_KEY_UPDATE_REQUESTED);
    SSL_do_handshake(client.ssl());
    client.send("line\n");
    connection.received(client.take(), now_);
    connection.seal(now_);
  }
  EXPECT_LT(connection.buffer_capacity(), 3 * TlsStream::wire_size_max + limits_.unread_output_size);
  EXPECT_FALSE(connection.wants_input());
}

TEST_F(TlsConnectionTest, AReaderWhoTakesNothingIsClosedInTheEnd) {
  Connection connection = make([](Bytes input, Output& output) {
    output.append(std::string(2 * mib, 'v'));
    return Progress{input.size(), Wait::input, 0};
  });
  TlsClient client;
  exchange(connection, client);
  client.send("x");
  connection.received(client.take(), now_);
  connection.seal(now_);
  connection.send_blocked();
  EXPECT_FALSE(connection.finished());
  pass(limits_.output_time_max);
  connection.time_passed(now_);
  EXPECT_EQ(connection.ending(), Ending::slow_reader);
}

}  // namespace
}  // namespace larder::transport
