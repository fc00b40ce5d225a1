# The council that deploy/compose keeps in containers, from deploy/compose.yaml. Sourced, never run;
# uses say.sh, council.sh and the caller's variables.
#
#   $dir/settings          what the nodes were made with, read as words and never executed
#   $dir/compose.env       the same for docker-compose
#   $dir/secrets           mode 0700: passphrases of the nodes' keys, the key of the model's API; and
#                          gateway_key, an API key of alice's gateway, with the SHA-256 of all that
#                          it takes in gateway_keys
#   $dir/roster.yaml, client/client.yaml, logs, run
#   $dir/rounds/*.bundle   proofs of the rounds asked here
#   volumes PROJECT_alice, PROJECT_alice-data, ...
# shellcheck shell=bash disable=SC2154,SC2034  # settings go from one file to another

node_user=7400  # of deploy/Dockerfile
model_user=7401 # of deploy/models/Dockerfile
model_volume=decentd-small-model
model_image=decentd-small-model
ca_in_container=/run/ca-certificates.crt

council_exists() { [[ -e $dir/complete ]]; }

# Compose v2 where it is there, else docker-compose 1.29; both read deploy/compose.yaml.
find_compose() {
  if docker compose version >/dev/null 2>&1; then
    compose_command=(docker compose)
  elif command -v docker-compose >/dev/null; then
    compose_command=(docker-compose)
  else
    fail "there is neither 'docker compose' nor docker-compose; on Debian:" \
      "  apt-get install docker-compose"
  fi
}

compose() {
  # compose.yaml takes the environment before the file.
  DECENTD_GATEWAY_PORT=$gateway_port "${compose_command[@]}" --project-name "$project" --env-file "$dir/compose.env" \
    --file "$root/deploy/compose.yaml" "$@"
}

write_compose_env() {
  # compose.yaml names it, whether it is used or not.
  docker volume create "$model_volume" >/dev/null
  printf '%s=%s\n' COMPOSE_PROJECT_NAME "$project" DECENTD_IMAGE "$image" \
    DECENTD_MODEL_IMAGE "$model_image" DECENTD_SECRETS "$dir/secrets" DECENTD_CLIENT_PORT "$port" \
    DECENTD_GATEWAY_PORT "$gateway_port" >"$dir/compose.env"
}

write_settings() {
  { settings; printf 'bin_dir=%s\njobs=%s\ngateway_port=%s\n' "$bin_dir" "$jobs" "$gateway_port"; } \
    >"$dir/settings"
}

# in_node NAME DOCKER-RUN-ARGUMENTS...: a command with a node's volume and its secrets, no network.
in_node() {
  local name=$1
  shift
  docker run --rm -i --network none --volume "${project}_$name:/var/lib/decentd" \
    --volume "$dir/secrets/${name}_passphrase:/run/secrets/passphrase:ro" \
    --volume "$dir/secrets/model_api_key:/run/secrets/model_api_key:ro" \
    --volume "$dir/secrets/gateway_keys:/run/secrets/gateway_keys:ro" "$image" "$@"
}

# build_image LOG TAG DOCKER-BUILD-ARGUMENTS...
build_image() {
  local log=$1 tag=$2
  shift 2
  docker build --tag "$tag" "$@" >"$log" 2>&1 || fail_with_log "$log" "the image $tag was not built"
}

# The image of the nodes: everything built inside, or with --bin programs that were built outside.
build_node_image() {
  local log=$dir/logs/image.log
  if [[ -z $bin_dir ]]; then
    build_image "$log" "$image" --build-arg "JOBS=$jobs" --file "$root/deploy/Dockerfile" \
      "$root"
    return
  fi
  local program files
  files=$(mktemp -d)
  for program in decentd decentctl; do
    # Without what only a debugger reads, most of a program's size.
    strip -o "$files/$program" "$(find_program "$program")" 2>/dev/null ||
      cp "$(find_program "$program")" "$files/" || fail "$program is not in $bin_dir"
  done
  cp -r "$root/deploy/examples" "$files/"
  build_image "$log" decentd-runtime --target runtime --file "$root/deploy/Dockerfile" "$root"
  build_image "$log" "$image" --build-arg RUNTIME=decentd-runtime \
    --file "$root/deploy/Dockerfile.bin" "$files"
  rm -r "$files"
}

# What pip needs of this machine inside a container: its settings, proxies, and the authorities that
# it trusts where the machine names them.
pip_arguments() {
  pip_run=()
  local name authority
  for name in $(compgen -e); do
    case $name in
      PIP_CERT | PIP_CACHE_DIR | PIP_CONFIG_FILE | PIP_LOG | PIP_TARGET | PIP_PREFIX) ;;
      PIP_* | [Hh][Tt][Tt][Pp]*_[Pp][Rr][Oo][Xx][Yy] | [Nn][Oo]_[Pp][Rr][Oo][Xx][Yy])
        pip_run+=(--env "$name") ;;
    esac
  done
  [[ ! -d ${PIP_FIND_LINKS-} ]] || pip_run+=(--volume "$PIP_FIND_LINKS:$PIP_FIND_LINKS:ro")
  for name in /etc/pip.conf "${PIP_CONFIG_FILE-}"; do
    [[ ! -f $name ]] || pip_run+=(--volume "$name:/etc/pip.conf:ro")
  done
  for authority in "${PIP_CERT-}" "${SSL_CERT_FILE-}" "${REQUESTS_CA_BUNDLE-}"; do
    [[ -f $authority ]] || continue
    pip_run+=(--volume "$(readlink -f "$authority"):$ca_in_container:ro"
      --env "PIP_CERT=$ca_in_container" --env "SSL_CERT_FILE=$ca_in_container")
    break
  done
}

