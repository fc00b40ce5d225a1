# What is looked at before any work begins, so that a machine on which it cannot succeed is told so
# at once. Sourced, never run.
# shellcheck shell=bash

# free_mb PATH: megabytes free on the file system that will hold PATH, which need not exist yet.
free_mb() {
  local path=$1
  while [[ ! -e $path ]]; do path=$(dirname "$path"); done
  df -Pm "$path" | awk 'NR == 2 { print $4 }'
}

# need_disk PATH MB WHAT: fails when the file system of PATH has less.
need_disk() {
  local free
  free=$(free_mb "$1")
  ((free >= $2)) || fail "too little disk: $3 needs about $2 MB at $1, free are $free MB." \
    "Free some space, or choose another place with --dir."
}

# need_port PORT WHAT OPTION: fails when something listens there; OPTION chooses another port.
need_port() {
  local port=$1 what=$2 other=$3 owner
  port_in_use "$port" || return 0
  owner=$(port_owner "$port")
  port_in_use "$port" || return 0  # it has ended meanwhile
  fail "port $port, meant for $what, is in use by $owner." \
    "Stop it, or choose another port with $other."
}

# Compilations of gRPC's headers take up to 1.2 GB each; a small machine builds slower, not never.
build_jobs() {
  local memory_mb jobs
  memory_mb=$(awk '/^MemAvailable/ { print int($2 / 1024) }' /proc/meminfo)
  jobs=$((memory_mb / 1200))
  ((jobs >= 1)) || jobs=1
  ((jobs <= $(nproc))) || jobs=$(nproc)
  echo "$jobs"
}
