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
rm -f "$out"/peers*.txt
failed=()
passed=0
peers=()

step() { # step NAME COMMAND...
  local name=$1 start=$SECONDS; shift
  printf '\n== %s\n' "$name"
  if "$@"; then
    passed=$((passed + 1)); printf -- '-- %s: passed in %d s\n' "$name" $((SECONDS - start))
  else
    failed+=("$name"); printf -- '-- %s: FAILED after %d s\n' "$name" $((SECONDS - start))
  fi
}
skip() { # skip PEER REASON
  peers+=("$1: skipped: $2")
  [ "$require" = 1 ] && failed+=("$1 (a required peer: $2)")
}
# The acceptance demonstrations drive in real time and need little of the machine: other steps run meanwhile.
acceptance_begin() {
  "$rig" --greenwave "$bin" --out "$out" accept > "$out/acceptance.txt" 2>&1 &
  acceptance=$!
  trap 'kill "$acceptance" 2>/dev/null' EXIT
}
acceptance_end() { # waits for them, and tells what they said
  local status=0
  wait "$acceptance" || status=$?
  trap - EXIT
  cat "$out/acceptance.txt"
  return $status
}
adaptive_on_sumo() { # adaptive_on_sumo NET: an hour of one junction, two seeds, against two others
  local judged="$out/sumo-smoke.json"
  rm -f "$judged"
  target/release/sumo-bench adaptive --net "$1.net.xml" --routes "$1.rou.xml" \
    --begin 25200 --end 28800 --seeds 1-2 --controllers ours,fixed,rate_index --sumo 1.28.0 --cache none \
    --json "$judged" || return 1
  target/release/sumo-bench judge "$judged"
}

command -v cargo >/dev/null || { echo "cargo is missing: install Rust 1.95 or newer from rustup.rs" >&2; exit 3; }
command -v npm >/dev/null || echo "npm is missing: the console needs Node 20.19 or newer with npm" >&2
step "set-up" ./hil-tests/setup.sh

export CARGO_TERM_COLOR=never
bin=target/release/greenwave
rig=target/release/rig
web=src/shell/console/web

step "format" cargo fmt --all --check
step "core without shell" cargo check --quiet --lib --no-default-features
step "tests" cargo test --workspace --quiet
step "clippy" cargo clippy --workspace --all-targets --quiet -- -D warnings
step "documents" env RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --quiet
step "release build" cargo build --release --workspace --quiet
step "demo city passes check" "$bin" check signal-plans/ankang-demo

if [ -d "$web/node_modules" ]; then
  step "console: types and units" npm --prefix "$web" run --silent check
  step "console: unit tests" npm --prefix "$web" run --silent test
else
  skip "console" "npm ci did not run in $web"
fi

if command -v chromium >/dev/null && [ -d "$web/node_modules/playwright-core" ]; then
  step "console in Chromium" ./hil-tests/steps/browser.sh "$bin" "$out"
  peers+=("Chromium: tested")
else
  skip "Chromium" "no chromium in PATH or no playwright-core; hil-tests/setup.sh says what to install"
fi

if [ -x hil-tests/.venv-schemathesis/bin/schemathesis ]; then
  step "every route against its schema" ./hil-tests/steps/schemathesis.sh target/release/console-fixture "$out"
  peers+=("schemathesis: tested")
else
  skip "schemathesis" "none in hil-tests/.venv-schemathesis; hil-tests/setup.sh brings it"
fi

net=hil-tests/.nets/cologne1/cologne1
if [ ! -x hil-tests/.venv-sumo/bin/python ]; then
  skip "SUMO" "no SUMO in hil-tests/.venv-sumo; hil-tests/setup.sh brings it"
elif [ ! -s "$net.net.xml" ] || [ ! -s "$net.rou.xml" ]; then
  skip "SUMO" "no network in hil-tests/.nets/cologne1; hil-tests/setup.sh brings it"
else
  step "adaptive control on SUMO" adaptive_on_sumo "$net"
  peers+=("SUMO: tested")
fi

acceptance_begin
step "simulate a day" "$rig" --greenwave "$bin" --out "$out" simulate --seconds 86400 --corridors 24
step "replay and a tampered replay" "$rig" --greenwave "$bin" --out "$out" replay
step "controller killed, cabinets on their own" "$rig" --greenwave "$bin" --out "$out" kill
if [ -x /usr/sbin/mosquitto ] && command -v mosquitto_pub >/dev/null; then
  step "hostile messages over MQTT" "$rig" mqtt --messages 100000
fi
step "acceptance: hospital, replay, audit" acceptance_end
step "ten times the load, slow clients, a flood" "$rig" --greenwave "$bin" --out "$out" load --seconds 10
step "demo with and without the key" "$rig" --greenwave "$bin" --out "$out" demo --seeds 1-1 --tries 2
step "a cycle of 10,000 sites" cargo bench --quiet --bench cycle
step "a decision of adaptive control" cargo bench --quiet --bench decision
step "corridors: plan, cycle, way" cargo bench --quiet --bench corridor

printf '\nPeers\n'
cat "$out"/peers*.txt 2>/dev/null
for line in "${peers[@]:-}"; do [ -n "$line" ] && echo "$line"; done
printf '\n'
for name in "${failed[@]:-}"; do [ -n "$name" ] && echo "failed: $name"; done
echo "$passed passed, ${#failed[@]} failed"
[ "${#failed[@]}" = 0 ]
