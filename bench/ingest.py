"""Reading a large order file beside pandas: CPU, memory, exactness; and the queries on what was written.

54 columns as 千牛 writes them, GB18030, generated with quoted titles, remarks that hold line ends, wrapped ids, blank cells,
short rows and bytes that are no text. Ours reads, cleans, keys buyers, drops personal columns, sums cents and writes Parquet;
``pandas.read_csv`` only reads. Each runs in a process of its own; an independent pass in Decimal counts rows and cents.

Run: .venv/bin/python bench/ingest.py [--rows 1000000] [--copies 1] [--queries]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path

import numpy as np

HEADERS = (
    "订单编号,买家会员名,买家支付宝账号,买家应付货款,买家应付邮费,买家支付积分,总金额,返点积分,"
    "买家实际支付金额,买家实际支付积分,订单状态,买家留言,收货人姓名,收货地址 ,运送方式,联系电话 ,"
    "联系手机,订单创建时间,订单付款时间 ,宝贝标题 ,宝贝种类 ,物流单号,物流公司,订单备注,宝贝总数量,"
    "店铺Id,店铺名称,订单关闭原因,卖家服务费,买家服务费,发票抬头,是否手机订单,分阶段订单信息,"
    "特权订金订单id,是否上传合同照片,是否上传小票,是否代付,定金排名,修改后的sku,修改后的收货地址,"
    "异常信息,天猫卡券抵扣,集分宝抵扣,是否是O2O交易,新零售交易类型,新零售导购门店名称,新零售导购门店id,"
    "新零售发货门店名称,新零售发货门店id,退款金额,预约门店,确认收货时间,打款商家金额,"
    "含应开票给个人的个人红包"
)
PLACES = (
    "浙江省 杭州市 西湖区",
    "广东省 深圳市 南山区",
    "上海 上海市 浦东新区",
    "四川省 成都市 武侯区",
    "内蒙古自治区 包头市 青山区",
)
BATCH = 100_000


def make_file(path: Path, rows: int, seed: int = 0) -> dict[str, object]:
    """Write the file; returns what is true of it, summed in Decimal while it was written."""
    rng = np.random.default_rng(seed)
    kept, bad, cents = 0, 0, Decimal(0)
    with path.open("wb") as file:
        file.write((HEADERS + "\n").encode("gb18030"))
        for start in range(0, rows, BATCH):
            count = min(BATCH, rows - start)
            total = rng.integers(100, 99_999, count)
            back = np.where(rng.random(count) < 0.2, total, 0)
            buyer, kind = rng.integers(0, rows // 3 + 1, count), rng.random(count)
            second = rng.integers(0, 365 * 86_400, (count, 3))
            lines = []
            for n in range(count):
                line, good = _line(start + n, (int(total[n]), int(back[n]), int(buyer[n])), second[n], float(kind[n]))
                lines.append(line)
                kept, bad = kept + good, bad + (not good)
                cents += Decimal(int(total[n])) if good else 0
            data = "\n".join(lines).encode("gb18030") + b"\n"
            file.write(data.replace("坏字".encode("gb18030"), b"\xff\xfe"))
    return {"kept": kept, "set_aside": bad, "order_total": str(cents / 100)}


def copy_rows(path: Path, copies: int, truth: dict[str, object]) -> dict[str, object]:
    """Repeat the file's rows under other order ids; returns what is true of the longer file."""
    head, body = path.read_bytes().split(b"\n", 1)
    with path.open("wb") as file:
        file.write(head + b"\n")
        for k in range(copies):
            file.write(body.replace(b'="19', f'="{30 + k}'.encode()))
    counts = {name: int(str(truth[name])) * copies for name in ("kept", "set_aside")}
    return {**counts, "order_total": str(Decimal(str(truth["order_total"])) * copies)}


def _line(n: int, values: tuple[int, int, int], second: np.ndarray, kind: float) -> tuple[str, bool]:
    total, back, buyer = values
    at = [time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(1735689600 + int(s))) for s in second[:2]]
    remark = '"请尽快\n发货, 谢谢"' if kind < 0.01 else '5" 屏' if kind < 0.012 else "坏字" if kind < 0.013 else "null"
    money = f"{total / 100:.2f}"
    person = [f"收货人{n % 10_000}", f"{PLACES[n % 5]} 某路{n % 9999}号", "快递", "", f"'1380000{n % 10_000:04d}"]
    status = "交易成功" if n % 4 else "卖家已发货，等待买家确认"
    head = [
        f'="19{n:017d}"',
        f"小鹿{buyer:x}",
        "138******00",
        money,
        "0.00",
        "0",
        money,
        "0",
        f"{(total - back) / 100:.2f}",
        "0",
    ]
    item = [f"法式收腰连衣裙 第{n % 500}款", "1", "", "中通快递", "null", str(n % 3 + 1), "0", "演示旗舰店", "订单未关闭"]
    blank = ["0", "0元", "", "手机订单", "", "", "否", "否", "否", "", "", "", "", "0", "0", "否", "", "", "", "", ""]
    tail = [f"{back / 100:.2f}", "", at[1], f"{(total - back) / 100:.2f}元", "0"]
    cells = [*head, status, remark, *person, *at, *item, *blank, *tail]
    if kind > 0.9999:
        return ",".join(cells[:40]), False
    return ",".join(cells), True


def ours(folder: str) -> dict[str, object]:
    import duckdb  # noqa: F401  (importing is no part of reading, here and for pandas)

    import tmall_nb as tn

    load_shop = tn.load_shop
    start = time.process_time()
    shop = load_shop(folder, "s")
    cpu = time.process_time() - start
    (sheet,) = next(iter(shop.manifest["files"].values()))["sheets"]
    total = shop.sql("SELECT CAST(sum(order_total) AS VARCHAR) AS x FROM orders")["x"].iloc[0]
    return {"cpu": cpu, "kept": sheet["rows"], "set_aside": sum(sheet["aside"].values()), "order_total": str(total)}


