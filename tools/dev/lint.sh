# lint and fmt.
# shellcheck shell=bash

# clang-tidy takes up to 20 s a file: what does not fit into this is named, not silently left out.
TIDY_BUDGET_S=${GANTRY_TIDY_BUDGET_S:-600}

verb_fmt() {
    ensure lint
    cxx_files | xargs -r -d '\n' -P "$(cores)" -n 20 clang-format -i
}

verb_lint() {
    local all=0 status=0
    [ "${1:-}" != --all ] || all=1
    ensure build lint
    say "format"
    cxx_files | xargs -r -d '\n' -P "$(cores)" -n 20 clang-format --dry-run -Werror || status=1
    say "rules of the tree"
    python3 tests/tidy/tidy.py || status=1
    say "clang-tidy"
    lint_with_clang_tidy $all || status=1
    say "lint: $([ $status = 0 ] && echo clean || echo FAILED)"
    return $status
}

# Sources that differ from where this branch left main; on main itself, those of the last commit.
changed_sources() {
    local base
    base=$(git merge-base HEAD origin/main 2>/dev/null || git merge-base HEAD main 2>/dev/null ||
        true)
    if [ -z "$base" ] || [ "$base" = "$(git rev-parse HEAD)" ]; then
        base=$(git rev-parse -q --verify HEAD~1 || true)
    fi
    {
        [ -z "$base" ] || git diff --name-only --diff-filter=d "$base" -- '*.cpp'
        git ls-files --others --exclude-standard -- '*.cpp'
    } | sort -u
}

lint_with_clang_tidy() {
    configure dev
    [ -f build/dev/compile_commands.json ] ||
        cmake --preset dev -DCMAKE_EXPORT_COMPILE_COMMANDS=ON >/dev/null
    local files=() file skipped=() status=0 begin
    while read -r file; do
        # Only what this configuration compiles; a header is seen through its source.
        grep -qF "$ROOT/$file\"" build/dev/compile_commands.json && files+=("$file")
    done < <(if [ "$1" = 1 ]; then git ls-files -- '*.cpp'; else changed_sources; fi)
    begin=$(date +%s)
    local next=0 count=${#files[@]} lanes
    lanes=$(cores)
    while [ $next -lt "$count" ]; do
        if [ "$1" = 0 ] && [ "$(seconds_since "$begin")" -ge "$TIDY_BUDGET_S" ]; then
            skipped=("${files[@]:$next}")
            break
        fi
        printf '%s\n' "${files[@]:$next:$lanes}" |
            xargs -d '\n' -P "$lanes" -n 1 timeout 180 clang-tidy -p build/dev --quiet \
                --extra-arg=-Wno-unknown-warning-option 2>/dev/null || status=1
        next=$((next + lanes))
    done
    say "clang-tidy: $((count - ${#skipped[@]})) of $count files in $(seconds_since "$begin") s"
    [ ${#skipped[@]} = 0 ] || say "not looked at for want of time: ${skipped[*]}"
    return $status
}
