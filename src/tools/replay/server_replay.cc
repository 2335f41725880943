#include "tools/replay/server_replay.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "tools/trace/value_size.h"

namespace larder::tools {
namespace {

// The server said no to one command and is still there.
bool is_refusal(ErrorKind kind) { return kind == ErrorKind::refused || kind == ErrorKind::overloaded; }

class Replayer final {
 public:
  Replayer(Client& client, const ObjectSizes& sizes) : client_(client), sizes_(sizes) {}

  Result<void> replay(std::span<const std::uint64_t> batch) {
    const Result<std::vector<std::uint64_t>> missing = get(batch);
    if (!missing) return std::unexpected(missing.error());
    if (const Result<void> set_all = set(*missing); !set_all) return set_all;
    done_.request_count += batch.size();
    return {};
  }

  [[nodiscard]] const ServerReplay& done() const { return done_; }

 private:
  // Returns the ids to store.
  Result<std::vector<std::uint64_t>> get(std::span<const std::uint64_t> batch) {
    std::vector<std::uint64_t> ids;
    pipeline_.clear();
    for (const std::uint64_t id : batch) {
      if (std::ranges::find(ids, id) != ids.end()) continue;
      ids.push_back(id);
      pipeline_.get(object_key(id));
    }
    const Result<std::vector<Result<Answer>>> answers = client_.run(pipeline_);
    if (!answers) return std::unexpected(answers.error());
    std::vector<std::uint64_t> missing;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const Result<Answer>& answer = (*answers)[i];
      if (!answer) return std::unexpected(answer.error());
      const std::optional<std::string>& value = answer->value;
      if (!value) {
        ++done_.miss_count;
        missing.push_back(ids[i]);
      } else if (!is_object_value(*value, object_key(ids[i]), sizes_(ids[i]))) {
        ++done_.wrong_count;
      }
    }
    return missing;
  }

  Result<void> set(const std::vector<std::uint64_t>& ids) {
    if (ids.empty()) return {};
    pipeline_.clear();
    for (const std::uint64_t id : ids) {
      const std::string key = object_key(id);
      pipeline_.set(key, object_value(key, sizes_(id)));
    }
    const Result<std::vector<Result<Answer>>> answers = client_.run(pipeline_);
    if (!answers) return std::unexpected(answers.error());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const Result<Answer>& answer = (*answers)[i];
      if (answer) continue;
      if (!is_refusal(answer.error().kind)) return std::unexpected(answer.error());
      if (done_.refused_count++ == 0)
        done_.first_refusal = object_key(ids[i]) + ": " + answer.error().message;
    }
    return {};
  }

  Client& client_;
  const ObjectSizes& sizes_;
  Pipeline pipeline_;
  ServerReplay done_;
};

}  // namespace

Result<ServerReplay> replay_on_server(Client& client, std::span<const std::uint64_t> ids,
                                      const ObjectSizes& sizes, FunctionRef<void(std::uint64_t)> progress) {
  Replayer replayer(client, sizes);
  while (!ids.empty()) {
    const auto batch = ids.first(std::min(replay_batch_count, ids.size()));
    if (const Result<void> replayed = replayer.replay(batch); !replayed) {
      return failure(replayed.error().kind, "after " + std::to_string(replayer.done().request_count) +
                                                " requests: " + replayed.error().message);
    }
    ids = ids.subspan(batch.size());
    progress(replayer.done().request_count);
  }
  return replayer.done();
}

}  // namespace larder::tools
