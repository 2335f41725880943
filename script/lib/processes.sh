# shellcheck shell=bash
# processes.sh: starts programs, waits until each is ready, and stops them all. Sourced, never run.
#
# A program is ready when it has written a line to stderr that ends with `ready URL URL ...`. Each runs in a session of
# its own, so that Ctrl-C reaches only the script, which then stops them in order; should the script be killed, the
# kernel sends them SIGTERM.

pids=()     # of the programs, in the order of their start
names=()    # of the programs, by process id
relays=()   # of what copies their logs to our stderr
starting='' # the process that is awaited right now
stopping='' # set by the signals that end the script
scratch=$(mktemp -d)

trap stop_all EXIT
trap 'stopping=yes; [ -z "$starting" ] || kill -TERM "$starting" 2>/dev/null || true' INT TERM HUP

# start PROGRAM ARGUMENT...: returns when it is ready, with the addresses in $ready_urls; fails, with its exit status
# in $status (0 after --help), when it ends instead.
start() {
  local line pipe
  mkfifo "$scratch/stderr"
  setsid setpriv --pdeathsig TERM "$@" 2>"$scratch/stderr" </dev/null &
  starting=$!
  pids+=("$starting")
  names[starting]=${1##*/}
  exec {pipe}<"$scratch/stderr"
  rm "$scratch/stderr"

  ready_urls=''
  while IFS= read -r line <&"$pipe"; do
    printf '%s\n' "$line" >&2
    if [[ $line =~ (^|[[:space:]])ready((\ [a-z+]+:[^\ ]+)+)$ ]]; then
      ready_urls=${BASH_REMATCH[2]}
      break
    fi
  done
  starting=''
  # Whatever it logs from here on; ends with the program.
  (trap '' INT TERM HUP && exec cat <&"$pipe" >&2) &
  relays+=($!)
  exec {pipe}<&-

  [ -z "$stopping" ] || exit 0
  [ -z "$ready_urls" ] || return 0
  status=0
  wait "${pids[-1]}" || status=$?
  unset 'pids[-1]'
  return 1
}

# wait_until_stopped: ends the script, with status 0 after a signal, else because one of the programs ended by itself.
wait_until_stopped() {
  local ended=''
  # A signal while nothing is waited for ends the script at once; one that came before is seen right here.
  trap 'exit 0' INT TERM HUP
  [ -z "$stopping" ] || exit 0
  status=0
  wait -n -p ended "${pids[@]}" || status=$?
  [ "$status" != 0 ] || status=1
  die "${names[$ended]} ended by itself; stopping the rest" "$status"
}

# stop_all: the last started first. A program that does not stop with status 0 gives the script its own.
stop_all() {
  local result=$? i
  trap '' INT TERM HUP
  for ((i = ${#pids[@]} - 1; i >= 0; --i)); do
    kill -TERM "${pids[i]}" 2>/dev/null || true
    status=0
    wait "${pids[i]}" 2>/dev/null || status=$?
    [ "$result" != 0 ] || result=$status
  done
  wait "${relays[@]}" || true
  rm -rf "$scratch"
  exit "$result"
}
