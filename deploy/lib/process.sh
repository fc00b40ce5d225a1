# Background processes that deploy/quickstart owns. A pid file holds "PID START-TIME", so that a
# number which the system has given to someone else is never taken for ours. Sourced, never run.
# shellcheck shell=bash

# The start time of a process in clock ticks since boot: with the pid its identity.
process_start_time() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  stat=${stat##*) } # behind the command's name, which may hold anything
  local fields
  read -ra fields <<<"$stat"
  [[ ${fields[0]} != Z ]] || return 1
  echo "${fields[19]}"
}

# own_process PIDFILE: prints the pid when that process still runs.
own_process() {
  local pid started
  [[ -s $1 ]] && read -r pid started <"$1" || return 1
  [[ $(process_start_time "$pid") == "$started" ]] && echo "$pid"
}

# start_process PIDFILE LOG COMMAND...: in a session of its own, so that it outlives the terminal.
start_process() {
  local pidfile=$1 log=$2
  shift 2
  # Descriptor 9 is the caller's lock: a process that kept it would hold it for as long as it runs.
  setsid "$@" </dev/null >>"$log" 2>&1 9>&- &
  local pid=$!
  echo "$pid $(process_start_time "$pid" || echo ended)" >"$pidfile"
}

# stop_process PIDFILE SECONDS: SIGTERM, then SIGKILL when it has not ended in that time. Says
# nothing; 1 when there was nothing to stop.
stop_process() {
  local pid
  pid=$(own_process "$1") || {
    rm -f "$1"
    return 1
  }
  kill -TERM "$pid" 2>/dev/null || true
  local deadline=$((SECONDS + $2))
  while own_process "$1" >/dev/null; do
    if ((SECONDS >= deadline)); then
      kill -KILL "$pid" 2>/dev/null || true
    fi
    sleep 0.1
  done
  rm -f "$1"
}

# port_in_use PORT: true when something listens on it, on loopback or on every address.
port_in_use() { [[ -n $(listening_inodes "$1") ]]; }

# Inodes of the sockets that listen on a TCP port; state 0A is LISTEN.
listening_inodes() {
  local hex
  hex=$(printf '%04X' "$1")
  cat /proc/net/tcp /proc/net/tcp6 2>/dev/null |
    awk -v port="$hex" '$4 == "0A" { split($2, local, ":"); if (local[2] == port) print $10 }'
}

# port_owner PORT: "PID (command line)" of who listens there, as far as this user may see.
port_owner() {
  local inode fd pid
  for inode in $(listening_inodes "$1"); do
    for fd in /proc/[0-9]*/fd/*; do
      [[ $(readlink "$fd" 2>/dev/null) == "socket:[$inode]" ]] || continue
      pid=${fd#/proc/}
      pid=${pid%%/*}
      echo "process $pid ($(tr '\0' ' ' <"/proc/$pid/cmdline" | cut -c1-80 | sed 's, *$,,'))"
      return
    done
  done
  echo "a process of another user"
}
