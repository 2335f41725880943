// Conditions on large values, and their digests: the same answers as in one piece, in portions, whatever
// others do between two of them. Method: as in splice_test.cc.
#include "session/judgement.h"

#include <cctype>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

#include "session/deferred_task_test_support.h"

namespace larder::session {
namespace {

class Judgements : public TurnByTurn {
 protected:
  std::string a_digest_ = digest_of(a_);
};

TEST_F(Judgements, DigestTakesTurns) {
  world_.put("k", a_);
  ASSERT_TRUE(begin({"DIGEST", "k"}));
  EXPECT_GT(connection_.session.held_size(), 0U);
  world_.put("k", b_);
  EXPECT_EQ(finish(), "$16\r\n" + a_digest_ + "\r\n") << "as it was when the command came";
  EXPECT_GE(turn_count_, 4);
  EXPECT_EQ(run({"DIGEST", "none"}), null);
}

TEST_F(Judgements, SayTheSameAsInOnePiece) {
  std::string upper = a_digest_;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  std::string other = a_;
  other[2 * mib] = 'x';
  const std::string b_digest = digest_of(b_);
  const struct {
    std::vector<Bytes> words;
    bool takes_turns;
    std::string reply;
    std::string left;
  } cases[] = {
      {{"SET", "k", "new", "IFDEQ", upper}, true, ok, "new"},
      {{"SET", "k", "new", "IFDEQ", b_digest}, true, null, a_},
      {{"SET", "k", "new", "IFDNE", b_digest, "EX", "100"}, true, ok, "new"},
      {{"SET", "k", "new", "IFDNE", a_digest_}, true, null, a_},
      {{"SET", "k", b_, "IFDEQ", a_digest_}, true, ok, b_},
      {{"SET", "k", b_, "IFEQ", a_}, true, ok, b_},
      {{"SET", "k", b_, "IFEQ", other}, true, null, a_},
      {{"SET", "k", b_, "IFNE", other}, true, ok, b_},
      {{"SET", "k", b_, "IFNE", a_}, true, null, a_},
      {{"SET", "k", "new", "IFEQ", b_}, false, null, a_},
      {{"SET", "k", "new", "IFDEQ", "short"},
       false,
       "-ERR must be exactly 16 hexadecimal characters\r\n",
       a_},
      {{"DELEX", "k", "IFDEQ", a_digest_}, true, one, "none"},
      {{"DELEX", "k", "IFDNE", a_digest_}, true, zero, a_},
      {{"DELEX", "k", "IFEQ", a_}, false, one, "none"},
      {{"DELIFEQ", "k", other}, false, zero, a_},
  };
  for (const auto& [words, takes_turns, reply, left] : cases) {
    SCOPED_TRACE(std::string(words.front()) + " " +
                 std::string(words.size() > 3 ? words[3] : words[1]).substr(0, 20));
    world_.put("k", a_);
    turn_count_ = 0;
    EXPECT_EQ(begin_as_from_a_socket(words), takes_turns);
    EXPECT_EQ(finish(), reply);
    EXPECT_TRUE(value_of("k") == left);
  }
}

TEST_F(Judgements, ShowTheOldValueAsWell) {
  world_.put("k", a_);
  ASSERT_TRUE(begin({"SET", "k", "new", "IFDEQ", a_digest_, "GET"}));
  EXPECT_TRUE(finish() == "$" + std::to_string(a_.size()) + "\r\n" + a_ + "\r\n");
  EXPECT_EQ(value_of("k"), "new");
}

TEST_F(Judgements, AreAboutWhatIsThereInTheEnd) {
  world_.put("k", a_);
  begin({"SET", "k", "new", "IFDEQ", a_digest_});
  ASSERT_TRUE(turn());
  world_.put("k", b_);
  EXPECT_EQ(finish(), null);
  EXPECT_TRUE(value_of("k") == b_);
  begin({"SET", "k", "new", "IFDEQ", a_digest_});
  ASSERT_TRUE(turn());
  world_.put("k", a_);
  EXPECT_EQ(finish(), ok);
  world_.put("k", a_);
  begin({"DELEX", "k", "IFDNE", digest_of(b_)});
  ASSERT_TRUE(turn());
  other_.ask("DEL k");
  EXPECT_EQ(finish(), zero);
}

TEST_F(Judgements, EndHoweverOftenTheyAreOvertaken) {
  world_.put("k", a_);
  begin({"DELEX", "k", "IFDEQ", a_digest_});
  do world_.put("k", a_);
  while (turn());
  EXPECT_EQ(replies_, one);
  EXPECT_LT(turn_count_, 10);
}

TEST_F(Judgements, AreMadeAtOnceInsideATransaction) {
  world_.put("k", a_);
  other_.ask("MULTI");
  other_.ask("DIGEST k");
  other_.ask("SET k new IFDEQ " + a_digest_);
  EXPECT_EQ(other_.ask("EXEC"), "*2\r\n$16\r\n" + a_digest_ + "\r\n" + ok);
}

}  // namespace
}  // namespace larder::session
