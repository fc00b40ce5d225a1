# The council that deploy/quickstart keeps in $dir: four nodes as processes of this machine, their
# roster, a client, and the small model's server. Sourced, never run; uses say.sh, process.sh,
# council.sh and the caller's variables.
#
#   $dir/settings          what the nodes were made with, read as words and never executed
#   $dir/nodes/nodeN       identity.key, node.yaml, the database
#   $dir/nodes/roster.yaml, client/client.yaml
#   $dir/run/*.pid, logs/*.log
#   $dir/rounds/*.bundle   proofs of the rounds asked here
# shellcheck shell=bash disable=SC2154,SC2034  # settings go from one file to another

peer_port() { echo $((port_base + $1)); }
client_port() { echo $((port_base + 100 + $1)); }
new_gateway() { echo "127.0.0.1:$((port_base + 300 + $1))"; }
council_exists() { [[ -e $dir/nodes/complete ]]; }

# gateway_setting N KEY: of the gateway in a node's node.yaml; nothing where it has none.
gateway_setting() {
  awk -v key="$2:" '/^gateway:/ { inside = 1; next } /^[^ #]/ { inside = 0 }
    inside && $1 == key { gsub(/["\047]/, "", $2); print $2; exit }' "$dir/nodes/node$1/node.yaml"
}

# gateway_of N: host:port of a node's gateway; nothing in councils from before there were gateways.
gateway_of() {
  if council_exists; then gateway_setting "$1" listen; else new_gateway "$1"; fi
}

gateway_port() {
  local address
  address=$(gateway_of "$1")
  echo "${address##*:}"
}

find_programs() {
  bin_dir=${given_bin:-$root/build/release}
  if ! decentd=$(find_program decentd) || ! decentctl=$(find_program decentctl); then
    fail "decentd and decentctl are not in $bin_dir" \
      "deploy/quickstart builds them; with --bin, name the directory that holds both."
  fi
}

# Sets port_base, model, model_url, model_name and given_bin: from the options, else from $dir.
load_settings() {
  port_base=7100 model=small api_key=none
  client_config=$dir/nodes/client/client.yaml roster=$dir/nodes/roster.yaml
  first_log=$dir/logs/node1.log
  local key value
  if council_exists && [[ -r $dir/settings ]]; then
    while IFS='=' read -r key value; do
      case $key in
        port_base) port_base=$value ;;
        model) model=$value ;;
        model_url) [[ -n $wanted_model ]] || model_url=$value ;;
        model_name) [[ -n $wanted_model ]] || model_name=$value ;;
        api_key) api_key=$value ;;
        given_bin) [[ -n $given_bin ]] || given_bin=$value ;;
      esac
    done <"$dir/settings"
  fi
  port_base=${wanted_port_base:-$port_base}
  model=${wanted_model:-$model}
  model_port=$((port_base + 200))
  if [[ -n $wanted_model ]]; then
    api_key=none
    [[ $model != url || -z ${DECENTD_API_KEY-} ]] || api_key=DECENTD_API_KEY
  fi
  small_model_url=http://127.0.0.1:$model_port/v1
  script_file=$root/deploy/examples/scripted.yaml
  api_key_setting=
  [[ $api_key == none ]] || api_key_setting="api_key_env: $api_key"
}

settings() {
  printf 'port_base=%s\nmodel=%s\nmodel_url=%s\nmodel_name=%s\napi_key=%s\n' \
    "$port_base" "$model" "$model_url" "$model_name" "$api_key"
}

# Another model or other ports make another council: the nodes of the old one stay whole beside it.
set_aside_other_council() {
  council_exists || return 0
  [[ $(settings) != "$(grep -v '^\(given_bin\|bin_dir\)=' "$dir/settings")" ]] || return 0
  stop_all >/dev/null
  local earlier
  earlier=$dir/earlier/$(date +%Y%m%d-%H%M%S)
  mkdir -p "$dir/earlier"
  mv "$dir/nodes" "$earlier"
  say "other model or ports than before: new nodes; the earlier ones are kept in $earlier"
}

start_small_model() {
  local log=$dir/logs/model.log
  if ! own_process "$dir/run/model.pid" >/dev/null; then
    start_process "$dir/run/model.pid" "$log" "$model_dir/venv/bin/python" \
      "$root/deploy/models/small_model_server.py" --model "$model_dir/model.gguf" \
      --port "$model_port"
  fi
  local deadline=$((SECONDS + 120))
  until [[ $(http_status "$model_port" /health) == 200 ]]; do
    own_process "$dir/run/model.pid" >/dev/null ||
      fail_with_log "$log" "the model server ended while it started"
    ((SECONDS < deadline)) || fail_with_log "$log" "the model server was not ready within 120 s"
    sleep 0.2
  done
}

# http_status PORT PATH: the status code of a GET on loopback; nothing when nobody listens.
http_status() {
  local line=''
  {
    printf 'GET %s HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' "$2" >&8
    read -r -t 10 line <&8
  } 2>/dev/null 8<>"/dev/tcp/127.0.0.1/$1" || true
  [[ ! $line =~ ^HTTP/[0-9.]+\ ([0-9]+) ]] || echo "${BASH_REMATCH[1]}"
}