# Server and weights, in a volume of their own that outlives every council.
install_small_model() {
  local log=$dir/logs/model-install.log
  build_image "$log" "$model_image" "$root/deploy/models"
  local in_volume=(docker run --rm -i --volume "$model_volume:/model")
  # What deploy/quickstart has installed here already need not be fetched again, if it is of the
  # Python that is in the image. The installation below checks it.
  if [[ $(readlink -f "$model_dir/venv/bin/python") == /usr/bin/python3.11 ]] &&
    ! "${in_volume[@]}" "$model_image" test -e /model/venv/pyvenv.cfg; then
    say "copying it from $model_dir"
    tar -C "$model_dir" -c venv | "${in_volume[@]}" --network none "$model_image" \
      tar -C /model --no-same-owner -x >"$log" 2>&1 || say "it could not be copied"
  fi
  pip_arguments
  # The machine's own network: what it reaches by a proxy on loopback is reached here too.
  "${in_volume[@]}" --network host "${pip_run[@]}" "$model_image" ./install_small_model.sh /model \
    2>&1 >/dev/null | tee "$log" | sed -n '/start it with/d;s/^install_small_model: /      /p'
  [[ ${PIPESTATUS[0]} == 0 ]] || fail_with_log "$log" "the small model could not be installed." \
    "With a model server of your own: deploy/compose up --model URL --model-name NAME" \
    "Without any model:               deploy/compose up --scripted"
}

# One passphrase for each node's key. The directory is this user's; the files in it are the node's,
# for a node reads no secret that others may read too.
make_secrets() {
  local i log=$dir/logs/setup.log
  mkdir -p "$dir/secrets"
  chmod 700 "$dir/secrets"
  for i in 1 2 3 4; do
    head -c 32 /dev/urandom | base64 >"$dir/secrets/${node_names[$i]}_passphrase"
  done
  printf '%s\n' "${DECENTD_API_KEY:-none}" >"$dir/secrets/model_api_key"
  docker run --rm --user 0 --network none --volume "$dir/secrets:/secrets" "$image" \
    sh -c "chown $node_user:$node_user /secrets/* && chmod 400 /secrets/*" >"$log" 2>&1 ||
    fail_with_log "$log" "the secrets could not be given to the nodes' user"
  make_gateway_key
}

# The API key stays with this user; the node is given its SHA-256, from which nobody finds it.
make_gateway_key() {
  local key=$dir/secrets/gateway_key digests=$dir/secrets/gateway_keys
  [[ -s $key ]] || (umask 077 && head -c 32 /dev/urandom | od -An -v -tx1 | tr -d ' \n' >"$key")
  [[ -s $digests ]] || {
    printf '# SHA-256 of each API key that the gateway takes; it is read at its start.\n'
    tr -d '\n' <"$key" | sha256sum | cut -d ' ' -f 1
  } >"$digests"
  chmod 644 "$digests"
}

# Keys are made inside each node's volume and never leave it. $dir/complete comes last, so that a
# half-made council is never taken for one.
create_council() {
  local log=$dir/logs/setup.log work name i cards=()
  work=$(mktemp -d)
  if [[ -e $dir/unfinished ]]; then # an earlier run was interrupted; its keys are in no roster
    compose down --volumes >"$log" 2>&1 || fail_with_log "$log" "docker-compose down failed"
    remove_files
    mkdir -p "$dir/logs" "$dir/run"
  elif docker volume inspect "${project}_alice" >/dev/null 2>&1; then
    fail "there are volumes of a council already (${project}_alice), but not its files in $dir." \
      "Put those back, or remove the council with its keys: deploy/compose clean$given"
  fi
  touch "$dir/unfinished"
  make_secrets
  write_compose_env
  compose up --no-start alice bob carol dave >"$log" 2>&1 ||
    fail_with_log "$log" "docker-compose could not make the containers"
  for i in 1 2 3 4; do
    name=${node_names[$i]}
    in_node "$name" decentctl init --dir . --name "$name" --address "$name:7400" \
      --client-listen 127.0.0.1:8400 --passphrase-file /run/secrets/passphrase \
      >"$work/card" 2>>"$log" || fail_with_log "$log" "decentctl init could not set up $name"
    cards+=("$(cat "$work/card")")
  done
  "${decentctl[@]}" roster create --out "$roster" "${cards[@]}" >>"$log" 2>&1 ||
    fail_with_log "$log" "decentctl could not make the roster"
  if [[ $model != scripted ]]; then # wider than the models' time limit, see models_section
    sed -i -E 's/\{soft: [^,]+, hard: [^,]+,/{soft: 4m, hard: 10m,/' "$roster"
  fi
  for i in 1 2 3 4; do configure_node "${node_names[$i]}" "$work"; done
  "${decentctl[@]}" client init --dir "$dir/client" --node "127.0.0.1:$port" --roster "$roster" \
    >>"$log" 2>&1 || fail_with_log "$log" "decentctl could not set up a client"
  rm -r "$work"
  write_settings
  mv "$dir/unfinished" "$dir/complete"
}

