#!/usr/bin/env bash
# Create a virtual environment with exactly the locked packages (hash-checked, byte-compiled) and this project in it.
# Usage: PYTHON=python3 bash tools/setup_env.sh .venv     Needs Python >= 3.11; uses uv where it is installed, else pip.
set -euo pipefail
venv=${1:-.venv}
python=${PYTHON:-python3}
cd "$(dirname "$0")/.."

"$python" - <<'PY' || exit 1
import sys
if sys.version_info < (3, 11):
    sys.exit(f"Python {sys.version.split()[0]} is too old: tmall-nb needs 3.11 or newer. Try: make PYTHON=python3.12 ...")
PY

wanted=$(cat requirements.lock pyproject.toml | sha256sum | cut -c1-64)
if [ -x "$venv/bin/tmall-nb" ] && [ "$(cat "$venv/.lock-hash" 2>/dev/null || true)" = "$wanted" ]; then
  exit 0
fi

unset PYTHONDONTWRITEBYTECODE
echo "Setting up $venv (once; about half a minute with uv, two minutes with pip)"
if command -v uv >/dev/null 2>&1; then
  [ -x "$venv/bin/python" ] || uv venv --quiet --python "$python" "$venv"
  uv pip sync --quiet --python "$venv/bin/python" --require-hashes --compile-bytecode requirements.lock
  uv pip install --quiet --python "$venv/bin/python" --no-deps --no-build-isolation --editable .
else
  [ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --compile -r requirements.lock
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
fi
echo "$wanted" > "$venv/.lock-hash"
