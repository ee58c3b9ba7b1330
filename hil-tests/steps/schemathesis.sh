#!/usr/bin/env bash
# Every documented route under made-up input, signed in and not: schemathesis.sh CONSOLE_FIXTURE OUT
# The fixture is the real API over a made-up city: nothing is driven.
set -uo pipefail
fixture=$1 out=$2
log="$out/schemathesis-server.log"
"$fixture" --port 0 --token > "$log" 2>&1 &
server=$!
trap 'kill $server 2>/dev/null; wait $server 2>/dev/null' EXIT
token= base=
for _ in $(seq 1 40); do
  token=$(sed -n 's/^token //p' "$log")
  base=$(grep -o 'http://[^/]*' "$log" | head -1)
  [ -n "$token" ] && [ -n "$base" ] && break
  sleep 0.25
done
[ -n "$token" ] || { echo "the fixture printed no token:"; cat "$log"; exit 1; }
# Left out: the WebSocket, and checks that ask for more than a schema can say (a body that fits its
# schema may still be in the past, off the road or of another agency).
# It keeps what it found beside where it runs.
tool=$PWD/hil-tests/.venv-schemathesis/bin/schemathesis
out=$(cd "$out" && pwd)
cd "$out" || exit 1
timeout 120 "$tool" run "$base/api/v1/openapi.json" \
  --header "Authorization: Bearer $token" \
  --exclude-path /api/v1/live \
  --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance,response_headers_conformance,ignored_auth,use_after_free \
  --phases examples,coverage,fuzzing --max-examples 12 --seed 1 --workers 2 --rate-limit 40/s \
  --report junit --report-junit-path "$out/schemathesis.xml" --no-color --warnings off
