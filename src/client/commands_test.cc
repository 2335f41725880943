// Every kind of reply against every kind of command: only the answers of the table in commands.h pass.
#include "client/commands.h"

#include <gtest/gtest.h>

namespace larder::client {
namespace {

using protocol::Reply;
using std::string_literals::operator""s;

ErrorKind kind_of_error(CommandKind kind, Reply reply) {
  const auto answer = read_answer(kind, reply);
  EXPECT_FALSE(answer.has_value());
  return answer ? ErrorKind::unsupported : answer.error().kind;
}

Reply reply_of(Reply::Kind kind, std::string text, std::int64_t integer = 0) {
  Reply reply;
  reply.kind = kind;
  reply.text = std::move(text);
  reply.integer = integer;
  return reply;
}

TEST(Commands, HoldAnyByte) {
  std::string target;
  append_set(target, "\0\r\n"s, "\xFF\0"s, std::nullopt);
  EXPECT_EQ(target, "*3\r\n$3\r\nSET\r\n$3\r\n\0\r\n\r\n$2\r\n\xFF\0\r\n"s);
}

TEST(Answers, OfAnotherKindAreNoAnswers) {
  const auto no_answer = ErrorKind::malformed;
  EXPECT_EQ(kind_of_error(CommandKind::get, reply_of(Reply::Kind::integer, "", 1)), no_answer);
  EXPECT_EQ(kind_of_error(CommandKind::get, reply_of(Reply::Kind::simple_string, "OK")), no_answer);
  EXPECT_EQ(kind_of_error(CommandKind::set, reply_of(Reply::Kind::bulk, "OK")), no_answer);
  EXPECT_EQ(kind_of_error(CommandKind::set, reply_of(Reply::Kind::simple_string, "PONG")), no_answer);
  EXPECT_EQ(kind_of_error(CommandKind::set, Reply{}), no_answer);
  EXPECT_EQ(kind_of_error(CommandKind::remove, reply_of(Reply::Kind::integer, "", 2)), no_answer);
  EXPECT_EQ(kind_of_error(CommandKind::exists, reply_of(Reply::Kind::simple_string, "OK")), no_answer);
  EXPECT_EQ(kind_of_error(CommandKind::ping, reply_of(Reply::Kind::simple_string, "OK")), no_answer);
}

TEST(Answers, CarryTheServersErrorByWhatACallerCanDo) {
  const auto error = [](std::string text) { return reply_of(Reply::Kind::error, std::move(text)); };
  EXPECT_EQ(kind_of_error(CommandKind::get, error("ERR no")), ErrorKind::refused);
  EXPECT_EQ(kind_of_error(CommandKind::get, error("OOMPH no")), ErrorKind::refused);
  EXPECT_EQ(kind_of_error(CommandKind::get, error("NOPERM no")), ErrorKind::refused);
  EXPECT_EQ(kind_of_error(CommandKind::get, error("NOAUTH Authentication required.")), ErrorKind::denied);
  EXPECT_EQ(kind_of_error(CommandKind::auth, error("WRONGPASS no")), ErrorKind::denied);
  EXPECT_EQ(kind_of_error(CommandKind::get, error("")), ErrorKind::refused);
  EXPECT_EQ(kind_of_error(CommandKind::set, error("OOM no")), ErrorKind::overloaded);
  EXPECT_EQ(kind_of_error(CommandKind::set, error("LOADING")), ErrorKind::overloaded);
  EXPECT_EQ(kind_of_error(CommandKind::set, error("ERR max number of clients reached")),
            ErrorKind::overloaded);
}

TEST(Values, AreAsManyAsTheKeys) {
  Reply reply = reply_of(Reply::Kind::array, "");
  reply.elements = {Reply{}, reply_of(Reply::Kind::bulk, "v")};
  Reply copy = reply;
  EXPECT_EQ(read_values(3, copy).error().kind, ErrorKind::malformed);
  EXPECT_EQ(*read_values(2, reply), (std::vector<std::optional<std::string>>{std::nullopt, "v"}));
  reply.elements = {reply_of(Reply::Kind::integer, "", 1)};
  EXPECT_EQ(read_values(1, reply).error().kind, ErrorKind::malformed);
}

}  // namespace
}  // namespace larder::client
