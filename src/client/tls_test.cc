// What a client says to servers whose TLS is as it should be, and to those whose is not. Method: the peer is
// OpenSSL's server with certificates of a private CA; each fault is one certificate, version or script.
// tests/e2e has the same with a server of other people's.
#include <array>
#include <atomic>
#include <cstdint>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <mutex>
#include <openssl/ssl.h>
#include <string>
#include <thread>
#include <vector>

#include "client/scripted_peer.h"
#include "client/test_authority.h"
#include "client/tls_peer.h"
#include "larder/client.h"

namespace larder::client {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;

constexpr Bytes request_for_k = "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n";

class Tls : public testing::Test {
 protected:
  /// Of a server that listens there, on `host`.
  [[nodiscard]] ClientOptions options_for(std::uint16_t port, const std::string& host = "127.0.0.1") const {
    return {.address = "resp+tls://" + host + ":" + std::to_string(port),
            .connect_timeout = Duration{10'000},
            .call_timeout = Duration{10'000},
            .tls_ca = authority_.ca_file()};
  }

  /// The error of a PING to a server with these options. `change` is made to the client's.
  Error error_of(const TlsPeerOptions& peer_options, const std::string& host = "127.0.0.1",
                 void (*change)(ClientOptions&) = nullptr) {
    const TlsPeerContext context(peer_options);
    const ScriptedPeer peer([&](PeerConnection& connection) { TlsPeer(context, connection).answer_pings(); });
    ClientOptions options = options_for(peer.port(), host);
    if (change != nullptr) change(options);
    const auto answer = make_client(options)->ping();
    return answer ? Error{ErrorKind::unsupported, "none"} : answer.error();
  }

  TestAuthority authority_;
  CertificateFiles good_ = authority_.issue("DNS:localhost,IP:127.0.0.1");
};

TEST_F(Tls, CarriesCallsOfEverySize) {
  const std::string value(std::size_t{3} << 20, 'v');
  const std::string set =
      "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$" + std::to_string(value.size()) + "\r\n" + value + "\r\n";
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const TlsPeerContext context({.files = good_, .version_min = version, .version_max = version});
    const ScriptedPeer peer([&](PeerConnection& connection) {
      TlsPeer tls(context, connection);
      tls.expect(set);
      tls.send("+OK\r\n");
      tls.expect(request_for_k);
      tls.send("$" + std::to_string(value.size()) + "\r\n" + value + "\r\n");
      for (Bytes rest = "*1\r\n$4\r\nPING\r\n"; !rest.empty(); rest.remove_prefix(1))
        tls.expect(rest.substr(0, 1));
      for (Bytes rest = "+PONG\r\n"; !rest.empty(); rest.remove_prefix(1)) tls.send(rest.substr(0, 1));
      connection.stay_silent();
    });
    Client client = make_client(options_for(peer.port())).value();
    EXPECT_TRUE(client.set("k", value));
    const auto got = client.get("k");
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ(*got, value);
    EXPECT_TRUE(client.ping());
    EXPECT_EQ(peer.accepted_count(), 1U);
  }
}

TEST_F(Tls, AsksForTheNameAndNotForAnAddress) {
  std::mutex mutex;
  std::vector<std::string> names;
  const TlsPeerContext context({.files = good_});
  const ScriptedPeer peer([&](PeerConnection& connection) {
    TlsPeer tls(context, connection);
    {
      const std::lock_guard guard(mutex);
      names.push_back(tls.server_name());
    }
    tls.answer_pings();
  });
  for (const char* host : {"localhost", "127.0.0.1"}) {
    const auto answer = make_client(options_for(peer.port(), host))->ping();
    EXPECT_TRUE(answer) << answer.error().message;
  }
  const std::lock_guard guard(mutex);
  EXPECT_THAT(names, testing::ElementsAre("localhost", ""));
}

// The second connection skips the costly half. Method: the peer closes after each PING, so that each call
// needs a connection; it says whether it began with a session of an earlier one.
TEST_F(Tls, ResumesTheLastSession) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const TlsPeerContext context({.files = good_, .version_min = version, .version_max = version});
    std::atomic<int> resumed_count = 0;
    const ScriptedPeer peer([&](PeerConnection& connection) {
      TlsPeer tls(context, connection);
      if (tls.is_resumed()) ++resumed_count;
      if (tls.expect("*1\r\n$4\r\nPING\r\n")) tls.send("+PONG\r\n");
    });
    Client client = make_client(options_for(peer.port())).value();
    for (int count = 0; count < 4; ++count) {
      const auto answer = client.ping();
      EXPECT_TRUE(answer) << answer.error().message;
    }
    EXPECT_EQ(resumed_count, 3) << version;
  }
}

