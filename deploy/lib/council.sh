# What every council of these scripts has, whether its nodes are processes or containers: names,
# models in node.yaml, a question with its proof. Sourced, never run; uses say.sh and the caller's
# variables.
# shellcheck shell=bash disable=SC2154,SC2034  # settings go from one file to another

small_model_name=smollm2
node_names=(- alice bob carol dave) # index 1 to 4

# find_program NAME: below $bin_dir, whether installed (bin/) or in a build tree.
find_program() {
  local place
  for place in "" bin/ node/ tools/decentctl/; do
    if [[ -x $bin_dir/$place$1 && ! -d $bin_dir/$place$1 ]]; then
      echo "$bin_dir/$place$1"
      return
    fi
  done
  return 1
}

# A value as YAML writes it in double quotes.
yaml_text() {
  local text=${1//\\/\\\\}
  printf '"%s"' "${text//\"/\\\"}"
}

# The `models` section of node.yaml, from $model (small, url or scripted), $small_model_url or
# $model_url and $model_name, $api_key_setting (a line of node.yaml, or empty), or $script_file. On
# a machine without a GPU a small model takes its time, and so do hosted models that think: the time
# limits are wider than decentctl's template has them.
models_section() {
  local url name backend more=''
  case $model in
    scripted)
      backend="backend: scripted
    file: $(yaml_text "$script_file")"
      ;;
    *)
      if [[ $model == small ]]; then
        url=$small_model_url name=$small_model_name
        more=$'\n    max_tokens: 160'
      else
        url=$model_url name=$model_name
      fi
      [[ -z $api_key_setting ]] || more+=$'\n    '$api_key_setting
      backend="backend: openai
    url: $(yaml_text "$url")
    model: $(yaml_text "$name")
    timeout: 180s
    concurrency: 2$more"
      ;;
  esac
  printf 'models:\n  answer:\n    %s\n\n  judge:\n    %s\n\n' "$backend" "$backend"
}

# set_models NODE-YAML: replaces the section that `decentctl init` wrote.
set_models() {
  local section
  section=$(models_section)
  SECTION=$section awk '/^models:/ { print ENVIRON["SECTION"] "\n"; skip = 1; next }
    skip && /^[^ #]/ { skip = 0 }
    !skip' "$1" >"$1.new"
  mv "$1.new" "$1"
}

# Prints the round as it runs, keeps its proof and checks that with nothing but the roster. Sets
# outcome: 0 there is an answer, 2 the council agreed that the round failed.
ask_and_verify() {
  local round bundle status=0
  say "$1"
  "${decentctl[@]}" ask --config "$client_config" --timeout 10m --id-file "$dir/run/round" \
    -- "$1" || status=$?
  # 2: the council agreed that the round failed, which has a proof like any other outcome.
  ((status == 0 || status == 2)) ||
    fail_with_log "$first_log" \
      "the council gave no answer (decentctl ask ended with $status)"
  round=$(cat "$dir/run/round")
  mkdir -p "$dir/rounds"
  bundle=$dir/rounds/$round.bundle
  local log=$dir/logs/verify.log
  "${decentctl[@]}" rounds export "$round" --config "$client_config" --out "$bundle" >"$log" 2>&1 ||
    fail_with_log "$log" "the round's proof could not be exported"
  "${decentctl[@]}" verify "$bundle" --roster "$roster" >"$log" 2>&1 ||
    fail_with_log "$log" "the proof $bundle does not hold"
  printf '\n'
  say "the same proof, checked again from the file and the roster alone:"
  say "decentctl verify $bundle --roster $roster"
  grep '^  ok' "$log" | sed 's/^/    /' # the outcome below the checks was shown before
  if ((status == 2)); then
    say "The proof holds, and what it proves is that this round failed: there were too few answers"
    say "or scores. Busy processors make a small model too slow; ask again when they are free."
  fi
  outcome=$status
}

