# The image that deploy/Dockerfile builds on. Where no registry can be reached, one is made from
# Debian's own packages and gets the same name, so that the Dockerfile is the same everywhere.
# Sourced, never run; uses say.sh and the caller's $root.
# shellcheck shell=bash disable=SC2154

base_image=debian:bookworm-slim

image_exists() { docker image inspect "$1" >/dev/null 2>&1; }

# need_base_image LOG: pulls it or makes it, when it is absent. Sets base_image_from to how.
need_base_image() {
  local log=$1
  if image_exists "$base_image"; then
    base_image_from="there already"
  elif timeout 120 docker pull "$base_image" >"$log" 2>&1; then
    base_image_from="pulled"
  else
    say "no registry can be reached: making it from Debian's packages"
    make_base_image "$log"
    # shellcheck disable=SC2034  # read by whoever sourced this
    base_image_from="made from Debian's packages"
  fi
}

# The package sources of this machine as far as they are Debian 12's, one a line.
bookworm_sources() {
  # shellcheck disable=SC2016  # apt-get expands these
  apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
    'Created-By: Packages' 'Origin: Debian' 2>/dev/null |
    awk '$3 ~ /^bookworm(-updates|-security)?$/ && $4 == "main"'
}

make_base_image() {
  local log=$1 sources
  command -v apt-get >/dev/null || fail \
    "there is no image $base_image and no registry to pull it from:" "$(tail -n 1 "$log")" \
    "On a Debian machine deploy/compose makes it from packages; here, load it from a file:" \
    "  docker save $base_image | gzip >FILE    where it is;    docker load -i FILE    here"
  "$root/deploy/deps.sh" container >>"$log" 2>&1 ||
    fail_with_log "$log" "mmdebstrap, which makes the base image, could not be installed"
  sources=$(bookworm_sources)
  if [[ -z $sources ]]; then # a newer Debian, or no package lists yet
    sources="deb http://deb.debian.org/debian bookworm main
deb http://deb.debian.org/debian bookworm-updates main
deb http://deb.debian.org/debian-security bookworm-security main"
  fi
  local as_root=()
  ((EUID == 0)) || as_root=(sudo)
  # usr-is-merged keeps all of perl out. One path-exclude for each pattern.
  "${as_root[@]}" mmdebstrap --variant=minbase \
    --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr --include=usr-is-merged \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' \
    --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    bookworm - - <<<"$sources" 2>>"$log" |
    docker import -c 'CMD ["bash"]' - "$base_image" >>"$log" 2>&1 ||
    fail_with_log "$log" "the base image could not be made from Debian's packages"
}