// Threads begin with one session and bring new ones. Method: the peer hangs up now and then, so that all of
// them open connections all the time; ThreadSanitizer watches.
TEST_F(Tls, SharesSessionsBetweenThreads) {
  const TlsPeerContext context({.files = good_});
  const ScriptedPeer peer(
      [&](PeerConnection& connection) {
        TlsPeer tls(context, connection);
        for (int count = 0; count < 5; ++count) {
          if (!tls.expect("*1\r\n$4\r\nPING\r\n") || !tls.send("+PONG\r\n")) return;
        }
      },
      ScriptedPeer::Mode::all_at_once);
  Client client = make_client(options_for(peer.port())).value();
  std::atomic<int> answered_count = 0;
  std::array<std::thread, 4> threads;
  for (std::thread& thread : threads) {
    thread = std::thread([&] {
      for (int i = 0; i < 50; ++i) {
        if (client.ping()) ++answered_count;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_GT(answered_count, 150) << "hanging up between two commands costs a retry, not an answer";
  EXPECT_GT(peer.accepted_count(), 20U);
}

// What is not data is no reason to drop a connection that lies idle.
TEST_F(Tls, KeepsAConnectionWhoseKeysAreRenewed) {
  const TlsPeerContext context({.files = good_, .version_min = TLS1_3_VERSION});
  const ScriptedPeer peer([&](PeerConnection& connection) {
    TlsPeer tls(context, connection);
    for (int count = 0; count < 3; ++count) {
      if (!tls.expect("*1\r\n$4\r\nPING\r\n")) return;
      tls.send("+PONG\r\n");
      EXPECT_TRUE(tls.update_keys());
    }
  });
  Client client = make_client(options_for(peer.port())).value();
  for (int count = 0; count < 3; ++count) {
    const auto answer = client.ping();
    EXPECT_TRUE(answer) << answer.error().message;
  }
  EXPECT_EQ(peer.accepted_count(), 1U);
}

TEST_F(Tls, RefusesCertificatesOfOthers) {
  TestAuthority other;
  const Error error = error_of({.files = other.issue("IP:127.0.0.1")});
  EXPECT_EQ(error.kind, ErrorKind::denied);
  EXPECT_THAT(error.message,
              MatchesRegex("resp\\+tls://127.0.0.1:[0-9]+: the server's certificate is not signed by "
                           "a CA of .*/ca.crt"));
  const Error of_system =
      error_of({.files = good_}, "127.0.0.1", [](ClientOptions& options) { options.tls_ca = ""; });
  EXPECT_EQ(of_system.kind, ErrorKind::denied);
  EXPECT_THAT(of_system.message, HasSubstr("is not signed by a CA of this system's"));
}

TEST_F(Tls, RefusesCertificatesOutOfTheirTime) {
  const Error expired = error_of({.files = authority_.issue("IP:127.0.0.1", -7200, -3600)});
  EXPECT_EQ(expired.kind, ErrorKind::denied);
  EXPECT_THAT(expired.message, HasSubstr("the server's certificate has expired: it was good until 2"));
  const Error early = error_of({.files = authority_.issue("IP:127.0.0.1", 600, 3600)});
  EXPECT_EQ(early.kind, ErrorKind::denied);
  EXPECT_THAT(early.message, HasSubstr("the server's certificate is not valid yet: it will be from 2"));
}

TEST_F(Tls, RefusesCertificatesForAnotherHost) {
  struct Row {
    const char* names;
    const char* host;
    const char* shown;
  };
  for (const Row& row :
       {Row{"DNS:other.example,DNS:*.example", "localhost", "is for other.example, *.example"},
        {"DNS:localhost", "127.0.0.1", "is for localhost"},
        {"IP:127.0.0.2,IP:::1", "127.0.0.1", "is for 127.0.0.2, 0000:0000:0000:0000:0000:0000:0000:0001"},
        {"DNS:local*", "localhost", "is for local*"},
        {"", "localhost", "is for a?subject?for?tests"}}) {
    const Error error = error_of({.files = authority_.issue(row.names)}, row.host);
    EXPECT_EQ(error.kind, ErrorKind::denied) << row.names;
    EXPECT_THAT(error.message, HasSubstr(row.shown));
  }
}

TEST_F(Tls, BelievesAnybodyIfItIsTold) {
  TestAuthority other;
  const Error error = error_of({.files = other.issue("DNS:other.example", -7200, -3600)}, "127.0.0.1",
                               [](ClientOptions& options) { options.tls_verify = false; });
  EXPECT_EQ(error.message, "none");
}

TEST_F(Tls, ShowsItsOwnCertificate) {
  const TlsPeerContext context({.files = good_, .client_ca = authority_.ca_file()});
  const ScriptedPeer peer([&](PeerConnection& connection) { TlsPeer(context, connection).answer_pings(); });
  const CertificateFiles own = authority_.issue("");
  ClientOptions options = options_for(peer.port());
  options.tls_certificate = own.certificate;
  options.tls_key = own.key;
  const auto answer = make_client(options)->ping();
  EXPECT_TRUE(answer) << answer.error().message;
}

TEST_F(Tls, SaysThatTheServerWantsAnotherCertificate) {
  TestAuthority other;
  const CertificateFiles foreign = other.issue("");
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    const TlsPeerContext context(
        {.files = good_, .client_ca = authority_.ca_file(), .version_min = version, .version_max = version});
    const ScriptedPeer peer([&](PeerConnection& connection) {
      TlsPeer(context, connection).answer_pings();
      connection.stay_silent();
    });
    ClientOptions options = options_for(peer.port());
    const auto none = make_client(options)->ping();
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().kind, ErrorKind::denied) << none.error().message;
    options.tls_certificate = foreign.certificate;
    options.tls_key = foreign.key;
    const auto wrong = make_client(options)->ping();
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().kind, ErrorKind::denied);
    EXPECT_THAT(wrong.error().message, HasSubstr("the server does not accept the client's certificate"));
  }
}

TEST_F(Tls, RefusesOldVersions) {
  const Error error = error_of({.files = good_, .version_min = TLS1_VERSION, .version_max = TLS1_1_VERSION});
  EXPECT_EQ(error.kind, ErrorKind::unsupported);
  EXPECT_THAT(error.message, HasSubstr("the server speaks neither TLS 1.2 nor 1.3"));
}

TEST_F(Tls, NoticesServersWithoutIt) {
  for (const Bytes answer :
       {"-ERR Protocol error: unbalanced quotes\r\n", "HTTP/1.1 400 Bad Request\r\n\r\n"}) {
    const ScriptedPeer peer([&](PeerConnection& connection) {
      connection.receive();
      connection.send(answer);
      connection.stay_silent();
    });
    const auto pinged = make_client(options_for(peer.port()))->ping();
    ASSERT_FALSE(pinged);
    EXPECT_EQ(pinged.error().kind, ErrorKind::malformed);
    EXPECT_THAT(pinged.error().message, HasSubstr("the server does not speak TLS there"));
  }
}

TEST_F(Tls, EndsByTheDeadlineInTheHandshakeToo) {
  const ScriptedPeer peer([](PeerConnection& connection) { connection.stay_silent(); });
  ClientOptions options = options_for(peer.port());
  options.call_timeout = Duration{100};
  EXPECT_EQ(make_client(options)->ping().error().kind, ErrorKind::timed_out);
}

TEST_F(Tls, NoticesAServerThatHangsUp) {
  const TlsPeerContext context({.files = good_});
  const ScriptedPeer peer([&](PeerConnection& connection) {
    if (connection.index() == 0) return;  // before a word
    TlsPeer tls(context, connection);
    tls.expect(request_for_k);
    tls.send("$5\r\nhal");
  });
  Client client = make_client(options_for(peer.port())).value();
  const auto early = client.ping();
  ASSERT_FALSE(early);
  EXPECT_EQ(early.error().kind, ErrorKind::disconnected);
  const auto late = client.get("k");
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().kind, ErrorKind::disconnected) << late.error().message;
  EXPECT_EQ(peer.accepted_count(), 3U) << "a read is tried twice";
}

