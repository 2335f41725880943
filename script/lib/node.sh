# shellcheck shell=bash
# node.sh: the npm packages that tests use, at the versions of tests/node/package-lock.json. Sourced, never run.

node_packages_are_current() {
  [ -e tests/node/node_modules/.larder-lock ] &&
    cmp -s tests/node/package-lock.json tests/node/node_modules/.larder-lock
}

# Takes node and npm from PATH where they exist, else Debian's. No package's own scripts are run.
install_node_packages() {
  if ! command -v node >/dev/null || ! command -v npm >/dev/null; then install_groups node; fi
  if node_packages_are_current; then return 0; fi
  say "installing npm packages of tests/node"
  (cd tests/node && npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error) </dev/null >&2
  cp tests/node/package-lock.json tests/node/node_modules/.larder-lock
}
