// Every request has one meaning, and every outcome of the cache one answer. Method: requests as the parser
// hands them out, results as the client library hands them out; no socket, no cache.
#include "web/storage_api.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <string>
#include <utility>
#include <vector>

namespace larder::web {
namespace {

using protocol::http::Request;
using testing::HasSubstr;

Request request_of(std::string method, std::string target) {
  Request request;
  request.method = std::move(method);
  request.target = std::move(target);
  return request;
}

Request form(std::string body, std::string type = "application/x-www-form-urlencoded") {
  Request request = request_of("POST", "/api/storage/");
  request.headers.push_back({.name = "Content-Type", .value = std::move(type)});
  request.body = std::move(body);
  return request;
}

const std::vector<std::string> allowed_origins{"https://app.example"};
const PageRules rules{.allowed_origins = allowed_origins, .local_address = "127.0.0.1:5000"};

int status_of(const Request& request) {
  const auto planned = plan(request, rules);
  const auto* response = std::get_if<WebResponse>(&planned);
  return response == nullptr ? 0 : response->status;
}

std::string key_of(const std::string& target) {
  const auto planned = plan(request_of("GET", target), rules);
  const auto* call = std::get_if<CacheCall>(&planned);
  const auto* read = call == nullptr ? nullptr : std::get_if<ReadValue>(call);
  return read == nullptr ? "(no read)" : read->key;
}

int refused_status_of(const Request& request) {
  const auto refused = refuse_head(request, rules);
  return refused ? refused->status : 0;
}

using Pairs = std::vector<std::pair<std::string, std::string>>;

Pairs pairs_of(const Request& request) {
  const auto planned = plan(request, rules);
  const auto* call = std::get_if<CacheCall>(&planned);
  const auto* store = call == nullptr ? nullptr : std::get_if<StorePairs>(call);
  Pairs pairs;
  if (store == nullptr) return pairs;
  for (const auto& pair : store->pairs) pairs.emplace_back(pair.name, pair.value);
  return pairs;
}

TEST(StorageApi, ReadsTheKeyThatTheQueryNames) {
  EXPECT_EQ(key_of("/api/storage/?key=k1"), "k1");
  EXPECT_EQ(key_of("/api/storage?key=k1"), "k1");
  EXPECT_EQ(key_of("/api/storage/?other=1&key=a+b%20c%2B%00"), std::string("a b c+\0", 7));
  EXPECT_EQ(key_of("/api/storage/?key=%FF"), "\xFF") << "a key that RESP stored may be any bytes";
  EXPECT_EQ(key_of("/api/storage/?key=a=b"), "a=b");
}

TEST(StorageApi, RefusesAReadWithoutOneKey) {
  for (const auto* target : {"/api/storage/", "/api/storage/?", "/api/storage/?key", "/api/storage/?key=",
                             "/api/storage/?Key=k", "/api/storage/?key=%4", "/api/storage/?key=a&key=b"})
    EXPECT_EQ(status_of(request_of("GET", target)), 400) << target;
  EXPECT_EQ(status_of(request_of("HEAD", "/api/storage/")), 400);
}

TEST(StorageApi, StoresThePairsOfAFormInOrder) {
  EXPECT_EQ(pairs_of(form("k1=v1&k2=v2")), (Pairs{{"k1", "v1"}, {"k2", "v2"}}));
  EXPECT_EQ(pairs_of(form("k=1&k=2")), (Pairs{{"k", "1"}, {"k", "2"}})) << "the last one wins in the cache";
  EXPECT_EQ(pairs_of(form("a+b=c%2Bd&%C3%A9=%E2%82%AC&empty=&bare")),
            (Pairs{{"a b", "c+d"}, {"\xC3\xA9", "\xE2\x82\xAC"}, {"empty", ""}, {"bare", ""}}));
  EXPECT_EQ(pairs_of(form("k=v", "APPLICATION/x-www-form-urlencoded ; charset=UTF-8")), (Pairs{{"k", "v"}}));
  Request without_slash = form("k=v");
  without_slash.target = "/api/storage";
  EXPECT_EQ(pairs_of(without_slash), (Pairs{{"k", "v"}}));
}

TEST(StorageApi, RefusesAFormThatIsNotWhollyGood) {
  for (const auto* body :
       {"", "&&", "=v", "k=v&=v", "k=%FF", "%FF=v", "k=v&k=%C0%80", "k=%ED%A0%80", "k=%4", "k=%zz"})
    EXPECT_EQ(status_of(form(body)), 400) << body;
  EXPECT_EQ(status_of(form("k=\xFF")), 400);
  std::string many;
  for (std::size_t i = 0; i <= pair_count_max; ++i) many += "k=&";
  EXPECT_EQ(status_of(form(many)), 413);
}

TEST(StorageApi, WantsAForm) {
  EXPECT_EQ(status_of(form("{}", "application/json")), 415);
  EXPECT_EQ(status_of(form("k=v", "text/plain")), 415);
  EXPECT_EQ(status_of(form("k=v", "application/x-www-form-urlencoded2")), 415);
  Request without_type = request_of("POST", "/api/storage/");
  EXPECT_EQ(status_of(without_type), 400) << "no body, no type: an empty form";
  without_type.body = "k=v";
  EXPECT_EQ(status_of(without_type), 415);
}

TEST(StorageApi, DecodesNoContent) {
  for (const char* const coding : {"gzip", "x-gzip", "deflate", "br", "identity", "gzip, gzip", ""}) {
    Request request = form("k=v");
    request.headers.push_back({.name = "content-encoding", .value = coding});
    EXPECT_EQ(status_of(request), 415) << coding;
    EXPECT_EQ(refused_status_of(request), 415) << coding;
  }
}

TEST(StorageApi, StoresNothingForAPageOfAnotherOrigin) {
  const auto status = [](std::string host, std::string origin) {
    Request request = form("k=v");
    request.headers.push_back({.name = "Host", .value = std::move(host)});
    request.headers.push_back({.name = "Origin", .value = std::move(origin)});
    const int by_head = refused_status_of(request);
    const int whole = status_of(request);
    EXPECT_EQ(by_head, whole);
    return whole;
  };
  EXPECT_EQ(status("127.0.0.1:5000", "http://evil.example"), 403);
  EXPECT_EQ(status("127.0.0.1:5000", "null"), 403);
  EXPECT_EQ(status("127.0.0.1:5000", "http://127.0.0.1:5001"), 403);
  EXPECT_EQ(status("evil:5000", "http://evil:5000"), 403) << "a name that is not ours for sure";
  EXPECT_EQ(status("127.0.0.1:5000", "http://127.0.0.1:5000"), 0);
  EXPECT_EQ(status("localhost:5000", "http://localhost:5000"), 0);
  EXPECT_EQ(status("cache:5000", "https://app.example"), 0);

  Request read = request_of("GET", "/api/storage/?key=k");
  read.headers.push_back({.name = "Origin", .value = "http://evil.example"});
  EXPECT_EQ(status_of(read), 0) << "reading changes nothing, and the page does not get the answer";
}

TEST(StorageApi, AnswersNoNameThatMayHaveBeenRebound) {
  const auto status = [](Request request, std::string host) {
    request.headers.push_back({.name = "Host", .value = std::move(host)});
    return status_of(request);
  };
  const Request read = request_of("GET", "/api/storage/?key=k");
  for (const Request& request : {read, request_of("HEAD", read.target), form("k=v")}) {
    EXPECT_EQ(status(request, "evil.example:5000"), 421) << request.method;
    EXPECT_EQ(status(request, "127.0.0.1:5000"), 0) << request.method;
    EXPECT_EQ(status(request, "cache:5000"), 0) << request.method;
    EXPECT_EQ(status(request, "app.example"), 0) << request.method;
  }
  EXPECT_EQ(status(request_of("GET", "/healthz"), "evil.example"), 200);
}

TEST(StorageApi, NamesTheMethodsThatAnAddressServes) {
  for (const auto* method : {"PUT", "DELETE", "OPTIONS", "PATCH", "get"}) {
    const auto planned = plan(request_of(method, "/api/storage/?key=k"), rules);
    const auto& response = std::get<WebResponse>(planned);
    EXPECT_EQ(response.status, 405);
    ASSERT_EQ(response.headers.size(), 1U);
    EXPECT_EQ(response.headers[0].name, "Allow");
    EXPECT_EQ(response.headers[0].value, "GET, HEAD, POST");
  }
  EXPECT_EQ(status_of(request_of("POST", "/healthz")), 405);
}

TEST(StorageApi, AnswersHealthzByItselfAndNothingElsewhere) {
  EXPECT_EQ(status_of(request_of("GET", "/healthz")), 200);
  EXPECT_EQ(status_of(request_of("HEAD", "/healthz")), 200);
  for (const auto* target : {"/", "/api", "/api/storage/x", "/api/storagex", "/healthz/", "*"})
    EXPECT_EQ(status_of(request_of("GET", target)), 404) << target;
  EXPECT_EQ(status_of(request_of("GET", "nowhere")), 400);
}

TEST(StorageApi, RefusesByTheHeadWhatNoBodyCanMend) {
  EXPECT_EQ(refused_status_of(form("")), 0);
  EXPECT_EQ(refused_status_of(form("", "application/json")), 415);
  EXPECT_EQ(refused_status_of(request_of("POST", "/api/storage/")), 415);
  EXPECT_EQ(refused_status_of(request_of("PUT", "/api/storage/")), 405);
  EXPECT_EQ(refused_status_of(request_of("POST", "/")), 404);
}

// A value must never be run as a page of this origin.
TEST(ReadAnswer, IsTheValuesBytesAndNoPage) {
  const WebResponse response = answer(Result<std::optional<std::string>>("<script>\0"));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "<script>");
  EXPECT_EQ(response.content_type, "application/octet-stream");
  EXPECT_EQ(answer(Result<std::optional<std::string>>(std::nullopt)).status, 404);
}

TEST(ReadAnswer, IsAPlainSentenceWhenTheCacheFails) {
  const auto failing = [](ErrorKind kind) {
    return answer(Result<std::optional<std::string>>(failure(kind, "the peer's own words")));
  };
  for (const auto kind : {ErrorKind::disconnected, ErrorKind::timed_out, ErrorKind::overloaded,
                          ErrorKind::malformed, ErrorKind::refused, ErrorKind::denied}) {
    const WebResponse response = failing(kind);
    EXPECT_EQ(response.status, 503);
    EXPECT_THAT(response.body, testing::Not(HasSubstr("the peer's own words")));
  }
  EXPECT_EQ(failing(ErrorKind::too_large).status, 500);
}

using Stored = std::vector<Result<Answer>>;

TEST(StoreAnswer, IsOkOnlyWhenAllIsStored) {
  const WebResponse response = answer(Result<Stored>(Stored(3)));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "OK\n");
  EXPECT_EQ(response.content_type, "text/plain; charset=utf-8");
}