# Marked complete at the end, so that a half-made council is never taken for one.
create_council() {
  find_programs
  local nodes=$dir/nodes log=$dir/logs/setup.log i name
  rm -rf "$nodes"
  mkdir -p "$nodes"
  local cards=() clients=()
  for i in 1 2 3 4; do
    name=${node_names[$i]}
    "$decentctl" init --dir "$nodes/node$i" --name "$name" \
      --address "127.0.0.1:$(peer_port "$i")" --listen "127.0.0.1:$(peer_port "$i")" \
      --client-listen "127.0.0.1:$(client_port "$i")" --gateway "$(new_gateway "$i")" \
      >"$nodes/card" 2>>"$log" ||
      fail_with_log "$log" "decentctl init could not set up node $i"
    cards+=("$(cat "$nodes/card")")
    clients+=(--node "127.0.0.1:$(client_port "$i")")
    set_models "$nodes/node$i/node.yaml"
  done
  rm "$nodes/card"
  "$decentctl" roster create --out "$roster" "${cards[@]}" >>"$log" 2>&1 ||
    fail_with_log "$log" "decentctl could not make the roster"
  if [[ $model != scripted ]]; then # wider than the models' time limit, see models_section
    sed -i -E 's/\{soft: [^,]+, hard: [^,]+,/{soft: 4m, hard: 10m,/' "$roster"
  fi
  for i in 1 2 3 4; do
    cp "$roster" "$nodes/node$i/roster.yaml"
    "$decentctl" config check --dir "$nodes/node$i" >>"$log" 2>&1 ||
      fail_with_log "$log" "the configuration of node $i is not as decentctl wants it"
  done
  "$decentctl" client init --dir "$nodes/client" "${clients[@]}" \
    --roster "$roster" >>"$log" 2>&1 ||
    fail_with_log "$log" "decentctl could not set up a client"
  { settings; printf 'given_bin=%s\n' "$given_bin"; } >"$dir/settings"
  touch "$nodes/complete"
}

start_nodes() {
  find_programs
  local i
  for i in 1 2 3 4; do
    own_process "$dir/run/node$i.pid" >/dev/null && continue
    start_process "$dir/run/node$i.pid" "$dir/logs/node$i.log" \
      "$decentd" --config "$dir/nodes/node$i/node.yaml"
  done
}

# Until every node answers and says that it reaches all four.
wait_for_council() {
  local deadline=$((SECONDS + 60)) i status reached
  for i in 1 2 3 4; do
    until status=$("$decentctl" status --config "$client_config" \
      --node "127.0.0.1:$(client_port "$i")" --json 2>&1) &&
      [[ $status =~ \"reachable\":\ *4[^0-9] ]]; do
      own_process "$dir/run/node$i.pid" >/dev/null ||
        fail_with_log "$dir/logs/node$i.log" "node $i (${node_names[$i]}) ended while it started"
      if ((SECONDS >= deadline)); then
        reached=no
        [[ ! $status =~ \"reachable\":\ *([0-9]+) ]] || reached=${BASH_REMATCH[1]}
        fail_with_log "$dir/logs/node$i.log" \
          "node $i (${node_names[$i]}) reaches $reached of 4 nodes after 60 s"
      fi
      sleep 0.2
    done
  done
}

need_running() {
  council_exists || fail "there is no council in $dir; make one with deploy/quickstart"
  find_programs
  local i
  for i in 1 2 3 4; do
    own_process "$dir/run/node$i.pid" >/dev/null || fail \
      "node $i (${node_names[$i]}) does not run; deploy/quickstart starts what is stopped"
  done
}

show_status() {
  find_programs
  local i pid gateway
  for i in 1 2 3 4; do
    if pid=$(own_process "$dir/run/node$i.pid"); then
      gateway=$(gateway_of "$i")
      printf '%s: process %s, log %s%s\n' "${node_names[$i]}" "$pid" "$dir/logs/node$i.log" \
        "${gateway:+, http://$gateway/}"
    else
      printf '%s: stopped\n' "${node_names[$i]}"
    fi
  done
  if [[ $model == small ]]; then
    if pid=$(own_process "$dir/run/model.pid"); then
      printf 'model server: process %s, log %s\n' "$pid" "$dir/logs/model.log"
    else
      printf 'model server: stopped\n'
    fi
  fi
  if own_process "$dir/run/node1.pid" >/dev/null; then
    echo
    "$decentctl" status --config "$client_config" || true
    echo
    "$decentctl" rounds ls --config "$client_config" || true
  fi
}

stop_all() {
  local file stopped=0
  for file in "$dir"/run/*.pid; do
    [[ -e $file ]] || continue
    if stop_process "$file" 20; then
      say "stopped $(basename "$file" .pid)"
      stopped=$((stopped + 1))
    fi
  done
  ((stopped)) || say "nothing was running"
}

# Only what this script makes, by name: $dir may be a directory that holds other things.
remove_council() {
  rm -rf "${dir:?}"/{nodes,earlier,run,logs,rounds} "$dir"/{settings,lock}
  rmdir "$dir" 2>/dev/null || true
}

what_next() {
  local given='' gateway key=none
  [[ $dir == "$default_dir" ]] || given=" --dir $(printf '%q' "$dir")"
  gateway=$(gateway_of 1)
  [[ -z $(gateway_setting 1 api_keys)$(gateway_setting 1 api_keys_env) ]] || key=YOUR_KEY
  printf '\nThe council is running. What next:\n'
  [[ -z $gateway ]] || cat <<TEXT
  look at it           http://$gateway/ in a browser
  OpenAI's clients     export OPENAI_BASE_URL=http://$gateway/v1 OPENAI_API_KEY=$key
TEXT
  cat <<TEXT
  another question     $0 ask "Why is the sky blue?"$given
  look at the nodes    $0 status$given
  look at the rounds   $decentctl rounds ls --config $(printf '%q' "$client_config")
  stop, start again    $0 stop$given; $0$given
TEXT
  [[ -n $gateway ]] || cat <<TEXT

These nodes were made before there was OpenAI's API and a dashboard. To have both, add two lines
  gateway:
    listen: $(new_gateway 1)
to $dir/nodes/node1/node.yaml, then stop and start again.
TEXT
}
