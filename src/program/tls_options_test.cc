// Which options of TLS go together. Method: command lines of a program that has nothing else.
#include "program/tls_options.h"

#include <array>
#include <gtest/gtest.h>
#include <string>
#include <string_view>
#include <vector>

#include "program/options.h"

namespace larder::program {
namespace {

const OptionTable& tls_table() {
  static constexpr std::array<std::string_view, 2> schemes{"resp", "resp+tls"};
  static const OptionTable made = [] {
    OptionTable rows{.program = "prog", .summary = "A program.", .environment_prefix = "PROG_"};
    rows.rows = {{.flag = "listen",
                  .kind = OptionKind::endpoint_list,
                  .default_text = "resp://127.0.0.1:1",
                  .choices = schemes}};
    for (const OptionRow& row : tls_option_rows()) rows.rows.push_back(row);
    return rows;
  }();
  return made;
}

Result<TlsPaths> paths_of(const std::vector<std::string>& arguments) {
  const auto parsed = read_options(tls_table(), arguments, {});
  EXPECT_TRUE(parsed.has_value());
  return tls_paths(parsed->values, parsed->values.endpoints("listen"));
}

std::string refusal_of(const std::vector<std::string>& arguments) {
  const auto paths = paths_of(arguments);
  return paths ? "" : paths.error().message;
}

TEST(TlsOptions, AreNeededByAddressesWithTlsOnly) {
  const auto none = paths_of({});
  ASSERT_TRUE(none.has_value());
  EXPECT_EQ(none->certificate, "");
  const auto all = paths_of({"--listen", "resp://h:1", "--listen", "resp+tls://h:2", "--tls-cert", "c",
                             "--tls-key", "k", "--tls-client-ca", "a"});
  ASSERT_TRUE(all.has_value());
  EXPECT_EQ(all->certificate, "c");
  EXPECT_EQ(all->key, "k");
  EXPECT_EQ(all->client_ca, "a");
}

TEST(TlsOptions, SayWhatIsMissing) {
  EXPECT_EQ(refusal_of({"--listen", "resp+tls://h:2"}),
            "--listen: 'resp+tls://h:2' needs a certificate: give --tls-cert and --tls-key");
  EXPECT_EQ(refusal_of({"--listen", "resp+tls://h:2", "--tls-cert", "c"}),
            "--tls-cert: there is no --tls-key for it");
  EXPECT_EQ(refusal_of({"--tls-key", "k"}), "--tls-key: there is no --tls-cert for it");
}

TEST(TlsOptions, AreNoneWhereNobodyWouldUseThem) {
  const std::string reason = ": no address to listen on has +tls, as in resp+tls://127.0.0.1:6390";
  EXPECT_EQ(refusal_of({"--tls-cert", "c", "--tls-key", "k"}), "--tls-cert" + reason);
  EXPECT_EQ(refusal_of({"--tls-client-ca", "a"}), "--tls-client-ca" + reason);
}

}  // namespace
}  // namespace larder::program
