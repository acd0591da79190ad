"""Cohorts and customer value beside their peers: fits, small samples, projection, holdouts, queries.

Run: python bench/cohorts.py [fits|resamples|projection|holdout|coverage|queries|large]... [--rows 10_000_000] [--output
docs/benchmarks/cohorts.md]

Every timing is taken in a fresh process, ours and the peer's on the same file; CPU seconds and peak memory of the process.
Peers: ``uv venv -p 3.11 bench/.peers/cohorts && uv pip install -p bench/.peers/cohorts/bin/python -r bench/peers/cohorts.txt``,
and the same with ``cohorts_clvkit`` and ``cohorts_pymc`` (they need pandas 3, lifetimes pandas 2).
Real data: the folder named by TMALL_NB_REAL_DATA (default ../shared/data); parts that need it are skipped without it.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).parents[1]
PEER = ROOT / "bench/.peers/cohorts/bin/python"
CLVKIT = ROOT / "bench/.peers/cohorts_clvkit/bin/python"
PYMC = ROOT / "bench/.peers/cohorts_pymc/bin/python"
DATA = Path(os.environ.get("TMALL_NB_REAL_DATA", ROOT / "../shared/data"))
SIZES = (2_400, 100_000, 1_000_000)
SEED = 20_260_101
LARGE = 50_000_000
COVERAGE_SEEDS = range(700, 760)


def simulate_rows(customers: int, seed: int) -> dict[str, np.ndarray]:
    """Histories of BG/NBD buyers in weeks, whole days, ages 27-39 weeks (parameters near CDNOW's)."""
    rng = np.random.default_rng(seed)
    rate, leave = rng.gamma(0.243, 1 / 4.414, customers), rng.beta(0.793, 2.426, customers)
    age = rng.integers(27 * 7, 39 * 7 + 1, customers) / 7
    x, last, now, active = np.zeros(customers), np.zeros(customers), np.zeros(customers), np.arange(customers)
    while len(active):
        now[active] += rng.exponential(1.0, len(active)) / np.maximum(rate[active], 1e-12)
        active = active[now[active] <= age[active]]
        x[active] += 1
        last[active] = np.floor(now[active] * 7) / 7
        active = active[rng.random(len(active)) >= leave[active]]
    return {"x": x, "tx": np.where(x > 0, last, 0.0), "age": age}


def fit_ours(path: str, name: str = "fit_bg_nbd") -> dict:
    from tmall_nb.stats import btyd

    data = np.load(path)
    start = time.process_time()
    fit = getattr(btyd, name)(data["x"], data["tx"], data["age"])
    cpu = time.process_time() - start
    return {"cpu": cpu, "params": list(fit.params.values()), "log_likelihood": fit.log_likelihood, "identified": fit.identified}


def fit_ours_pareto(path: str) -> dict:
    return fit_ours(path, "fit_pareto_nbd")


def resample_ours(path: str) -> dict:
    from tmall_nb.stats import btyd

    data = np.load(path)
    failed, flagged, likelihoods = {}, {}, {}
    start = time.process_time()
    for size in (100, 300):
        for name in ("fit_bg_nbd", "fit_mbg_nbd", "fit_pareto_nbd"):
            bad, rng, found = [], np.random.default_rng(size), []
            for _ in range(300):
                k = rng.integers(0, len(data["x"]), size)
                try:
                    fit = getattr(btyd, name)(data["x"][k], data["tx"][k], data["age"][k])
                    bad.append(not fit.identified)
                    found.append(fit.log_likelihood)
                except Exception as error:
                    failed[f"{name} {size}"] = repr(error)
            flagged[f"{name} {size}"] = int(sum(bad))
            if name == "fit_bg_nbd":
                likelihoods[str(size)] = found
    return {"failed": failed, "flagged": flagged, "log_likelihoods": likelihoods, "cpu": time.process_time() - start}


def peak_mb() -> float:
    """The process's own high-water mark (``ru_maxrss`` would include that of the parent before it started this one)."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if line.startswith("VmHWM")) / 1024


QUERY = """
WITH buyer_months AS (SELECT {key} AS buyer, CAST(year(paid_at) * 12 + month(paid_at) - 1 AS INTEGER) AS month,
                             sum(net_cents) AS net FROM read_parquet('{path}') GROUP BY ALL),
firsts AS (SELECT buyer, min(month) AS cohort FROM buyer_months GROUP BY ALL)
SELECT cohort, month - cohort AS age, count(*) AS active, sum(net)::BIGINT AS cents
FROM buyer_months JOIN firsts USING (buyer) GROUP BY ALL ORDER BY ALL
"""
SUMMARY = """
WITH buyer_days AS (SELECT {key} AS buyer, CAST(paid_at AS DATE) AS day, sum(net_cents) AS net FROM read_parquet('{path}')
GROUP BY ALL)
SELECT count(*) - 1 AS x, max(day) - min(day) AS tx, DATE '2025-12-31' - min(day) AS age, sum(net)::BIGINT AS cents
FROM buyer_days GROUP BY buyer
"""


# first and second day of each buyer, counted by the days between: what a repurchase curve is made of
REPURCHASE = """
WITH buyer_days AS (SELECT {key} AS buyer, CAST(paid_at AS DATE) AS day FROM read_parquet('{path}') GROUP BY ALL),
ranked AS (SELECT min(day) AS first, min(day, 2)[2] AS second FROM buyer_days GROUP BY buyer)
SELECT coalesce(second, DATE '2025-12-31') - first AS days, count(second) AS events, count(*) - count(second) AS cents
FROM ranked GROUP BY ALL ORDER BY ALL
"""


def _bare(path: str, text: str, key: str) -> dict:
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    start = time.process_time()
    table = connection.sql(text.format(path=path, key=key)).to_arrow_table()
    cpu = time.process_time() - start
    return {"cpu": cpu, "rows": table.num_rows, "cents": sum(table["cents"].to_pylist()) if table.num_rows < 10**5 else None}


def cohort_duckdb_text(path: str) -> dict:
    return _bare(path, QUERY, "buyer_name")


def cohort_duckdb_integer(path: str) -> dict:
    return _bare(path, QUERY, "buyer_key")


def summary_duckdb_text(path: str) -> dict:
    return _bare(path, SUMMARY, "buyer_name")


def summary_duckdb_integer(path: str) -> dict:
    return _bare(path, SUMMARY, "buyer_key")


def repurchase_duckdb_text(path: str) -> dict:
    return _bare(path, REPURCHASE, "buyer_name")


def repurchase_duckdb_integer(path: str) -> dict:
    return _bare(path, REPURCHASE, "buyer_key")


def _shop(path: str):
    from tmall_nb.shop import Shop

    folder = Path(path).parent / "shop"
    return Shop(
        "bench", folder, manifest={"columns": {"orders": ["order_id", "paid_at", "net_amount", "paid_amount", "buyer_key"]}}
    )


def cohort_ours(path: str) -> dict:
    """Both triangles (calendar months, 30-day ages) and cohort sizes, with the sums behind the intervals of net sales."""
    from tmall_nb.queries.buyer_orders import buyer_orders
    from tmall_nb.queries.cohort_cells import cohort_cells

    shop = _shop(path)
    start = time.process_time()
    cells = cohort_cells(buyer_orders(shop, end="2025-12-31"), refunded=True)
    return {"cpu": time.process_time() - start, "rows": len(cells.calendar), "cents": int(cells.calendar["cents"].sum())}


def repurchase_ours(path: str) -> dict:
    from tmall_nb.queries.buyer_orders import buyer_orders
    from tmall_nb.queries.second_orders import first_orders, gap_counts

    shop = _shop(path)
    start = time.process_time()
    data = buyer_orders(shop, end="2025-12-31")
    counts = gap_counts(first_orders(data, refunded=True, window_days=365), end_day=data.end_day)
    return {"cpu": time.process_time() - start, "rows": len(counts), "cents": int(counts["censored"].sum())}


def cohort_duckdb_limited(path: str) -> dict:
    """The bare integer-key query held to 2 GB (it may write to disk)."""
    import duckdb

    connection = duckdb.connect()
    connection.execute(f"SET threads = 2; SET memory_limit = '2GB'; SET temp_directory = '{Path(path).parent}/spill'")
    start = time.process_time()
    table = connection.sql(QUERY.format(path=path, key="buyer_key")).to_arrow_table()
    return {"cpu": time.process_time() - start, "rows": table.num_rows, "cents": sum(table["cents"].to_pylist())}


def summary_ours(path: str) -> dict:
    from tmall_nb.queries.buyer_orders import buyer_orders
    from tmall_nb.queries.customer_summaries import customer_summaries

    shop = _shop(path)
    start = time.process_time()
    data = buyer_orders(shop, end="2025-12-31")
    rows = customer_summaries(data, cut=data.end_day - 180, recent=data.end_day - 365)
    return {"cpu": time.process_time() - start, "rows": len(rows), "cents": int(rows["cents"].sum())}


def cohort_pandas(path: str) -> dict:
    start = time.process_time()
    orders = pd.read_parquet(path, columns=["buyer_key", "paid_at", "net_cents"])
    orders["month"] = orders["paid_at"].dt.year * 12 + orders["paid_at"].dt.month - 1
    months = orders.groupby(["buyer_key", "month"], as_index=False)["net_cents"].sum()
    months["cohort"] = months.groupby("buyer_key")["month"].transform("min")
    table = months.groupby(["cohort", months["month"] - months["cohort"]])["net_cents"].agg(["size", "sum"])
    return {"cpu": time.process_time() - start, "rows": len(table), "cents": int(table["sum"].sum())}


def write_orders(folder: Path, lines: int) -> Path:
    """Orders of about lines / 3 buyers over two years: text name, keyed integer, time, cents (and the shop's own Parquet)."""
    import duckdb

    path = folder / "orders.parquet"
    (folder / "shop" / "orders").mkdir(parents=True)
    connection = duckdb.connect()
    connection.execute("SET threads = 2; SET memory_limit = '2GB'; SELECT setseed(0.42)")
    connection.execute(f"""COPY (
        SELECT 'tb' || lpad(CAST(b AS VARCHAR), 12, '0') AS buyer_name, CAST(hash(b) >> 1 AS BIGINT) AS buyer_key,
               TIMESTAMP '2024-01-01' + to_seconds(CAST(s AS BIGINT)) AS paid_at, c AS net_cents
        FROM (SELECT CAST(floor(power(random(), 1.5) * {lines} / 3) AS BIGINT) AS b, random() * 63158399 AS s,
                     CAST(1000 + random() * 30000 AS BIGINT) AS c FROM range({lines}))
    ) TO '{path}' (FORMAT parquet, COMPRESSION zstd)""")
    connection.execute(f"""COPY (
        SELECT CAST(row_number() OVER () AS VARCHAR) AS order_id, buyer_key, paid_at,
               CAST(net_cents / 100.0 AS DECIMAL(18, 2)) AS net_amount, CAST(net_cents / 100.0 AS DECIMAL(18, 2)) AS paid_amount
        FROM read_parquet('{path}')
    ) TO '{folder}/shop/orders/orders.parquet' (FORMAT parquet, COMPRESSION zstd)""")
    return path


def measure(name: str, path: Path, *, peer: bool = False, python: Path = PEER) -> dict:
    """Run one measurement in a fresh process."""
    script = ROOT / ("bench/cohorts_peers.py" if peer else "bench/cohorts.py")
    command = [str(python if peer else sys.executable), str(script), *([] if peer else ["--worker"]), name, str(path)]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        return {"error": (done.stderr.strip().splitlines() or ["failed"])[-1][:160]}
    return json.loads(done.stdout.strip().splitlines()[-1])


def bench_fits(folder: Path) -> list[str]:
    out = ["### Fits (BG/NBD, simulated near CDNOW, weeks)", ""]
    out += [
        "| customers | peer | CPU s ours / peer | ratio | peak MB ours / peer | log-likelihood ours − peer |",
        "|---|---|---|---|---|---|",
    ]
    for size in SIZES:
        path = folder / f"rows_{size}.npz"
        np.savez(path, **simulate_rows(size, SEED))
        ours = measure("fit_ours", path)
        for name, python in (("fit_lifetimes", PEER), ("fit_clvkit", CLVKIT), ("fit_pymc", PYMC)):
            peer = measure(name, path, peer=True, python=python)
            if "error" in peer:
                out.append(
                    f"| {size:,} | {name[4:]} | {ours['cpu']:.2f} / – | – | {ours['peak_mb']:.0f} / – | {peer['error']} |"
                )
                continue
            gap = ours["log_likelihood"] - log_likelihood(path, peer["params"])
            out.append(
                f"| {size:,} | {name[4:]} | {ours['cpu']:.3f} / {peer['cpu']:.2f} | {peer['cpu'] / ours['cpu']:.1f}x "
                f"| {ours['peak_mb']:.0f} / {peer['peak_mb']:.0f} | {gap:+.6f} |"
            )
        pareto = measure("fit_ours_pareto", path)
        out.append(f"| {size:,} | ours, Pareto/NBD | {pareto['cpu']:.2f} / – | – | {pareto['peak_mb']:.0f} / – | – |")
    return out


def log_likelihood(path: Path, params: list[float]) -> float:
    """BG/NBD log-likelihood of the rows at a peer's parameters, by the formula written out (no digits lost at an edge)."""
    from tmall_nb.stats.btyd import geometric
    from tmall_nb.stats.btyd.rows import compress

    data = np.load(path)
    return geometric.log_likelihood(compress(data["x"], data["tx"], data["age"]), 1.0, 0)(np.log(params))[0]


def bench_resamples(folder: Path) -> list[str]:
    path = folder / "small.npz"
    np.savez(path, **simulate_rows(2_400, SEED))
    ours, peer = measure("resample_ours", path), measure("resample_lifetimes", path, peer=True)
    out = [
        "### 300 resamples of 100 and of 300 customers",
        "",
        "| fit and size | exceptions | flagged as not identified |",
        "|---|---|---|",
    ]
    out += [f"| {name} | {int(name in ours['failed'])} | {count} |" for name, count in ours["flagged"].items()]
    if "error" in peer:
        return [*out, "", f"lifetimes: {peer['error']}"]
    out += [f"| lifetimes BG/NBD {size} | {count} | – |" for size, count in peer["failed"].items()]
    pairs = [
        (a, b)
        for size in ("100", "300")
        for a, b in zip(ours["log_likelihoods"][size], peer["log_likelihoods"][size], strict=True)
        if b is not None
    ]
    gaps = np.array([a - b for a, b in pairs])
    told = f"over {len(gaps)} samples: smallest {gaps.min():+.2e}, largest {gaps.max():+.2e}."
    return [*out, "", f"BG/NBD log-likelihood, ours − lifetimes, {told}"]


def bench_projection(_: Path) -> list[str]:
    from tmall_nb.stats.btyd import fit_bdw, fit_sbg

    out = [
        "### Projection: fitted to renewals 0-4, held out 5-7",
        "",
        "| cohort | model | 5, 6, 7 against actual | mean absolute |",
        "|---|---|---|---|",
    ]
    cohorts = {"Regular": [1000, 631, 468, 382, 326, 289, 262, 241], "High End": [1000, 869, 743, 653, 593, 551, 517, 491]}
    for name, alive in cohorts.items():
        for fit in (fit_bdw, fit_sbg):
            error = fit(alive[:5]).survival(np.arange(5, 8)) / (np.array(alive[5:]) / 1000) - 1
            out.append(
                f"| {name} | {fit.__name__[4:]} | {', '.join(f'{e:+.2%}' for e in error)} | {np.abs(error).mean():.2%} |"
            )
    return out


def real_logs() -> dict[str, tuple[pd.DataFrame, str]]:
    logs = {}
    cdnow = DATA / "cdnow" / "CDNOW_master.txt.gz"
    if cdnow.exists():
        log = pd.read_csv(cdnow, sep=r"\s+", header=None, skiprows=1, names=["id", "date", "q", "value"], dtype={"date": str})
        logs["CDNOW, 23,570 buyers"] = (
            pd.DataFrame({"buyer_key": log["id"], "paid_at": pd.to_datetime(log["date"]), "paid_amount": log["value"]}),
            "1998-06-30",
        )  # fmt: skip
    retail = DATA / "online_retail" / "online_retail.parquet"
    if retail.exists():
        lines = pd.read_parquet(retail).dropna(subset=["CustomerID"])
        lines = lines.assign(paid_amount=lines["Quantity"] * lines["UnitPrice"])
        lines = lines.groupby(["CustomerID", "InvoiceNo"], as_index=False).agg(
            paid_at=("InvoiceDate", "min"), paid_amount=("paid_amount", "sum")
        )
        logs["Online Retail, 4,372 buyers"] = (lines.rename(columns={"CustomerID": "buyer_key"}), "2011-12-09")
    return logs


def bench_holdout(_: Path) -> list[str]:
    import tmall_nb as tn

    out = ["### Holdout on real logs (last third of the days)", ""]
    out += ["| log | model | identified | predicted / actual | error | deviance | chosen |", "|---|---|---|---|---|---|---|"]
    for name, (orders, end) in real_logs().items():
        for row in tn.value_customers(orders, observation_end=end).holdout.itertuples():
            out.append(
                f"| {name} | {row.model} | {'yes' if row.identified else 'no'} | {row.predicted:,.0f} / {row.actual:,.0f} "
                f"| {row.relative_error:+.1%} | {row.deviance:.4f} | {'yes' if row.chosen else ''} |"
            )
    return out if len(out) > 4 else [*out, "", "Skipped: no real data found."]


def bench_coverage(_: Path) -> list[str]:
    """Do the intervals hold what a model told the true parameters would expect, and what then came?"""
    rows = np.array([list(_covered(seed).values()) for seed in COVERAGE_SEEDS])
    named = {
        "what the true parameters expect of a buyer (mean over buyers)": 0, "orders of the shop that came in those days": 1,
        "net sales of the shop in those days": 2, "share of last year's sales from buyers who had left": 3,
    }  # fmt: skip
    return [
        f"### Intervals on simulated shops (MBG/NBD, 3,000 buyers, {len(rows)} fresh seeds, 180 days ahead)", "",
        "| figure | 95 % interval holds it | half-width | error, root mean square |", "|---|---|---|---|",
        *(f"| {name} | {rows[:, k].mean():.3f} | {_or_dash(rows[:, 4 + k])} | {_or_dash(rows[:, 8 + k])} |"
          for name, k in named.items()),
    ]  # fmt: skip


def _or_dash(values: np.ndarray) -> str:
    return "–" if np.isnan(values).any() else f"{np.sqrt(np.mean(values**2)):.1%}"


def _covered(seed: int) -> dict[str, float]:
    import tmall_nb as tn
    from tmall_nb.stats.btyd.geometric import GeometricFit

    truth, (p, q, v) = {"r": 0.6, "alpha": 90.0, "a": 0.9, "b": 2.5}, (6.0, 4.0, 60.0)
    orders, left = _world(3_000, seed, truth, (p, q, v))
    value = tn.value_customers(orders, observation_end="2025-12-31", horizon_days=180, model="mbg_nbd", seed=seed)
    t = value.table
    true_fit = GeometricFit(truth, {}, 0.0, True, np.eye(4), 1, at_first=1)
    count = true_fit.conditional_expected_purchases(180, t["frequency"], t["recency_days"], t["age_days"])
    each = count * p * (v + t["net_amount"]) / (p * (t["frequency"] + 1) + q - 1)
    later = orders[orders["paid_at"] >= "2026-01-01"]
    recent = t["recent_amount"].clip(lower=0)
    came = {
        "expected_orders": float(len(later[["buyer_key", "paid_at"]].drop_duplicates())),
        "expected_value_yuan": float(later["paid_amount"].sum()),
        "at_risk": float(recent[left[t["buyer_key"].to_numpy(np.int64)]].sum() / recent.sum()),
    }
    totals = value.totals.set_index("metric").astype(float)
    found = {"buyer": float(((t["low"] <= each) & (each <= t["high"])).mean())}
    found |= {k: float(totals.loc[k, "low"] <= c <= totals.loc[k, "high"]) for k, c in came.items()}
    found |= {"buyer_width": np.nan} | {f"{k}_width": np.log(totals.loc[k, "high"] / totals.loc[k, "low"]) / 2 for k in came}
    return found | {"buyer_error": np.nan} | {f"{k}_error": np.log(c / totals.loc[k, "value"]) for k, c in came.items()}


def _world(
    buyers: int, seed: int, truth: dict[str, float], money: tuple[float, float, float]
) -> tuple[pd.DataFrame, np.ndarray]:
    """Orders of MBG/NBD buyers over 730 + 180 days, and who has left by day 730."""
    rng = np.random.default_rng(seed)
    p, q, v = money
    rate, leave = rng.gamma(truth["r"], 1 / truth["alpha"], buyers), rng.beta(truth["a"], truth["b"], buyers)
    mean, first = rng.gamma(q, 1 / v, buyers), rng.integers(0, 540, buyers)
    who, when, now, active = [np.arange(buyers)], [first], first.astype(float), np.arange(buyers)
    left = np.zeros(buyers, dtype=bool)
    while len(active):
        stays = rng.random(len(active)) >= leave[active]
        left[active[~stays]] = now[active[~stays]] < 730
        active = active[stays]
        now[active] += rng.exponential(1.0, len(active)) / np.maximum(rate[active], 1e-12)
        active = active[now[active] < 730 + 180]
        who.append(active)
        when.append(np.floor(now[active]))
    buyer, day = np.concatenate(who), np.concatenate(when)
    amount = np.round(rng.gamma(p, 1.0, len(buyer)) / mean[buyer], 2)
    paid_at = pd.Timestamp("2024-01-02") + pd.to_timedelta(day, unit="D") + pd.Timedelta(hours=12)
    return pd.DataFrame({"buyer_key": buyer, "paid_at": paid_at, "paid_amount": np.maximum(amount, 0.01)}), left


LABELS = {"cohort": "cohort triangle", "summary": "frequency, recency, age", "repurchase": "days to the second order"}


def bench_large(folder: Path) -> list[str]:
    path = write_orders(folder, LARGE)
    out = [
        f"### Cohort triangle over {LARGE:,} order lines",
        "",
        "| engine | CPU s | s by the clock | peak MB |",
        "|---|---|---|---|",
    ]
    for name in ("cohort_duckdb_limited", "cohort_ours"):
        start = time.perf_counter()
        found = measure(name, path)
        clock = time.perf_counter() - start
        figures = found.get("error") or f"{found['cpu']:.1f} | {clock:.0f} | {found['peak_mb']:.0f}"
        out.append(f"| {name.split('_', 1)[1]} | {figures} |")
    return out


def bench_queries(folder: Path, lines: int) -> list[str]:
    out = [
        f"### Queries over {lines:,} order lines in Parquet",
        "",
        "| query | engine | CPU s | peak MB | against text key |",
        "|---|---|---|---|---|",
    ]
    path = write_orders(folder, lines)
    runs = [(q, f"{q}_{engine}", False) for q in LABELS for engine in ("duckdb_text", "duckdb_integer", "ours")]
    runs[3:3] = [("cohort", "cohort_polars", True), *([("cohort", "cohort_pandas", False)] if lines <= 10**7 else [])]
    base = 0.0
    for query, name, peer in runs:
        found = measure(name, path, peer=peer)
        if "error" in found:
            out.append(f"| {LABELS[query]} | {name} | – | – | {found['error']} |")
            continue
        base = found["cpu"] if name.endswith("_text") else base
        figures = f"{found['cpu']:.2f} | {found['peak_mb']:.0f} | {found['cpu'] / base:.2f}"
        out.append(f"| {LABELS[query]} | {name.split('_', 1)[1]} | {figures} |")
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", default=["fits", "resamples", "projection", "holdout", "coverage", "queries"])
    parser.add_argument("--rows", type=lambda s: int(s.replace("_", "")), nargs="*", default=[1_000_000, 10_000_000])
    parser.add_argument("--output", type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        blocks = []
        for part in args.parts:
            if part == "queries":
                for lines in args.rows:
                    folder = Path(name) / str(lines)
                    folder.mkdir()
                    blocks.append(bench_queries(folder, lines))
            else:
                blocks.append(globals()[f"bench_{part}"](Path(name)))
            print("\n".join(blocks[-1]), "\n", flush=True)
    if args.output:
        head = f"Measured {dt.date.today()} on 2 shared cores, seed {SEED}, by `python bench/cohorts.py`."
        args.output.write_text(
            "\n".join(["# Cohorts and customer value", "", head, "", *(line for block in blocks for line in (*block, ""))])
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        answer = globals()[sys.argv[2]](sys.argv[3])
        answer["peak_mb"] = peak_mb()
        print(json.dumps(answer))
    else:
        main()