def again(folder: str) -> dict[str, object]:
    import tmall_nb as tn

    load_shop = tn.load_shop
    start = time.perf_counter()
    load_shop(folder, "s")
    return {"cpu": time.perf_counter() - start}


def pandas_read(folder: str) -> dict[str, object]:
    import pandas as pd

    start = time.process_time()
    options = {"encoding": "gb18030", "encoding_errors": "replace", "on_bad_lines": "skip", "low_memory": False}
    frame = pd.read_csv(next(Path(folder, "s").glob("*.csv")), **options)
    return {"cpu": time.process_time() - start, "kept": len(frame)}


QUERIES = {
    "cohort": "WITH f AS (SELECT {key} AS k, min(date_trunc('month', paid_at)) AS c FROM o GROUP BY 1) SELECT c, "
    "date_trunc('month', o.paid_at) AS m, count(DISTINCT {key}) AS n, sum(o.paid_amount) AS s FROM o JOIN f ON f.k = {key} "
    "GROUP BY 1, 2",
    "frequency_recency": "SELECT {key} AS k, count(DISTINCT CAST(paid_at AS DATE)) AS n, min(paid_at) AS a, max(paid_at) AS b, "
    "sum(paid_amount) AS s FROM o GROUP BY 1",
    "repurchase": "SELECT k, sum(datediff('day', paid_at, next)) AS d FROM (SELECT {key} AS k, paid_at, lead(paid_at) OVER "
    "(PARTITION BY {key} ORDER BY paid_at) AS next FROM o) GROUP BY 1",
    "item_days": "SELECT item_title, CAST(paid_at AS DATE) AS d, sum(units) AS u, sum(paid_amount) AS s FROM o GROUP BY 1, 2",
}


def query(folder: str, name: str, key: str) -> dict[str, object]:
    import duckdb

    connection = duckdb.connect()
    connection.execute("SET threads = 2")
    files = f"{folder}/.parsed/s/orders/[!_]*.parquet"
    text = "'tb' || CAST(buyer_key AS VARCHAR) AS buyer_text"
    with tempfile.TemporaryDirectory() as extra:
        source = f"read_parquet('{files}')"
        if key == "buyer_text":
            connection.execute(
                f"COPY (SELECT {text}, paid_at, paid_amount, item_title, units FROM {source}) TO '{extra}/t.parquet'"
            )
            source = f"read_parquet('{extra}/t.parquet')"
        connection.execute(f"CREATE VIEW o AS SELECT * FROM {source}")
        start = time.process_time()
        rows = connection.execute(f"SELECT count(*) FROM ({QUERIES[name].format(key=key)})").fetchone()
        return {"cpu": time.process_time() - start, "rows": rows[0]}


def child(job: str, *arguments: str) -> dict[str, object]:
    """Run one job in a process of its own; returns its figures with its peak memory."""
    out = subprocess.run([sys.executable, __file__, "--job", job, *arguments], capture_output=True, text=True, check=True)
    return json.loads(out.stdout.splitlines()[-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--copies", type=int, default=1, help="1-60: the rows that often, each time with other order ids")
    parser.add_argument("--queries", action="store_true")
    parser.add_argument("--job", nargs="+")
    parser.add_argument("--folder", default=None)
    options = parser.parse_args()
    if options.job:  # a child of this script
        jobs = {"ours": ours, "again": again, "pandas": pandas_read, "query": query}
        result = jobs[options.job[0]](*options.job[1:])
        result["mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps(result))
        return
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        report(Path(folder), (options.rows, options.copies), queries=options.queries)


def report(folder: Path, size: tuple[int, int], *, queries: bool) -> None:
    (folder / "s").mkdir()
    path = folder / "s" / "ExportOrderList202601010900.csv"
    rows = size[0] * size[1]
    truth = make_file(path, size[0])
    truth = copy_rows(path, size[1], truth) if size[1] > 1 else truth
    mine, second = child("ours", str(folder)), child("again", str(folder))
    print(f"{rows:,} rows x 54 columns, {path.stat().st_size / 1e6:,.0f} MB, GB18030, 2 cores")
    print("| reader | CPU s | peak MB | rows kept | set aside |\n|---|---|---|---|---|")
    print(
        f"| tmall_nb (reads, cleans, keys, sums, writes) | {mine['cpu']:.1f} | {mine['mb']:.0f} "
        f"| {mine['kept']:,} | {mine['set_aside']:,} |"
    )
    if rows <= 2_000_000:
        other = child("pandas", str(folder))
        print(f"| pandas.read_csv alone | {other['cpu']:.1f} | {other['mb']:.0f} | {other['kept']:,} | – |")
        print(f"ratio to pandas: CPU {mine['cpu'] / other['cpu']:.2f}, memory {mine['mb'] / other['mb']:.2f}")
    exact = all(str(mine[k]) == str(truth[k]) for k in truth)
    print(
        f"rows and cents equal the Decimal pass: {'yes' if exact else f'NO {truth} {mine}'}; second load {second['cpu']:.3f} s"
    )
    for name in QUERIES if queries else ():
        text, number = (child("query", str(folder), name, key) for key in ("buyer_text", "buyer_key"))
        ratio = number["cpu"] / text["cpu"]
        print(
            f"| {name} | text key {text['cpu']:.2f} s | integer key {number['cpu']:.2f} s | {ratio:.2f} "
            f"| {number['mb']:.0f} MB |"
        )


if __name__ == "__main__":
    main()
