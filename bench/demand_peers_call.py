"""Call the peers of the demand benchmark in their own environment, on the same past and future."""

import json
import subprocess
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
        with tempfile.TemporaryDirectory() as folder:
            past.to_parquet(Path(folder) / "past.parquet")
            if future is not None:
                future.to_parquet(Path(folder) / "future.parquet")
            call = [str(PEER), str(HERE / "demand_peers.py"), folder, name, str(horizon), frequency]
            done = subprocess.run(call, capture_output=True, text=True, check=False)
            if done.returncode:
                raise SystemExit(f"{name} failed:\n{done.stderr[-2000:]}")
            for line in done.stdout.splitlines():
                if line.startswith("{"):
                    row = json.loads(line)
                    forecast = pd.read_parquet(Path(folder) / row["file"])
                    yield row["method"], forecast, row["cpu_s"], row["peak_gb"]
