#!/usr/bin/env bash
# Every test, with its own set-up. Ends with a table of peers: tested, or skipped and why.
#   ./hil-tests/run.sh                  skips peers that cannot be had, and says so
#   ./hil-tests/run.sh --require-peers  a skipped peer is a failure
set -uo pipefail
cd "$(dirname "$0")/.."

require=0
case "${1:-}" in
  "") ;;
  --require-peers) require=1 ;;
  *) echo "usage: $0 [--require-peers]" >&2; exit 2 ;;
esac
[ "$require" = 1 ] && export GREENWAVE_REQUIRE_PEERS=1

out=hil-tests/artefacts
mkdir -p "$out"
report="$out/peers.txt"
: > "$report"
failed=()
passed=0

step() { # step NAME COMMAND...
  local name=$1 start=$SECONDS; shift
  printf '\n== %s\n' "$name"
  if "$@"; then
    passed=$((passed + 1)); printf -- '-- %s: passed in %d s\n' "$name" $((SECONDS - start))
  else
    failed+=("$name"); printf -- '-- %s: FAILED after %d s\n' "$name" $((SECONDS - start))
  fi
}
peer() { printf '%-24s %s\n' "$1" "$2" >> "$report"; }
skip() { # skip PEER REASON
  peer "$1" "skipped: $2"
  if [ "$require" = 1 ]; then failed+=("$1 (peer required)"); fi
}

command -v cargo >/dev/null || { echo "cargo is missing: install Rust 1.95 or newer from rustup.rs" >&2; exit 3; }
if ! command -v npm >/dev/null; then
  echo "npm is missing: the console needs Node 20.19 or newer with npm" >&2
fi
step "set-up" ./hil-tests/setup.sh

export CARGO_TERM_COLOR=never
bin=target/release/greenwave
city=signal-plans/ankang-demo

step "format" cargo fmt --all --check
step "core without shell" cargo check --lib --no-default-features
step "tests" cargo test --workspace --quiet
step "clippy" cargo clippy --workspace --all-targets --quiet -- -D warnings
step "documents" env RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet
step "release build" cargo build --release --workspace --quiet
step "demo city passes check" "$bin" check "$city"
step "cycle bench" cargo bench --quiet --bench cycle

web=src/shell/console/web
if [ -d "$web/node_modules" ]; then
  step "console: types and units" npm --prefix "$web" run --silent verify
else
  skip "console" "npm ci did not run in $web"
fi

step "simulate two hours" ./hil-tests/steps/simulate.sh "$bin" "$city" "$out"
step "demo with and without the key" ./hil-tests/steps/demo.sh "$bin" "$out"
step "replay and a tampered replay" ./hil-tests/steps/replay.sh "$bin" "$out"
step "two processes, kill -9" ./hil-tests/steps/kill.sh "$bin" "$city" "$out"
step "key latency" ./hil-tests/steps/latency.sh "$bin" "$out"

if command -v chromium >/dev/null && [ -d "$web/node_modules/playwright-core" ]; then
  step "console in Chromium" ./hil-tests/steps/browser.sh "$bin" "$out"
  peer "Chromium" "tested"
else
  skip "Chromium" "no chromium in PATH or no playwright-core; hil-tests/setup.sh says what to install"
fi
cat "$out"/peers-*.txt >> "$report" 2>/dev/null

printf '\nPeers\n'; cat "$report"
printf '\n'
for name in "${failed[@]:-}"; do [ -n "$name" ] && echo "failed: $name"; done
echo "$passed passed, ${#failed[@]} failed"
[ "${#failed[@]}" = 0 ]
