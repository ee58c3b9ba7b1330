#!/usr/bin/env bash
# The console in real Chromium: browser.sh GREENWAVE OUT
# The dispatcher's day on the running demo; the desk, the auditor and the admin over a made-up town; the
# map of a big city. CONSOLE_FIXTURE names the fixture's program if it does not lie beside GREENWAVE.
set -uo pipefail
bin=$1 out=$2
fixture=${CONSOLE_FIXTURE:-$(dirname "$bin")/console-fixture}
export GREENWAVE_ARTEFACTS="$PWD/$out"
running=()
# The demo hands its cabinets over when it is told to end.
trap 'kill "${running[@]}" 2>/dev/null; wait' EXIT

link_of() { # link_of LOG: the first sign-in link that it prints, within a minute
  local link
  for _ in $(seq 1 300); do
    link=$(grep -o 'http[^ ]*#sign-in=[0-9a-f]*' "$1" | head -1)
    [ -n "$link" ] && { echo "$link"; return; }
    sleep 0.2
  done
  echo "$1: no sign-in link was printed:" >&2
  cat "$1" >&2
  return 1
}
begin() { # begin LOG COMMAND...: in the background, ended with this script
  local log=$1; shift
  "$@" > "$log" 2>&1 &
  running+=($!)
}

failed=0
begin "$out/browser-big.log" "$fixture" --port 0 --big
link=$(link_of "$out/browser-big.log") || exit 1
timeout 120 node hil-tests/browser/big.mjs "$link" || failed=1
# The demo's signals go through their start-up while the desk is tested.
begin "$out/browser-demo.log" "$bin" demo --listen 127.0.0.1:0
begin "$out/browser-desk.log" "$fixture" --port 0 --people
link=$(link_of "$out/browser-desk.log") || exit 1
timeout 120 node hil-tests/browser/desk.mjs "${link%%#*}" "$out/browser-desk.log" || failed=1
link=$(link_of "$out/browser-demo.log") || exit 1
timeout 400 node hil-tests/browser/console.mjs "$link" || failed=1
exit $failed
