#!/usr/bin/env bash
# The console of a running demo in real Chromium: browser.sh GREENWAVE OUT
set -uo pipefail
bin=$1 out=$2
log="$out/browser-demo.log"
"$bin" demo --listen 127.0.0.1:0 > "$log" 2>&1 &
demo=$!
trap 'kill -INT $demo 2>/dev/null; wait $demo 2>/dev/null' EXIT
link=
for _ in $(seq 1 60); do
  link=$(grep -o 'http[^ ]*#sign-in=[0-9a-f]*' "$log" | head -1)
  [ -n "$link" ] && break
  sleep 1
done
[ -n "$link" ] || { echo "the demo printed no sign-in link:"; cat "$log"; exit 1; }
# The cabinets come up through their start-up sequence first.
sleep 25
GREENWAVE_ARTEFACTS="$PWD/$out" timeout 400 node hil-tests/browser/console.mjs "$link"
