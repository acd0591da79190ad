"""Call the peers of the demand benchmark, and ours, each in a process of its own on the same past and future."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import pandas as pd

HERE = Path(__file__).parent
PEER = HERE / ".peers" / "demand" / "bin" / "python"


def run_peers(past, future, horizon, frequency, names):
    """Yield method, forecast (item_id, date, units and bounds where the peer has them), CPU seconds, peak memory in GB."""
    if not PEER.exists():
        raise SystemExit(f"{PEER} is missing: make the peers' environment first (see the head of bench/demand.py)")
    for name in names.split(","):
        for row, forecast in _call([PEER, HERE / "demand_peers.py"], past, future, [name, horizon, frequency]):
            yield row["method"], forecast, row["cpu_s"], row["peak_gb"]


def run_ours(past, future, horizon, frequency, model):
    """Our forecast, CPU seconds, peak memory in GB, and the model that won."""
    row, forecast = next(_call([sys.executable, HERE / "demand_ours.py"], past, future, [horizon, frequency, model]))
    return forecast, row["cpu_s"], row["peak_gb"], row["used"]


def _call(program, past, future, words):
    """Yield what a program prints of each method, with its forecast."""
    with tempfile.TemporaryDirectory() as folder:
        past.to_parquet(Path(folder) / "past.parquet")
        if future is not None:
            future.to_parquet(Path(folder) / "future.parquet")
        call = [str(w) for w in (*program, folder, *words)]
        done = subprocess.run(call, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(call)} failed:\n{done.stderr[-2000:]}")
        for line in done.stdout.splitlines():
            if line.startswith("{"):
                row = json.loads(line)
                yield row, pd.read_parquet(Path(folder) / row["file"])
