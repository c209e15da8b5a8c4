# build, test, sim, fuzz, cover, bench, package.
# shellcheck shell=bash

verb_build() {
    ensure build
    build_targets "${1:-dev}"
    say "programs are in build/${1:-dev}/bin"
}

verb_test() {
    local preset=dev filter=()
    while [ $# -gt 0 ]; do
        case "$1" in
            --preset) preset=${2:?--preset needs a name}; shift ;;
            --approve) export GANTRY_ACCEPT_GOLDEN=1 ;;
            -*) die "test: unknown option $1" ;;
            *) filter=(-R "$1") ;;
        esac
        shift
    done
    ensure build run test
    build_targets "$preset"
    local status=0 begin
    begin=$(date +%s)
    # Benchmarks measure; they are no tests.
    GANTRY_BIN="$ROOT/build/$preset/bin" ctest --test-dir "build/$preset" -j "$(cores)" \
        --output-on-failure --no-tests=error -LE bench "${filter[@]}" || status=$?
    say "tests of preset $preset: $([ $status = 0 ] && echo passed || echo FAILED)" \
        "in $(seconds_since "$begin") s"
    [ -z "${GANTRY_ACCEPT_GOLDEN:-}" ] || git --no-pager diff --stat -- tests
    return $status
}

# Simulations are also tests (label sim), with few seeds. They read GANTRY_SIM_SEED (run this one)
# and GANTRY_SIM_SEEDS (how many), and print the seed that fails.
verb_sim() {
    local preset=dev
    case "${1:-}" in
        "") ;;
        # Optimised, thousands of seeds take minutes; one seed is for the debugger.
        --seeds) export GANTRY_SIM_SEEDS=${2:?--seeds needs a number}; preset=release ;;
        *[!0-9]*) die "sim: a seed is a number, not \"$1\"" ;;
        *) export GANTRY_SIM_SEED=$1 ;;
    esac
    ensure build
    build_targets "$preset"
    local program begin word status=0 found=0
    for program in "build/$preset"/bin/simulation_*; do
        [ -x "$program" ] || continue
        found=1
        begin=$(date +%s)
        word=held
        "$program" || { status=1; word=BROKE; }
        say "${program##*/}: $word in $(seconds_since "$begin") s"
    done
    [ $found = 1 ] || die "sim: there are no simulations yet (tests/simulation)"
    return $status
}

# The corpus in tests/fuzz grows in build/fuzz; an input that breaks a property is kept there.
verb_fuzz() {
    local name seconds=${1:-30} targets=()
    case "$seconds" in *[!0-9]*) die "fuzz: seconds are a number, not \"$seconds\"" ;; esac
    ensure build fuzz
    configure fuzz
    for name in tests/fuzz/*_fuzz.cpp; do
        name=$(basename "$name" _fuzz.cpp)
        grep -q "^build fuzz_$name:" build/fuzz/build.ninja && targets+=("fuzz_$name")
    done
    [ ${#targets[@]} -gt 0 ] || die "fuzz: no fuzzer is configured (tests/fuzz)"
    build_targets fuzz "${targets[@]}"
    for name in "${targets[@]}"; do
        local corpus="build/fuzz/corpus/${name#fuzz_}"
        mkdir -p "$corpus"
        say "$name for $seconds s"
        "build/fuzz/bin/$name" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
            -print_final_stats=1 -verbosity=0 -artifact_prefix="$corpus-" "$corpus" \
            "tests/fuzz/corpus/${name#fuzz_}" 2>&1 | grep -vE '^(INFO|$)' ||
            die "$name found something: build/fuzz/corpus/"
    done
    say "fuzz: nothing found by ${#targets[@]} fuzzers"
}

verb_cover() {
    ensure build run test cover
    build_targets coverage
    find build/coverage -name '*.gcda' -delete
    local filter=()
    [ $# -eq 0 ] || filter=(-R "$1")
    # Who is killed writes no counters: the kill test is left out.
    GANTRY_BIN="$ROOT/build/coverage/bin" ctest --test-dir build/coverage -j "$(cores)" \
        --output-on-failure --no-tests=error -LE bench -E kill_test "${filter[@]}"
    # Branches that only exceptions take are the compiler's, not ours.
    gcovr --root . --object-directory build/coverage -j "$(cores)" --branches \
        --exclude-throw-branches --exclude-unreachable-branches --exclude 'tests/' \
        --exclude 'build/' --json-summary build/coverage/summary.json >/dev/null
    python3 tools/dev/coverage_by_room.py build/coverage/summary.json
}

describe_machine() {
    python3 - <<'PY'
import json, os, platform
def first(path, key):
    with open(path) as f:
        for line in f:
            if line.startswith(key):
                return line.split(":", 1)[1].strip()
    return ""
print(json.dumps({
    "cpu": first("/proc/cpuinfo", "model name"), "cores": os.cpu_count(),
    "memory": first("/proc/meminfo", "MemTotal"), "kernel": platform.release(),
    "system": platform.freedesktop_os_release().get("PRETTY_NAME", ""),
    "load": os.getloadavg()}, indent=2))
PY
}

verb_bench() {
    ensure build run bench
    build_targets release
    mkdir -p build/bench
    describe_machine | tee build/bench/machine.json
    local program out found=0
    for program in build/release/bin/bench_*; do
        [ -x "$program" ] || continue
        found=1
        out="build/bench/${program##*/bench_}.json"
        say "${program##*/}"
        # These print for people and take the file's name; the others print JSON.
        case "$program" in
            */bench_bridge|*/bench_agent) "$program" "$out" ;;
            *) "$program" | tee "$out" ;;
        esac
    done
    [ $found = 1 ] || die "bench: no program build/release/bin/bench_* was built"
    say "results: build/bench/"
}

verb_package() {
    ensure build package
    build_targets release gantryd gantry gantry-agent
    [ -f build/release/CPackConfig.cmake ] || die "package: the programs are not all there yet"
    rm -rf build/packages
    cpack --config build/release/CPackConfig.cmake -B build/packages >"$(log_of package)" 2>&1 || {
        tail -n 20 build/logs/package.log >&2
        die "cpack failed (build/logs/package.log)"
    }
    rm -rf build/packages/_CPack_Packages
    for file in build/packages/*.deb; do
        say "$file: $(dpkg-deb -f "$file" Package Version Installed-Size | paste -sd' ')"
    done
}
