# shellcheck shell=bash
# packages.sh: installs what is missing of the Debian packages listed in script/packages/. Sourced, never run.

# The daemons that only tests need. Tests start their own processes of them, on ports of their own.
test_daemons=(redis-server memcached)

policy_rc_d=/usr/sbin/policy-rc.d
policy_mark="Written by Larder's script/setup"

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo -- "$@"
  else
    die "installing packages needs root, and there is no sudo here: run script/setup as root first"
  fi
}

# listed GROUP...: the packages of these groups
listed() { (cd script/packages && grep -hv '^#' "$@"); }

# missing_of PACKAGE...: those that are not installed. One dpkg-query for all, since set-up runs before every command.
missing_of() {
  local installed
  # shellcheck disable=SC2016  # dpkg-query's own fields
  installed=$(dpkg-query --show --showformat='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null |
    sed -n 's/^installed //p' || true)
  comm -23 <(printf '%s\n' "$@" | sort -u) <(sort -u <<<"$installed")
}

# Until restore_services, the daemons in $fresh_daemons are not started by their own installation. Any other service is
# asked about as before: the administrator's own policy, if there is one, is moved aside and consulted.
hold_services() {
  local names
  names=$(printf '%s|' "${fresh_daemons[@]}" "${fresh_daemons[@]/%/.service}")
  if [ -e "$policy_rc_d" ] && ! grep -q "$policy_mark" "$policy_rc_d"; then
    as_root mv "$policy_rc_d" "$policy_rc_d.before-larder"
  fi
  as_root tee "$policy_rc_d" >/dev/null <<POLICY
#!/bin/sh
# $policy_mark while it installs packages, and removed by it.
for word; do
  case "\$word" in ${names%|}) exit 101 ;; esac
done
[ ! -x "$policy_rc_d.before-larder" ] || exec "$policy_rc_d.before-larder" "\$@"
exit 0
POLICY
  as_root chmod 755 "$policy_rc_d"
}

# Also when the installation failed half-way: what came with it is not started with the machine.
restore_services() {
  local daemon
  for daemon in "${fresh_daemons[@]}"; do
    if [ -e "/etc/init.d/$daemon" ]; then as_root update-rc.d "$daemon" disable || true; fi
  done
  if [ -e "$policy_rc_d.before-larder" ]; then
    as_root mv "$policy_rc_d.before-larder" "$policy_rc_d"
  else
    as_root rm -f "$policy_rc_d"
  fi
}

# apt_get ARGUMENT...: quiet unless it fails; waits for whoever else is installing.
apt_get() {
  local log
  log=$(mktemp)
  if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@" >"$log" 2>&1; then
    cat "$log"
    rm "$log"
    die "apt-get $1 failed; what it said is above"
  fi
  rm "$log"
}

# install_groups GROUP...: nothing to install means nothing is touched and nothing asked of the network. Nothing that is
# installed is removed for a package's sake.
install_groups() {
  local packages missing daemon fresh_daemons=() started=$SECONDS
  mapfile -t packages < <(listed "$@")
  mapfile -t missing < <(missing_of "${packages[@]}")
  [ "${#missing[@]}" != 0 ] || return 0

  for daemon in "${test_daemons[@]}"; do
    [[ " ${missing[*]} " != *" $daemon "* ]] || fresh_daemons+=("$daemon")
  done
  say "installing Debian packages: ${missing[*]}"
  (
    if [ "${#fresh_daemons[@]}" != 0 ]; then
      trap restore_services EXIT
      trap 'exit 130' INT
      trap 'exit 143' TERM HUP
      hold_services
    fi
    apt_get update
    apt_get install -y --no-install-recommends --no-remove "${missing[@]}"
  ) </dev/null >&2
  say "installed in $((SECONDS - started)) s"
}
