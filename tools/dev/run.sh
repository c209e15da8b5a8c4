# up, down, demo: gantryd and an agent on this machine, state under var/.
# shellcheck shell=bash

BIN=build/release/bin

verb_up() {
    ensure build run
    if alive gantryd && alive agent; then
        say "already running"
        next_steps
        return 0
    fi
    build_targets release gantryd gantry gantry-agent
    mkdir -p var
    chmod 700 var
    start_server
    enrol_agent
    start_agent
    next_steps
}

# pid and start time: a number alone may belong to another process by now. Nothing for a zombie.
started_at() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | awk '$1 != "Z" {print $20}'; }

alive() {
    local pid start
    [ -f "var/$1.pid" ] || return 1
    read -r pid start <"var/$1.pid"
    [ -n "$start" ] && [ "$(started_at "$pid")" = "$start" ]
}

launch() {
    local name=$1
    shift
    setsid nohup "$@" >>"var/$name.log" 2>&1 </dev/null &
    local pid=$!
    disown "$pid"
    echo "$pid $(started_at "$pid")" >"var/$name.pid"
}

port_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

choose_port() {
    local port
    for port in 8443 $(seq 18443 18463); do
        port_taken "$port" || { echo "$port"; return; }
        say "port $port is taken"
    done
    die "no free port among 8443 and 18443 to 18463"
}

start_server() {
    if ! alive gantryd; then
        local port config=()
        port=$(choose_port)
        # An optional file of yours: connectors, rules and so on.
        [ ! -f var/gantry.yaml ] || config=(--config var/gantry.yaml)
        say "starting gantryd on 127.0.0.1:$port, state in var/gantryd"
        launch gantryd "$BIN/gantryd" --data var/gantryd --listen "127.0.0.1:$port" "${config[@]}"
        write_environment "$port"
    fi
    # shellcheck source=/dev/null
    source var/env.addresses
    local i
    for ((i = 0; i < 150; i++)); do
        alive gantryd || { tail -n 20 var/gantryd.log >&2; die "gantryd ended (var/gantryd.log)"; }
        if [ -f "$GANTRY_CA" ] &&
            curl -fsS -m 2 --cacert "$GANTRY_CA" "$GANTRY_URL/readyz" >/dev/null 2>&1; then
            return 0
        fi
        sleep 0.2
    done
    die "gantryd is not ready after 30 s (var/gantryd.log)"
}

write_environment() {
    cat >var/env.addresses <<ENV
GANTRY_URL=https://127.0.0.1:$1
GANTRY_CA=$ROOT/var/gantryd/tls/ca.pem
ENV
    cat >var/env <<ENV
# source var/env: what the gantry command line needs to talk to the gantryd of ./dev up.
export GANTRY_URL=https://127.0.0.1:$1
export GANTRY_CA='$ROOT/var/gantryd/tls/ca.pem'
export GANTRY_TOKEN="\$(cat '$ROOT/var/gantryd/admin.token')"
export PATH='$ROOT/$BIN':"\$PATH"
ENV
    chmod 600 var/env
}

# An agent keeps its identity; it enrols again only when gantryd's state (its authority) is new.
enrol_agent() {
    local authority
    authority=$(sha256sum <"$GANTRY_CA")
    [ "$authority" != "$(cat var/agent.enrolled 2>/dev/null)" ] || return 0
    say "enrolling the agent of this machine, state in var/agent"
    local reply token force=()
    # It was enrolled with another gantryd: this one's state is new.
    [ ! -f var/agent.enrolled ] || force=(--force)
    reply=$(source var/env && gantry tokens create --organisation default --site default \
        --role server --json) || die "no enrolment token: $reply"
    token=$(python3 -c 'import json, sys; print(json.load(sys.stdin)["token"])' <<<"$reply")
    "$BIN/gantry-agent" --state var/agent enrol --server "$GANTRY_URL" --ca "$GANTRY_CA" \
        --token "$token" "${force[@]}"
    echo "$authority" >var/agent.enrolled
}

start_agent() {
    alive agent && return 0
    # The port may be another one than when it enrolled; the agent's own file says which.
    printf 'server: %s\nca_file: %s\n' "$GANTRY_URL" "$GANTRY_CA" >var/agent.yaml
    say "starting gantry-agent"
    launch agent "$BIN/gantry-agent" --config var/agent.yaml --state var/agent run
    sleep 1
    alive agent || { tail -n 20 var/agent.log >&2; die "gantry-agent ended (var/agent.log)"; }
}

next_steps() {
    # shellcheck source=/dev/null
    source var/env.addresses
    cat <<NEXT

  Gantry is up.
    address            $GANTRY_URL   (authority: var/gantryd/tls/ca.pem)
    admin credential   var/gantryd/admin.token
    logs               var/gantryd.log, var/agent.log

  Try next:
    source var/env && gantry status
    gantry assets
    curl --cacert "\$GANTRY_CA" -H "Authorization: Bearer \$GANTRY_TOKEN" \\
      -H 'Content-Type: application/json' "\$GANTRY_URL/api/v1/intake/generic" \\
      -d '{"key": "try", "severity": "critical", "summary": "no coffee", "host": "kitchen"}'

  ./dev down stops both.
NEXT
}

verb_down() {
    local name
    for name in agent gantryd; do stop "$name"; done
}

# TERM, then KILL after 20 s; only a process that `up` started.
stop() {
    local pid start i
    if ! alive "$1"; then
        rm -f "var/$1.pid"
        say "$1 is not running"
        return 0
    fi
    read -r pid start <"var/$1.pid"
    kill -TERM "$pid"
    for ((i = 0; i < 100; i++)); do
        alive "$1" || break
        sleep 0.2
    done
    if alive "$1"; then
        say "$1 did not end within 20 s; killing it"
        kill -KILL "$pid"
    fi
    rm -f "var/$1.pid"
    say "$1 stopped"
}

verb_demo() {
    [ -f tests/e2e/demo.py ] || die "demo: there is none yet (tests/e2e/demo.py)"
    ensure build run
    build_targets release gantryd gantry gantry-agent
    GANTRY_BIN="$ROOT/$BIN" python3 tests/e2e/demo.py "$@"
}