TEST_F(Tls, IsRefusedWhenItsFilesCannotWork) {
  const auto message = [&](void (*change)(ClientOptions&, const TestAuthority&, const CertificateFiles&)) {
    ClientOptions options = options_for(1);
    change(options, authority_, good_);
    const auto client = make_client(options);
    EXPECT_FALSE(client);
    return client ? std::string() : client.error().message;
  };
  std::ofstream(authority_.path("nothing")) << "nothing";
  EXPECT_THAT(
      message([](auto& options, auto& authority, auto&) { options.tls_ca = authority.path("absent"); }),
      AllOf(HasSubstr("/absent' has no certificates"), HasSubstr("No such file")));
  EXPECT_THAT(
      message([](auto& options, auto& authority, auto&) { options.tls_ca = authority.path("nothing"); }),
      HasSubstr("/nothing' has no certificates"));
  EXPECT_THAT(message([](auto& options, auto&, auto& good) { options.tls_certificate = good.certificate; }),
              HasSubstr("go together"));
  EXPECT_THAT(message([](auto& options, auto& authority, auto& good) {
                options.tls_certificate = authority.path("nothing");
                options.tls_key = good.key;
              }),
              HasSubstr("/nothing' is no certificate"));
  EXPECT_THAT(message([](auto& options, auto& authority, auto& good) {
                options.tls_certificate = authority.ca_file();
                options.tls_key = good.key;
              }),
              HasSubstr("not for this certificate"));
  EXPECT_THAT(message([](auto& options, auto&, auto&) { options.address = "resp://127.0.0.1:1"; }),
              StartsWith("options for TLS go with resp+tls://"));
}

}  // namespace
}  // namespace larder::client
