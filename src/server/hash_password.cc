#include "server/hash_password.h"

#include <array>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <openssl/crypto.h>
#include <string>
#include <termios.h>
#include <unistd.h>

#include "base/random.h"
#include "program/run_program.h"
#include "session/login_queue.h"
#include "session/scrypt.h"

namespace larder::server {
namespace {

/// A terminal that shows nothing of what is typed, for as long as this lives.
class Silence {
 public:
  Silence() : is_terminal_(::tcgetattr(STDIN_FILENO, &before_) == 0) {
    if (!is_terminal_) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    std::fputs("Password: ", stderr);
  }
  Silence(const Silence&) = delete;
  Silence& operator=(const Silence&) = delete;
  ~Silence() {
    if (!is_terminal_) return;
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    std::fputs("\n", stderr);
  }

 private:
  termios before_{};
  bool is_terminal_;
};

int refuse(const char* sentence) {
  std::fprintf(stderr, "larder-server: --hash-password: %s\n", sentence);
  return program::exit_bad_option;
}

}  // namespace

int hash_password() {
  std::string password;
  {
    const Silence silence;
    std::getline(std::cin, password);
  }
  if (password.ends_with('\r')) password.pop_back();
  if (password.empty()) return refuse("there is no password on standard input");
  if (password.size() > session::credential_size_max) {
    return refuse("the password is longer than 16384 bytes, so that nobody could log in");
  }
  std::array<unsigned char, session::scrypt_salt_size> random{};
  fill_random(random);
  const std::string salt(random.begin(), random.end());
  const std::string text = session::scrypt_text(session::make_scrypt_hash(password, {.salt = salt}));
  OPENSSL_cleanse(password.data(), password.size());
  const bool is_written = std::puts(text.c_str()) >= 0 && std::fflush(stdout) == 0;
  return is_written ? program::exit_clean : program::exit_failed;
}

}  // namespace larder::server
