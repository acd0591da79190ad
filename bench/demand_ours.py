"""Our forecast of one past and future in a process of its own, so that its memory is its own; prints one JSON line.

Run: python bench/demand_ours.py FOLDER HORIZON FREQUENCY MODEL (called by bench/demand.py)
"""

import json
import sys
import time
from pathlib import Path

import pandas as pd

import tmall_nb as tn


def peak_memory():
    """Most memory this process has held, in GB; ``ru_maxrss`` would count what the process that started it held."""
    (line,) = [row for row in Path("/proc/self/status").read_text().splitlines() if row.startswith("VmHWM")]
    return int(line.split()[1]) / 2**20


def main():
    folder, horizon, frequency, model = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
    past = pd.read_parquet(folder / "past.parquet")
    future = pd.read_parquet(folder / "future.parquet") if (folder / "future.parquet").exists() else None
    began = time.process_time()
    result = tn.forecast_demand(past, horizon_days=horizon, frequency=frequency, future=future, model=model)
    seconds = time.process_time() - began
    result.forecast.to_parquet(folder / "ours.parquet")
    used = result.models[result.models["used"]]["model"].iloc[0] if len(result.models) else "–"
    peak = peak_memory()
    print(json.dumps({"method": f"tmall_nb {model}", "file": "ours.parquet", "cpu_s": seconds, "peak_gb": peak, "used": used}))


if __name__ == "__main__":
    main()
