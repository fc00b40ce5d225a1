#!/usr/bin/env bash
# The one list of Debian packages that decentd is built, run and tested with, and their installation.
#
#   deploy/deps.sh [GROUP...]      install what is missing of the groups; default: build run
#   deploy/deps.sh --list [...]    print the packages' names, one a line, and install nothing
#   deploy/deps.sh --check [...]   print what is missing; exit 1 when something is
#
# Groups: build, run, test, dev; library, what the built programs load, for a machine or an image
# without a compiler; container, what deploy/compose may need beside a Docker engine; package, for
# deploy/package. Installs as root, or through sudo. When everything is there, it neither touches the
# network nor needs root.
set -euo pipefail

# shellcheck disable=SC2034  # the groups are read through a nameref
group_build=(
  build-essential cmake ninja-build pkg-config  # compiler and build tools
  ccache                                        # a second build takes seconds
  libgrpc++-dev protobuf-compiler-grpc          # links between peers and the client API
  libprotobuf-dev protobuf-compiler             # messages
  libabsl-dev                                   # Status, containers
  libsodium-dev                                 # Ed25519, passphrases
  libssl-dev                                    # certificates of the links, SHA-256
  librocksdb-dev                                # journal and records of rounds
  libcurl4-openssl-dev                          # calls to language models
  nlohmann-json3-dev                            # their JSON
  libyaml-cpp-dev                               # configuration files
  libcli11-dev                                  # command lines
  libspdlog-dev                                 # logs
  prometheus-cpp-dev                            # metrics
  libboost-dev                                  # HTTP of the gateway, headers only
  libsystemd-dev                                # readiness and watchdog of the service
)
# shellcheck disable=SC2034
group_run=(
  ca-certificates       # models behind https
  python3 python3-venv  # the small local model's server
  libgomp1 libstdc++6   # what its inference engine links to
)
# shellcheck disable=SC2034
group_library=(
  ca-certificates                # models behind https
  libgrpc++1.51 libgrpc29        # links between peers and the client API
  libre2-9                       # patterns of scripted replies
  libprotobuf32                  # messages
  libabsl20220623                # Status, containers
  libsodium23 libssl3            # signatures, certificates of the links
  librocksdb7.8                  # journal and records of rounds
  libcurl4                       # calls to language models
  libyaml-cpp0.7                 # configuration files
  libspdlog1.10 libfmt9          # logs
  libprometheus-cpp-pull1.0 libprometheus-cpp-core1.0  # metrics
  libsystemd0                    # readiness and watchdog of the service
  libstdc++6 libgcc-s1 libc6
)
# shellcheck disable=SC2034
group_container=(
  mmdebstrap  # makes the base image where no registry can be reached
)
# shellcheck disable=SC2034
group_test=(
  libgtest-dev libgmock-dev  # unit tests
  libbenchmark-dev           # tools/bench
  python3                    # end-to-end tests, standard library only
  python3-yaml               # the alert rules' test
  python3-venv               # for what Debian does not have (tests/requirements.txt)
  chromium                   # the dashboard's tests
  libfaketime                # their nodes whose clock jumps
  iproute2                   # tests, and their organisations, on networks of their own
  shellcheck                 # the scripts of deploy/ and tests/
)
# shellcheck disable=SC2034
group_package=(
  dpkg-dev debhelper  # what builds Debian's packages
  help2man            # manual pages from --help
  po-debconf          # the question that purging asks
  lintian             # what Debian would say of the package
  mmdebstrap          # the clean Debian that tests/package installs it on
)
# shellcheck disable=SC2034
group_dev=(
  clang               # the second compiler the code must build with
  clang-format        # the style of .clang-format
  python3-matplotlib  # the plot of tests/sim/run --soak --plot
)

usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "${BASH_SOURCE[0]}"; }

fail() {
  printf 'deps: %s\n' "$@" >&2
  exit 1
}

mode=install
groups=()
for argument in "$@"; do
  case $argument in
    --list) mode=list ;;
    --check) mode=check ;;
    -h | --help) usage; exit 0 ;;
    build | run | test | dev | library | container | package) groups+=("$argument") ;;
    *)
      fail "unknown argument '$argument'; expected --list, --check or groups:" \
        "build run test dev library container package"
      ;;
  esac
done
((${#groups[@]})) || groups=(build run)

packages=()
for group in "${groups[@]}"; do
  declare -n members="group_$group"
  for package in "${members[@]}"; do
    [[ " ${packages[*]} " == *" $package "* ]] || packages+=("$package")
  done
done

if [[ $mode == list ]]; then
  printf '%s\n' "${packages[@]}"
  exit 0
fi

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  fail "this system has no apt-get: the list is for Debian 12 (bookworm) and its derivatives." \
    "Install what 'deploy/deps.sh --list ${groups[*]}' names with your own package manager," \
    "then pass --no-install to deploy/quickstart or tests/run."
fi

# An installed package's line is "ii  NAME[:arch]"; unknown names give no line.
installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' "${packages[@]}" 2>/dev/null || true)
missing=()
for package in "${packages[@]}"; do
  grep -qx "ii  $package" <<<"$installed" || missing+=("$package")
done

if ((!${#missing[@]})); then
  [[ $mode == check ]] || echo "deps: all ${#packages[@]} packages are installed (${groups[*]})"
  exit 0
fi
if [[ $mode == check ]]; then
  printf '%s\n' "${missing[@]}"
  exit 1
fi

as_root=()
if ((EUID != 0)); then
  command -v sudo >/dev/null ||
    fail "installing needs root and this user has no sudo. As root, run:" \
      "  apt-get install --no-install-recommends ${missing[*]}"
  as_root=(sudo)
  echo "deps: installing through sudo, which may ask for your password"
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o Acquire::Retries=2
  -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 -o DPkg::Lock::Timeout=120)

echo "deps: ${#missing[@]} of ${#packages[@]} packages are missing: ${missing[*]}"
echo "deps: apt-get update"
# It succeeds although a source was not reached, so its output is what tells.
update_failed=
if ! "${apt[@]}" -q update >"$log" 2>&1 || grep -q '^\(Err:\|W: Failed to fetch\)' "$log"; then
  update_failed=$(grep -m3 -E '^(Err:|E: |W: Failed to fetch)' "$log" || tail -n 3 "$log")
fi

echo "deps: apt-get install --no-install-recommends"
if ! "${apt[@]}" -q -y install --no-install-recommends "${missing[@]}" >"$log" 2>&1; then
  if [[ -n $update_failed ]]; then
    fail "the package sources could not be read (no network, or a wrong mirror?):" \
      "$update_failed" "Nothing else was changed. Run again when the network is there."
  fi
  tail -n 15 "$log" >&2
  fail "apt-get could not install the packages, see above." \
    "This list is for Debian 12 (bookworm); here is: $(grep -s '^PRETTY_NAME=' /etc/os-release)"
fi
echo "deps: installed"
