#!/usr/bin/env bash
# Makes .venv/ and installs one lock into it, each package checked by its hash. uv does it, a tenth
# of pip's time; pip brings only uv. Where pip was told to look for packages, uv looks too.
#   deploy/python-packages.sh requirements.lock|requirements-dev.lock
set -euo pipefail
cd "$(dirname "$0")/.."

lock=${1:-}
case "$lock" in
  requirements.lock) size="about 0.8 GB on disk" ;;
  requirements-dev.lock) size="another 1.2 GB on disk, half of it Spark" ;;
  *) echo "usage: $0 requirements.lock|requirements-dev.lock" >&2; exit 1 ;;
esac

echo "Installing $(grep -c '==' "$lock") packages of $lock into .venv/ ($size), once"
[ -x .venv/bin/pip ] || "${PYTHON:-python3}" -m venv .venv
.venv/bin/pip install -qq --require-hashes -r deploy/uv-requirements.lock
told_to_pip=$(.venv/bin/pip config list)

# What pip was told of a setting, several values a word each: its environment's word, else that of
# `pip install`, else everybody's.
told() {
  local place value
  for place in :env: install global; do
    value=$(sed -n "s/^$place\.$1=['\"]\(.*\)['\"]\$/\1/p" <<<"$told_to_pip" |
      sed 's/\\n/ /g' | tr -s ' ' | sed 's/^ //; s/ $//')
    [ -z "$value" ] || { echo "$value"; return; }
  done
}

# tell_uv VARIABLE VALUE: unless it is known already, or there is nothing to tell.
tell_uv() { [ -n "${!1:-}" ] || [ -z "$2" ] || export "$1=$2"; }

if ! compgen -v UV_ | grep -qE 'INDEX|FIND_LINKS'; then # of which uv itself was told nothing
  tell_uv UV_DEFAULT_INDEX "$(told index-url)"
  tell_uv UV_INDEX "$(told extra-index-url)"
  tell_uv UV_FIND_LINKS "$(told find-links | tr ' ' ',')"
  tell_uv UV_NO_INDEX "$(told no-index)"
  tell_uv UV_INSECURE_HOST "$(told trusted-host)"
  # As pip does: a package may be at any of the indexes. Its hash says that it is the right one.
  tell_uv UV_INDEX_STRATEGY unsafe-best-match
fi
tell_uv SSL_CERT_FILE "$(told cert)"
tell_uv ALL_PROXY "$(told proxy)"
tell_uv UV_HTTP_TIMEOUT "$(told timeout)"

# Files are linked from uv's cache where that is on the same disk, and copied where it is not.
cache=$(.venv/bin/uv cache dir)
mkdir -p "$cache"
[ "$(stat -c %d "$cache")" = "$(stat -c %d .venv)" ] || tell_uv UV_LINK_MODE copy

quiet=--quiet
[ ! -t 2 ] || quiet="" # on a terminal: a bar, and each package with its version
# shellcheck disable=SC2086
in_venv() { .venv/bin/uv pip install $quiet --python .venv/bin/python "$@"; }
# What lies in uv's cache is taken from there without asking anybody; what does not is looked for.
install() { in_venv --offline "$@" 2>/dev/null || in_venv "$@"; }
install --require-hashes -r "$lock"
install --no-deps --build-constraints deploy/build-requirements.lock --editable .
echo "Installed in ${SECONDS} s."
