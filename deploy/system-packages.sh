#!/usr/bin/env bash
# Installs what pip cannot: the libraries and fonts that PDF needs (demo), and the real servers and
# the browser that the integration tests use (test). Debian and Ubuntu; says what to do elsewhere.
#   deploy/system-packages.sh demo|test
set -euo pipefail

demo="python3-venv libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core"
test="$demo poppler-utils chromium prometheus prometheus-alertmanager postgresql openjdk-17-jre-headless"
case "${1:-}" in
  demo) wanted=$demo ;;
  test) wanted=$test ;;
  *) echo "usage: $0 demo|test" >&2; exit 1 ;;
esac

if ! command -v dpkg-query >/dev/null; then
  echo "No dpkg here: install the equivalents of these Debian packages by hand: $wanted" >&2
  exit 0
fi

missing=""
for package in $wanted; do
  case "$package" in
    python3-venv) python3 -c 'import ensurepip' 2>/dev/null && continue ;;
    openjdk-17-jre-headless) command -v java >/dev/null && continue ;;
    postgresql) ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 && continue ;;
  esac
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q "ok installed" || missing="$missing $package"
done
[ -n "$missing" ] || exit 0

as_root=""
if [ "$(id -u)" != 0 ]; then
  if command -v sudo >/dev/null; then as_root="sudo"; else
    echo "Not root and no sudo. Please have these packages installed, then repeat:$missing" >&2
    exit 1
  fi
fi
echo "Installing system packages:$missing"
export DEBIAN_FRONTEND=noninteractive
# Debian's packages start their daemons on install; nothing here wants one on a fixed port.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | $as_root tee "$policy" >/dev/null
  $as_root chmod +x "$policy"
  trap '$as_root rm -f "$policy"' EXIT
fi
$as_root apt-get update -qq
# shellcheck disable=SC2086
$as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