# Of node.yaml, for the node whose ports are published: only this machine is published to.
gateway_section() {
  cat <<YAML

# OpenAI's API and the dashboard.
gateway:
  listen: 0.0.0.0:8480
  insecure: true
  api_keys: /run/secrets/gateway_keys
YAML
}

# A council that was made before nodes had gateways gets one.
need_gateway() {
  local log=$dir/logs/setup.log
  make_gateway_key
  in_node alice grep -q '^gateway:' node.yaml </dev/null && return
  gateway_section | in_node alice sh -c 'cat >>node.yaml && decentctl config check' >>"$log" 2>&1 ||
    fail_with_log "$log" "the gateway could not be put into alice's configuration"
}

# configure_node NAME WORK: its models, its passphrase, and for the node whose ports are published
# addresses that the engine reaches. Only this machine is published to.
configure_node() {
  local name=$1 work=$2 edit='s|^# passphrase_file: .*|passphrase_file: /run/secrets/passphrase|'
  [[ $name != alice ]] || edit+=';s|^  listen: .*127.0.0.1:8400.*|  listen: 0.0.0.0:8400|'
  [[ $name != alice ]] || edit+=';s|^  insecure: false|  insecure: true|'
  in_node "$name" cat node.yaml | sed "$edit" >"$work/node.yaml"
  set_models "$work/node.yaml"
  [[ $name != alice ]] || gateway_section >>"$work/node.yaml"
  cp "$roster" "$work/roster.yaml"
  tar -C "$work" --owner "$node_user" --group "$node_user" -c node.yaml roster.yaml |
    in_node "$name" sh -c 'tar -x && decentctl config check' >>"$log" 2>&1 ||
    fail_with_log "$log" "the configuration of $name is not as decentctl wants it"
}

# The id of a service's container, by the labels that either compose gives it.
container_of() {
  docker ps --all --quiet --filter "label=com.docker.compose.project=$project" \
    --filter "label=com.docker.compose.service=$1" --filter label=com.docker.compose.oneoff=False
}

# wait_for SECONDS SERVICE WHAT COMMAND...: until the command succeeds while the container runs.
wait_for() {
  local deadline=$((SECONDS + $1)) service=$2 what=$3 id
  shift 3
  id=$(container_of "$service")
  until "$@" "$id" >/dev/null 2>&1; do
    if ((SECONDS >= deadline)) ||
      [[ $(docker inspect --format '{{.State.Status}}' "$id" 2>&1) != running ]]; then
      docker logs --tail 25 "$id" >"$dir/logs/$service.log" 2>&1 || true
      fail_with_log "$dir/logs/$service.log" "$service $what"
    fi
    sleep 0.2
  done
}

model_is_ready() {
  docker exec "$1" /model/venv/bin/python -c \
    'import urllib.request as u; u.urlopen("http://127.0.0.1:8080/health", timeout=5)'
}

node_is_healthy() { docker exec "$1" decentd --health --config /var/lib/decentd/node.yaml; }

# The nodes whose ports are not published are asked inside their own container.
reaches_all() {
  [[ $(docker exec "$1" decentctl status --node insecure://127.0.0.1:8400 --json) \
    =~ \"reachable\":\ *4[^0-9] ]]
}

start_council() {
  local log=$dir/logs/compose.log i
  local services=(alice bob carol dave)
  [[ $model != small ]] || services+=(model)
  write_compose_env
  compose up --detach --no-build "${services[@]}" >"$log" 2>&1 ||
    fail_with_log "$log" "docker-compose could not start the containers"
  for i in 1 2 3 4; do
    wait_for 60 "${node_names[$i]}" "does not reach 4 of 4 nodes" reaches_all
    wait_for 60 "${node_names[$i]}" "is not healthy" node_is_healthy
  done
  [[ $model != small ]] || wait_for 120 model "was not ready within 120 s" model_is_ready
  docker logs "$(container_of alice)" >"$first_log" 2>&1
}

show_status() {
  compose ps
  echo
  "${decentctl[@]}" status --config "$client_config" || true
  echo
  "${decentctl[@]}" rounds ls --config "$client_config" || true
}

# Only what these scripts make, by name: $dir may be a directory that holds other things.
remove_files() {
  rm -rf "${dir:?}"/{secrets,client,run,logs,rounds} \
    "$dir"/{settings,compose.env,roster.yaml,complete,unfinished}
}