TEST(StoreAnswer, SaysWhatMayBeStored) {
  const WebResponse unsent = answer(Result<Stored>(failure(ErrorKind::disconnected, "gone")));
  EXPECT_EQ(unsent.status, 503);
  EXPECT_THAT(unsent.body, HasSubstr("nothing was stored"));

  for (const auto kind : {ErrorKind::disconnected, ErrorKind::timed_out, ErrorKind::malformed}) {
    const WebResponse midway = answer(Result<Stored>(Stored{Answer{}, failure(kind, "gone")}));
    EXPECT_EQ(midway.status, 503);
    EXPECT_THAT(midway.body, HasSubstr("some pairs may be stored"));
  }
  const WebResponse full = answer(Result<Stored>(Stored{failure(ErrorKind::overloaded, "OOM"), Answer{}}));
  EXPECT_EQ(full.status, 503);
  EXPECT_THAT(full.body, HasSubstr("some pairs may be stored"));
}

TEST(StoreAnswer, TellsATooLargePairFromACacheThatRefuses) {
  const auto refused = [](const char* text) { return failure(ErrorKind::refused, text); };
  EXPECT_EQ(answer(Result<Stored>(Stored{refused("ERR too large"), Answer{}})).status, 413);
  EXPECT_EQ(answer(Result<Stored>(Stored{refused("NOAUTH who are you")})).status, 503);
  EXPECT_EQ(
      answer(Result<Stored>(Stored{refused("ERR too large"), failure(ErrorKind::disconnected, "")})).status,
      503);
}

TEST(FailedAnswer, SpeaksOfStoringOnlyToThoseWhoStore) {
  EXPECT_THAT(failed(StorePairs{}).body, HasSubstr("some pairs may be stored"));
  EXPECT_THAT(failed(ReadValue{}).body, testing::Not(HasSubstr("stored")));
}

}  // namespace
}  // namespace larder::web
