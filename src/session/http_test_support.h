// session/http_test_support.h: HTTP as text, and one connection to say it on. Test code.
#pragma once

#include <memory>
#include <string>

#include "session/http_session.h"
#include "session/session_test_support.h"

namespace larder::session {

inline std::unique_ptr<Session> no_resp() { return nullptr; }

/// A world and one HTTP connection in it.
struct Fixture {
  World world;
  HttpSession session{world.environment, no_resp};
  Peer peer{session};

  std::string exchange(Bytes request) {
    peer.send(request);
    return peer.take_replies();
  }
};

/// `METHOD target` with a Host and, if there is one, a body.
inline std::string request(Bytes method_and_target, Bytes headers = {}, Bytes body = {}) {
  std::string text(method_and_target);
  text += " HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n";
  text += headers;
  if (!body.empty()) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return text + "\r\n" + std::string(body);
}

inline std::string status_line(const std::string& reply) { return reply.substr(0, reply.find('\r')); }

inline int status_of(const std::string& reply) {
  return reply.size() < 12 ? 0 : std::stoi(reply.substr(9, 3));
}

inline constexpr const char* no_content = "HTTP/1.1 204 No Content\r\n\r\n";

inline std::string found(Bytes value) {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n"
         "X-Content-Type-Options: nosniff\r\nContent-Length: " +
         std::to_string(value.size()) + "\r\n\r\n" + std::string(value);
}

/// Of the first header of that name; empty: there is none.
inline std::string header_of(const std::string& reply, const std::string& name) {
  const auto start = reply.find("\r\n" + name + ": ");
  if (start == std::string::npos) return "";
  const auto value = start + name.size() + 4;
  return reply.substr(value, reply.find("\r\n", value) - value);
}

}  // namespace larder::session
