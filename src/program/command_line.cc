#include "program/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string_view>

#include "program/version.h"

namespace larder::program {
namespace {

constexpr std::size_t flag_column_width = 34;
constexpr std::size_t help_column_width = 74;

// CLI11 keeps the line breaks of a description and indents what follows, but breaks no lines itself.
std::string wrapped(const std::string& text) {
  std::string lines;
  std::size_t line_size = 0;
  std::size_t start = 0;
  while (start < text.size()) {
    const std::size_t end = std::min(text.find(' ', start), text.size());
    const std::size_t word_size = end - start;
    if (line_size > 0) {
      const bool fits = line_size + 1 + word_size <= help_column_width;
      lines += fits ? ' ' : '\n';
      line_size = fits ? line_size + 1 : 0;
    }
    lines += text.substr(start, word_size);
    line_size += word_size;
    start = end + 1;
  }
  return lines;
}

std::string description(const OptionTable& table, const OptionRow& row) {
  std::string text(row.help);
  if (!row.default_note.empty()) {
    text += "; default: " + std::string(row.default_note);
  } else if (!row.default_text.empty() && row.kind != OptionKind::toggle) {
    text += "; default: " + std::string(row.default_text);
  }
  return wrapped(text + " [" + table.environment_name(row) + "]");
}

constexpr std::string_view footer =
    "SIZE is a whole number followed by b, kb, mb or gb (powers of 1024); DURATION one\n"
    "followed by ms, s, m or h. A flag wins over its environment variable (in brackets),\n"
    "that over the file of --config, that over the default. A list is separated by commas\n"
    "in the environment and an array in the file.\n"
    "\n"
    "Exit status: 0 after --help, --version and a clean stop; 2 for a bad option or file;\n"
    "1 if it cannot start, or failed.";

}  // namespace

Result<CommandLine> parse_command_line(const OptionTable& table, std::span<const std::string> arguments) {
  CommandLine command_line;
  CLI::App app{std::string(table.summary), std::string(table.program)};
  app.allow_extras();
  app.get_formatter()->column_width(flag_column_width);
  const std::string notes = table.notes.empty() ? "" : std::string(table.notes) + "\n\n";
  app.footer(notes + std::string(footer));
  app.set_help_flag("--help", "Print this and exit");
  app.set_version_flag("--version", std::string(table.program) + " " + std::string(version()),
                       "Print the version and exit");

  std::vector<CLI::Option*> options;
  std::vector<std::vector<std::string>> texts(table.rows.size());
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    const OptionRow& row = table.rows[i];
    // CLI11 takes a name without dashes beside the flag for "also where no flag stands in front".
    const std::string name =
        (row.flag == table.positional ? std::string(row.flag) + "," : "") + "--" + std::string(row.flag);
    if (row.kind == OptionKind::toggle) {
      options.push_back(app.add_flag(name)->description(description(table, row)));
    } else {
      // One value for each occurrence: a vector of CLI11's own making would swallow the words that follow,
      // and split a value in brackets.
      options.push_back(app.add_option(name, texts[i], description(table, row))
                            ->expected(1)
                            ->allow_extra_args(false)
                            ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
                            ->type_name(value_name(row)));
    }
  }

  try {
    // CLI11 takes the words from the back.
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    command_line.answer = app.help();
    return command_line;
  } catch (const CLI::CallForVersion& call) {
    command_line.answer = std::string(call.what()) + "\n";
    return command_line;
  } catch (const CLI::ParseError& error) {
    return failure(ErrorKind::malformed, std::string(error.what()) + "; see --help");
  }

  if (const std::vector<std::string> strangers = app.remaining(); !strangers.empty()) {
    const std::string& stranger = strangers.front();
    return failure(ErrorKind::malformed, stranger.starts_with('-')
                                             ? "unknown flag '" + stranger + "'; see --help"
                                             : "'" + stranger + "' belongs to no flag; see --help");
  }
  for (std::size_t i = 0; i < table.rows.size(); ++i) {
    if (options[i]->count() == 0) continue;
    command_line.entries.push_back({.row = &table.rows[i], .texts = options[i]->results()});
  }
  return command_line;
}

}  // namespace larder::program
