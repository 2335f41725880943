#include "server/users_file.h"

#include <algorithm>
#include <fmt/format.h>
#include <set>
#include <utility>

#include "program/config_file.h"
#include "program/replace_file.h"

namespace larder::server {
namespace {

using program::ConfigFileEntry;
using program::ConfigSection;
using session::Rights;
using session::User;

// Blanks would end a word of ACL LIST and of the line protocol, a colon the name in HTTP's Basic.
bool is_user_name(std::string_view name) {
  constexpr std::size_t size_max = 64;
  return !name.empty() && name.size() <= size_max &&
         std::ranges::all_of(name, [](char c) { return c >= '!' && c <= '~' && c != ':' && c != '"'; });
}

Rights right_of(std::string_view word) {
  if (word == "read") return session::read_right;
  if (word == "write") return session::write_right;
  return word == "admin" ? session::admin_right : Rights{0};
}

// What is wrong with the entry; empty: it is in `user` now.
std::string read_entry(const ConfigFileEntry& entry, User& user) {
  if (entry.key == "password") {
    if (entry.is_array) return "is a list; one password is a text";
    auto hash = session::parse_scrypt_hash(entry.texts.front());
    if (!hash) return hash.error().message;
    user.password = *std::move(hash);
    return {};
  }
  if (entry.key == "rights") {
    if (!entry.is_array) return "is no list; write it as [\"read\"]";
    for (const std::string& word : entry.texts) {
      if (right_of(word) == 0) return "has a word that is none of read, write, admin";
      user.rights |= right_of(word);
    }
    return {};
  }
  if (entry.key == "prefixes") {
    if (!entry.is_array) return "is no list; write it as [\"app:\"]";
    if (entry.texts.empty()) return "names none; leave it out for every key";
    if (std::ranges::find(entry.texts, "") != entry.texts.end())
      return "has an empty one; leave it out for every key";
    user.prefixes = entry.texts;
    return {};
  }
  return "is not known; a user has password, rights and prefixes";
}

Result<User> read_section(const ConfigSection& section, const std::string& path) {
  User user;
  user.name = section.name;
  std::set<std::string> keys;
  const auto refused = [&](std::size_t line, const std::string& reason) {
    return failure(ErrorKind::malformed, fmt::format("{}:{}: {}", path, line, reason));
  };
  if (!is_user_name(section.name)) {
    return refused(section.line,
                   "a user's name is 1 to 64 printable characters without blanks, colons and quotes");
  }
  for (const ConfigFileEntry& entry : section.entries) {
    if (const std::string reason = read_entry(entry, user); !reason.empty()) {
      return refused(entry.line, "user." + section.name + "." + entry.key + " " + reason);
    }
    keys.insert(entry.key);
  }
  for (const char* const key : {"password", "rights"}) {
    if (!keys.contains(key)) return refused(section.line, "user." + section.name + " has no " + key);
  }
  return user;
}

// Nobody but the owner may read or change it.
Result<std::string> read_private_file(const std::string& path) {
  const Result<program::FileText> file = program::read_file(path, program::config_file_size_max);
  if (!file) return failure(ErrorKind::malformed, path + ": " + file.error().message);
  if ((file->mode & 077) != 0) {
    return failure(ErrorKind::malformed,
                   fmt::format("{}: its mode is {:04o}, so that others than its owner may read or change it; "
                               "chmod 600 it",
                               path, file->mode));
  }
  return file->text;
}

}  // namespace

Result<std::vector<User>> parse_users(const std::string& text, const std::string& path) {
  const auto sections = program::parse_config_sections(text, path, "user");
  if (!sections) return std::unexpected(sections.error());
  std::vector<User> users;
  for (const ConfigSection& section : *sections) {
    Result<User> user = read_section(section, path);
    if (!user) return std::unexpected(user.error());
    users.push_back(*std::move(user));
  }
  return users;
}

Result<std::vector<User>> read_users_file(const std::string& path) {
  const Result<std::string> text = read_private_file(path);
  if (!text) return std::unexpected(text.error());
  return parse_users(*text, path);
}

}  // namespace larder::server
