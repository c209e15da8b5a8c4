# What all verbs share. Sourced by ./dev; ROOT is the top of the tree.
# shellcheck shell=bash

say() { printf '%s\n' "dev: $*" >&2; }
die() { say "$*"; exit 1; }

cores() { nproc 2>/dev/null || echo 2; }

# ensure GROUP...: installs the packages of these groups of tools/packages.txt that are missing.
# As root it does so and says what it does; otherwise it prints the command and ends.
ensure() {
    local group name missing=()
    for group in "$@"; do
        while read -r name; do
            [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] ||
                missing+=("$name")
        done < <(awk -v g="$group" '$1 == g {print $2}' tools/packages.txt)
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    [ "$(id -u)" = 0 ] || {
        say "these Debian packages are missing; as root run:"
        say "  apt-get update && apt-get install --no-install-recommends ${missing[*]}"
        exit 3
    }
    say "installing: ${missing[*]}"
    apt_quiet update
    case " ${missing[*]} " in *" postgresql "*) prepare_postgresql ;; esac
    case " ${missing[*]} " in *" prometheus-alertmanager "*) prepare_alertmanager ;; esac
    # --no-remove: rather fail than take something away that this machine uses.
    apt_quiet install --no-install-recommends --no-remove "${missing[@]}"
}

apt_quiet() {
    local log
    log=$(mktemp)
    DEBIAN_FRONTEND=noninteractive apt-get -y -q -o DPkg::Lock::Timeout=120 "$@" >"$log" 2>&1 || {
        tail -n 30 "$log" >&2
        rm -f "$log"
        die "apt-get $1 failed"
    }
    rm -f "$log"
}

# The tests need PostgreSQL's programs and start a server of their own on a private socket; the
# package would also create and start a cluster.
prepare_postgresql() {
    [ ! -e /etc/postgresql-common/createcluster.conf ] || return 0
    say "postgresql: its programs only, no cluster is created and no service started"
    apt_quiet install --no-install-recommends --no-remove postgresql-common
    printf '\n# Set by gantry: ./dev\ncreate_main_cluster = false\n' \
        >>/etc/postgresql-common/createcluster.conf
}

# The benchmarks start an Alertmanager of their own; the package would also start a service now and
# at every boot. A unit linked to /dev/null does neither.
prepare_alertmanager() {
    local unit=/etc/systemd/system/prometheus-alertmanager.service
    [ ! -e "$unit" ] || return 0
    say "prometheus-alertmanager: its program only, the service is masked"
    mkdir -p "${unit%/*}"
    ln -s /dev/null "$unit"
}

# configure PRESET: only when it is needed; CMake itself notices changed files.
configure() {
    ensure_libcurl
    local made=build/$1/build.ninja
    [ "$made" -nt CMakePresets.json ] && [ "$made" -nt build/libcurl/version ] && return 0
    say "configuring build/$1"
    cmake --preset "$1" -DCMAKE_EXPORT_COMPILE_COMMANDS=ON >"$(log_of "configure-$1")" 2>&1 || {
        tail -n 20 "build/logs/configure-$1.log" >&2
        die "cmake --preset $1 failed (build/logs/configure-$1.log)"
    }
}

log_of() {
    mkdir -p build/logs
    echo "build/logs/$1.log"
}

# build_targets PRESET [TARGET...]
build_targets() {
    local preset=$1
    shift
    configure "$preset"
    local targets=()
    [ $# -eq 0 ] || targets=(--target "$@")
    cmake --build --preset "$preset" -j "$(cores)" "${targets[@]}"
}

cxx_files() { git ls-files --cached --others --exclude-standard -- '*.cpp' '*.hpp'; }

seconds_since() { echo $(($(date +%s) - $1)); }
