// What COMMAND tells of commands. Method: every row of the table is asked for; texts are those of
// redis-server 7.0.15.
#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <vector>

#include "session/resp_test_support.h"

namespace larder::session {
namespace {

using Connection = RespConnection;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> names(const std::string& reply) {
  const auto all = only_reply(reply);
  std::vector<std::string> found;
  found.reserve(all.elements.size());
  for (const auto& part : all.elements) found.push_back(part.text);
  return found;
}

TEST(RespIntrospection, ListsCommandsAndSubcommands) {
  World world;
  Connection connection(world);
  std::vector<std::string> all;
  for_each_served([&](const CommandSpec& spec) { all.emplace_back(spec.name); });
  EXPECT_EQ(names(connection.ask("COMMAND LIST")), all);
  EXPECT_THAT(all, testing::IsSupersetOf({"get", "config", "config|get"}));
  EXPECT_THAT(names(connection.ask("COMMAND LIST FILTERBY PATTERN CONFIG|*SE*T*")),
              ElementsAre("config|resetstat", "config|set"));
  EXPECT_THAT(names(connection.ask("COMMAND LIST FILTERBY PATTERN *|get")),
              ElementsAre("config|get", "slowlog|get"));
  EXPECT_THAT(names(connection.ask("COMMAND LIST FILTERBY PATTERN get")), ElementsAre("get"));
  EXPECT_THAT(names(connection.ask("COMMAND LIST FILTERBY MODULE json")), IsEmpty());
}

// A subcommand has categories of its own: CLIENT is @slow, CLIENT KILL @connection.
TEST(RespIntrospection, FiltersByTheCategoryOfEachName) {
  World world;
  Connection connection(world);
  for (const std::string question : {"COMMAND LIST FILTERBY ACLCAT ", "ACL CAT "}) {
    const auto found = names(connection.ask(question + "CONNECTION"));
    EXPECT_THAT(found, testing::IsSupersetOf({"client|kill", "command", "command|list", "ping"}));
    EXPECT_THAT(found, testing::Not(testing::Contains("client")));
    EXPECT_THAT(names(connection.ask(question + "transaction")),
                ElementsAre("discard", "exec", "multi", "unwatch", "watch"));
  }
  for (const std::string category : {"nosuch", "@connection", "''", "'keyspace write'"}) {
    EXPECT_THAT(names(connection.ask("COMMAND LIST FILTERBY ACLCAT " + category)), IsEmpty()) << category;
  }
}

// One key in each line: "name: words", in the order of the command.
std::string keys_with_flags(const std::string& command) {
  World world;
  Connection connection(world);
  std::string text;
  for (const auto& key : only_reply(connection.ask("COMMAND GETKEYSANDFLAGS " + command)).elements) {
    text += key.elements[0].text + ":";
    for (const auto& flag : key.elements[1].elements) text += " " + flag.text;
    text += "\n";
  }
  return text;
}

TEST(RespIntrospection, TellsWhatACommandDoesToEachKey) {
  EXPECT_EQ(keys_with_flags("rename a b"), "a: RW access delete\nb: OW update\n");
  EXPECT_EQ(keys_with_flags("renamenx a b"), "a: RW access delete\nb: OW insert\n");
  EXPECT_EQ(keys_with_flags("copy a b"), "a: RO access\nb: OW update\n");
  EXPECT_EQ(keys_with_flags("lcs a b"), "a: RO access\nb: RO access\n");
  EXPECT_EQ(keys_with_flags("msetnx a 1 b 2"), "a: OW insert\nb: OW insert\n");
  EXPECT_EQ(keys_with_flags("object encoding a"), "a: RO\n");
}

// Places of channels are shown as those of keys, and are none.
TEST(RespIntrospection, TakesChannelsForNoKeys) {
  World world;
  EXPECT_EQ(
      talk(world, "COMMAND INFO sunsubscribe\r\n"),
      "*1\r\n*10\r\n$12\r\nsunsubscribe\r\n:-1\r\n*4\r\n+pubsub\r\n+noscript\r\n+loading\r\n+stale\r\n"
      ":1\r\n:-1\r\n:1\r\n*2\r\n+@pubsub\r\n+@slow\r\n*0\r\n*1\r\n*6\r\n$5\r\nflags\r\n*1\r\n+not_key\r\n"
      "$12\r\nbegin_search\r\n*4\r\n$4\r\ntype\r\n$5\r\nindex\r\n$4\r\nspec\r\n*2\r\n$5\r\nindex\r\n:1\r\n"
      "$9\r\nfind_keys\r\n*4\r\n$4\r\ntype\r\n$5\r\nrange\r\n$4\r\nspec\r\n*6\r\n$7\r\nlastkey\r\n:-1\r\n"
      "$7\r\nkeystep\r\n:1\r\n$5\r\nlimit\r\n:0\r\n*0\r\n");
  EXPECT_EQ(talk(world, "COMMAND GETKEYS sunsubscribe a\r\n"), "-ERR The command has no key arguments\r\n");
}

TEST(RespIntrospection, TellsWhatACommandDoesToItsKeyByItsOptions) {
  EXPECT_EQ(keys_with_flags("set a b"), "a: OW update\n");
  EXPECT_EQ(keys_with_flags("set a get"), "a: OW update\n");
  EXPECT_EQ(keys_with_flags("set a b EX 10 Get"), "a: RW access update\n");
  EXPECT_EQ(keys_with_flags("set a b EX GET"), "a: RW access update\n");
  EXPECT_EQ(keys_with_flags("set a b IFEQ c"), "a: RW update\n");
  EXPECT_EQ(keys_with_flags("set a b IFEQ c GET"), "a: RW access update\n");
  EXPECT_EQ(keys_with_flags("delex a"), "a: RM delete\n");
  EXPECT_EQ(keys_with_flags("delex a ifdne 0123456789abcdef"), "a: RW delete\n");
}

}  // namespace
}  // namespace larder::session
