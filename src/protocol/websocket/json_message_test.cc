// JSON requests. Method: a table of requests that are right and of every way to be wrong; an error names the
// id wherever the message is JSON that has one.
#include "protocol/websocket/json_message.h"

#include <gtest/gtest.h>
#include <string>
#include <utility>

namespace larder::protocol::websocket {
namespace {

TEST(JsonRequest, ReadsTheThreeVerbs) {
  const JsonRequest get = parse_json_request(R"({"id":1,"get":"k"})");
  EXPECT_EQ(get.error, "");
  EXPECT_EQ(get.id, "1");
  EXPECT_EQ(get.verb, JsonVerb::get);
  EXPECT_EQ(get.key, "k");

  const JsonRequest set = parse_json_request(
      " {\n\"ttl\" : 0.5 , \"value\":\"v\\u0000\\n\\u00e4\",\"set\":\"k\",\"id\":\"a\"}\n");
  EXPECT_EQ(set.error, "");
  EXPECT_EQ(set.id, "\"a\"");
  EXPECT_EQ(set.verb, JsonVerb::set);
  EXPECT_EQ(set.value, std::string("v\0\n\xC3\xA4", 5));
  EXPECT_EQ(set.ttl, Duration(500));

  const JsonRequest remove = parse_json_request(R"({"id":3,"delete":""})");
  EXPECT_EQ(remove.error, "");
  EXPECT_EQ(remove.verb, JsonVerb::remove);
  EXPECT_EQ(remove.key, "");
}

TEST(JsonRequest, EchoesTheIdDigitForDigit) {
  for (const std::string id :
       {"0", "-0", "1.0", "1.50", "1e2", "-1.25E-3", "12345678901234567890", "123456789012345678901234567890",
        "\"\"", "\"a\\u0041\\\"\\\\\"", "\"},{:\\\"\"", "\"\xC3\xA4\""}) {
    EXPECT_EQ(parse_json_request("{ \"id\" : " + id + " , \"get\":\"k\"}").id, id);
    EXPECT_EQ(parse_json_request("{\"x\":[{\"id\":7},\"]\"],\"get\":\"},\",\"id\":" + id + "}").id, id);
  }
}

struct Wrong {
  Bytes text;
  Bytes id;
};

TEST(JsonRequest, NamesTheIdInEveryErrorThatHasOne) {
  const Wrong samples[] = {
      {"", "null"},
      {"nonsense", "null"},
      {"{", "null"},
      {R"({"id":1,"get":"k")", "null"},
      {R"({"id":1,"get":"k"}})", "null"},
      {R"({"id":1,"get":"k"} {"id":2,"get":"k"})", "null"},
      {R"({"id":1,"get":"k",})", "null"},
      {R"({'id':1,"get":"k"})", "null"},
      {R"({"id":01,"get":"k"})", "null"},
      {R"({"id":NaN,"get":"k"})", "null"},
      {R"({"id":1,"get":"\ud800"})", "null"},
      {"{\"id\":1,\"get\":\"\xFF\"}", "null"},
      {"{\"id\":1,\"get\":\"\n\"}", "null"},
      {R"({"id":1 /* no */,"get":"k"})", "null"},
      {"[]", "null"},
      {"1", "null"},
      {"\"id\"", "null"},
      {"null", "null"},
      {R"([{"id":1,"get":"k"}])", "null"},
      {"{}", "null"},
      {R"({"get":"k"})", "null"},
      {R"({"id":null,"get":"k"})", "null"},
      {R"({"id":true,"get":"k"})", "null"},
      {R"({"id":[1],"get":"k"})", "null"},
      {R"({"id":{},"get":"k"})", "null"},
      {R"({"id":1,"id":2,"get":"k"})", "null"},
      {R"({"id":9})", "9"},
      {R"({"id":9,"auth":"u"})", "9"},
      {R"({"auth":[],"id":9})", "9"},
      {R"({"auth":["u"],"id":9})", "9"},
      {R"({"auth":["u","p","q"],"id":9})", "9"},
      {R"({"auth":["u",1],"id":9})", "9"},
      {R"({"auth":["u",["p"]],"id":9})", "9"},
      {R"({"auth":[{"u":"p"},"p","q"],"id":9})", "9"},
      {R"({"id":9,"auth":["u","p"],"get":"k"})", "9"},
      {R"({"id":9,"auth":["u","p"],"auth":["u","p"]})", "9"},
      {R"({"id":9,"get":"k","get":"k"})", "9"},
      {R"({"id":9,"get":"k","delete":"k"})", "9"},
      {R"({"id":9,"get":1})", "9"},
      {R"({"get":["a",{"b":"}"}],"id":9})", "9"},
      {R"({"id":9,"get":null})", "9"},
      {R"({"id":9,"put":"k"})", "9"},
      {R"({"id":9,"GET":"k"})", "9"},
      {R"({"id":9,"get":"k","more":1})", "9"},
      {R"({"id":9,"get":"k","value":"v"})", "9"},
      {R"({"id":9,"delete":"k","ttl":5})", "9"},
      {R"({"id":9,"set":"k"})", "9"},
      {R"({"id":9,"set":"k","value":5})", "9"},
      {R"({"id":9,"set":"k","value":null})", "9"},
      {R"({"id":9,"set":"k","value":"v","value":"w"})", "9"},
      {R"({"id":9,"set":"k","value":"v","ttl":0})", "9"},
      {R"({"id":9,"set":"k","value":"v","ttl":-1})", "9"},
      {R"({"id":9,"set":"k","value":"v","ttl":"5"})", "9"},
      {R"({"id":9,"set":"k","value":"v","ttl":null})", "9"},
      {R"({"id":9,"set":"k","value":"v","ttl":1e11})", "9"},
      {R"({"id":9,"set":"k","value":"v","ttl":1,"ttl":1})", "9"},
  };
  for (const Wrong& sample : samples) {
    const JsonRequest request = parse_json_request(sample.text);
    EXPECT_NE(request.error, "") << sample.text;
    EXPECT_EQ(request.id, sample.id) << sample.text;
  }
}

// A double holds nothing of 1e400, and the parser behind this gives up there; JSON knows no such bound.
TEST(JsonRequest, TakesNumbersOfAnySizeForNumbers) {
  const std::string long_number = "-1" + std::string(400, '0');
  for (const std::string& id : {std::string("1e400"), std::string("-1.5E+999"), long_number,
                                long_number + ".5", std::string("1e-400")}) {
    const JsonRequest request = parse_json_request("{\"id\": " + id + ",\"get\":\"\\\\\\\"1e400\"}");
    EXPECT_EQ(request.error, "") << id;
    EXPECT_EQ(request.id, id);
    EXPECT_EQ(request.key, "\\\"1e400");
  }
  const std::pair<Bytes, Bytes> wrong[] = {
      {R"({"id":7,"set":"k","value":"v","ttl":1e999})", "7"},
      {R"({"id":1e400,"set":"k","value":"v","ttl":-1e999})", "1e400"},
      {R"({"id":1e400,"get":2e400})", "1e400"},
      {R"({"more":[1e400,[1e401]],"id":1e402,"get":"k"})", "1e402"},
      {R"({"id":01e400,"get":"k"})", "null"},
      {R"({"id":1e400e5,"get":"k"})", "null"},
      {R"({"id":1e400.5,"get":"k"})", "null"},
      {R"({"id":+1e400,"get":"k"})", "null"},
      {R"({"id":1e400,"get":01})", "null"},
      {R"({"id":1e400,"get":"k)", "null"},
      {R"({"id":1e400,"get":"k\)", "null"},
      {"1e400", "null"},
  };
  for (const auto& [text, id] : wrong) {
    const JsonRequest request = parse_json_request(text);
    EXPECT_NE(request.error, "") << text;
    EXPECT_EQ(request.id, id) << text;
  }
}

TEST(JsonRequest, RefusesEndlessNesting) {
  EXPECT_NE(parse_json_request(std::string(1000000, '[')).error, "");
  EXPECT_EQ(parse_json_request("{\"id\":1,\"get\":" + std::string(1000000, '[')).error,
            "The message is nested too deeply.");
}

TEST(JsonReply, WritesTheFourShapes) {
  EXPECT_EQ(json_value_reply("1", "v\""), R"({"id":1,"value":"v\""})");
  EXPECT_EQ(json_value_reply("\"a\"", std::nullopt), R"({"id":"a","value":null})");
  EXPECT_EQ(json_ok_reply("2"), R"({"id":2,"ok":true})");
  EXPECT_EQ(json_error_reply("null", "No."), R"({"id":null,"error":"No."})");
}

TEST(JsonRequest, ReadsALogin) {
  const JsonRequest request = parse_json_request(R"({"auth":["user","pass\u0020word"],"id":0})");
  EXPECT_EQ(request.error, "");
  EXPECT_EQ(request.id, "0");
  EXPECT_EQ(request.verb, JsonVerb::auth);
  EXPECT_EQ(request.key, "user");
  EXPECT_EQ(request.value, "pass word");
}

}  // namespace
}  // namespace larder::protocol::websocket
