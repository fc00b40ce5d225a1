# How deploy/quickstart and deploy/compose talk: numbered steps with the time each took, and errors
# that show the last lines of the log concerned. Sourced, never run.
# shellcheck shell=bash disable=SC2154  # $program, its name in errors, is the caller's

steps=0  # set by the caller to how many steps there will be
step_number=0
step_started=$SECONDS

say() { printf '      %s\n' "$*"; }

# fail LINE...: an error message, one line for each argument, and the end of the script.
fail() {
  printf '\n%s: %s\n' "$program" "$1" >&2
  local line
  for line in "${@:2}"; do printf '%*s%s\n' $((${#program} + 2)) '' "$line" >&2; done
  exit 1
}

# fail_with_log LOG LINE...: the same, behind the last lines of a log.
fail_with_log() {
  local log=$1
  shift
  if [[ -s $log ]]; then
    printf '\n--- last lines of %s\n' "$log" >&2
    tail -n 25 "$log" >&2
    printf -- '---\n' >&2
  fi
  fail "$@"
}

step() {
  step_number=$((step_number + 1))
  step_started=$SECONDS
  printf '[%d/%d] %s\n' "$step_number" "$steps" "$1"
}

# Closes a step: what came of it, and the seconds it took.
done_step() { printf '      %s (%d s)\n' "$1" "$((SECONDS - step_started))"; }

# Reads ninja's lines "[3/120] ..." and shows progress: one moving line on a terminal, else a line
# for every tenth.
build_progress() {
  local line last=-1 tenth
  while IFS= read -r line; do
    [[ $line =~ ^\[([0-9]+)/([0-9]+)\] ]] || continue
    if [[ -t 1 ]]; then
      printf '\r      %d of %d steps' "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
    else
      tenth=$((BASH_REMATCH[1] * 10 / BASH_REMATCH[2]))
      if ((tenth > last)); then
        say "${BASH_REMATCH[1]} of ${BASH_REMATCH[2]} steps"
        last=$tenth
      fi
    fi
  done
  [[ ! -t 1 ]] || printf '\r\033[K'
}
