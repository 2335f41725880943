# shellcheck shell=bash
# common.sh: what every script of ours starts with. Sourced, never run.
#
# After it the working directory is the project's root and the first failing command ends the script.

set -euo pipefail
script_path=$(realpath "$0")
larder_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
script_name=${script_path#"$larder_root"/}
cd "$larder_root"

# One line to whoever watches; stdout is left to what a script produces.
say() { printf '%s: %s\n' "$script_name" "$*" >&2; }

# die SENTENCE [STATUS]
die() {
  say "$1"
  exit "${2:-1}"
}

# The comment at the top of a script.
usage() { sed -n '2,/^$/ s/^# \{0,1\}//p' "$script_path"; }
