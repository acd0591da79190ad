"""Makes demo shops: draws a world and writes it as export files with ``truth.json`` and ``shop.toml`` beside them."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from tmall_nb.demo.campaigns import measure_campaigns
from tmall_nb.demo.facts import collect, geo_truth
from tmall_nb.demo.names import SHOPS
from tmall_nb.demo.orders import draw_lines
from tmall_nb.demo.paths import make_paths
from tmall_nb.demo.season import Days
from tmall_nb.demo.service import ServiceFiles
from tmall_nb.demo.streams import Settings, read_settings
from tmall_nb.demo.tally import Tally
from tmall_nb.demo.truth import write_truth
from tmall_nb.demo.world import Market, World, book_ads, finish_world, make_market, make_world
from tmall_nb.demo.write_ads import write_ads
from tmall_nb.demo.write_orders import Month, month_orders, write_month, write_order_list
from tmall_nb.demo.write_refunds import write_refunds
from tmall_nb.demo.write_sheets import write_campaigns, write_master, write_paths, write_sheets
from tmall_nb.demo.write_sycm import write_items, write_search, write_shop, write_sources
from tmall_nb.errors import ParameterError

__all__ = ["make_orders", "make_shop", "make_shops"]

Progress = Callable[[int, int, str], None]


def make_shop(
    folder: str | Path,
    *,
    shop_id: str = "qingmu",
    size: str = "small",
    seed: int = 7,
    hard: tuple[str, ...] = (),
    progress: Progress | None = None,
) -> Path:
    """Make one demo shop and return its folder ``folder/shop_id``.

    Parameters
    ----------
    folder : where the shop's folder goes; an older demo shop there is replaced, any other folder is refused
    shop_id : name of the folder; ``qingmu`` sells women's clothing, ``suji`` snacks, ``yuanju`` home goods
    size : ``small`` (40 items, 20,000 orders, 18 months), ``year`` (300, 300,000) or ``large`` (10 M order lines)
    seed : same seed, same bytes
    hard : switches that make it harder: hidden_demand, no_instrument, own_demand_pricing, weak_controls, masked_buyers,
        missing_files, short_history; ``geo_holdout`` adds a regional test of ads
    progress : called as ``progress(done, steps, what)``

    Examples
    --------
    >>> make_shop("data/demo", seed=7)  # doctest: +SKIP
    PosixPath('data/demo/qingmu')
    """
    settings = read_settings(shop_id, size, seed, tuple(hard))
    target = _clear(Path(folder) / shop_id)
    market = make_market(settings)
    months = list(_months(market.days))
    tick = _ticker(progress, len(months) + 4, shop_id)
    tick("market")
    world = _write_ads(target, market)
    tick("ads")
    tally = Tally(world.days, world.traffic, settings.rng("tally"))
    service = ServiceFiles(settings, world.days, world.items)
    sums = _write_months(target, world, (tally, service), tick)
    _write_rest(target, world, tally, service, months)
    tick("reports")
    campaigns = measure_campaigns(world.days, world.items, world.demand, world.ads)
    write_campaigns(target, world.days, world.items, tally, campaigns)
    paths = make_paths(settings)
    write_paths(target, paths)
    _write_settings(target, world)
    write_truth(target / "truth.json", collect(world, paths, campaigns, service.truth(), sums))
    tick("truth")
    return target


def make_orders(folder: str | Path, settings: Settings) -> tuple[Path, dict[str, Any]]:
    """Write only the order files and shop.toml of a shop; return its folder and the truth of its regional test.

    The orders are those of ``make_shop`` with the same settings.
    """
    target = _clear(Path(folder) / settings.shop_id)
    world = make_world(settings)
    for _, month in _drawn(world):
        if month is not None:
            write_order_list(target, settings, month, (world.days, world.items, world.buyers))
    _write_settings(target, world)
    return target, geo_truth(world)


def _drawn(world: World) -> Iterator[tuple[slice, Month | None]]:
    """The days of each calendar month with its orders, drawn when asked for; None in a month without any."""
    for span in _months(world.days):
        rows = slice(*np.searchsorted(world.joined[0], [span.start, span.stop]))
        if rows.start == rows.stop:
            yield span, None
            continue
        lines = draw_lines(world.settings, world.days, world.items, world.joined, rows)
        yield span, month_orders(world.settings, world.days, lines, world.buyers)


def _write_months(
    target: Path, world: World, counts: tuple[Tally, ServiceFiles], tick: Callable[[str], None]
) -> dict[str, int]:
    """Write orders, items and refunds month by month, count them for the reports, and return totals in cents and counts."""
    settings, days, items, buyers = world.settings, world.days, world.items, world.buyers
    sums: Counter[str] = Counter()
    for span, month in _drawn(world):
        if month is not None:
            write_month(target, settings, month, (days, items, buyers))
            write_refunds(target, settings, month, days, items)
            counts[0].add(month, buyers, days)
            counts[1].add(month, buyers)
            sums.update(_totals(month))
        tick(str(days.dates[span.start])[:7])
    return dict(sums)


def _totals(month: Month) -> dict[str, int]:
    lines = month.lines
    whole = np.logical_and.reduceat(lines.refund_cents >= lines.paid_cents, lines.order_first)
    return {
        "list": int((lines.list_cents * lines.units).sum()),
        "coupon": int(lines.coupon_cents.sum()),
        "cart": int(lines.cart_cents.sum()),
        "platform": int(lines.platform_cents.sum()),
        "paid": int(lines.paid_cents.sum()),
        "refund": int(month.refunded.sum()),
        "refund_final": int(lines.refund_cents.sum()),
        "orders": len(lines.order_first),
        "orders_refunded": int(whole.sum()),
        "lines": len(lines.day),
        "units": int(lines.units.sum()),
    }


def _write_ads(target: Path, market: Market) -> World:
    """Write the ad reports, let go of what they hold, and go on to the order lines."""
    keywords, booked = book_ads(market)
    write_ads(target, market, keywords, booked)
    cents = [int(b.sales_cents.sum()) for b in booked]
    del booked
    return finish_world(market, keywords, cents)


def _write_rest(target: Path, world: World, tally: Tally, service: ServiceFiles, months: list[slice]) -> None:
    """Write everything that needs the counts of all months."""
    settings, days, items = world.settings, world.days, world.items
    for span in months:
        write_items(target, settings, days, items, tally, span)
    write_shop(target, days, tally, world.traffic, world.ads.spend_cents)
    if "missing_files" not in settings.hard:
        write_sources(target, settings, days, tally, world.traffic)
    write_search(target, settings, days, world.traffic, world.keywords)
    write_sheets(target, settings, days, items, world.stock)
    write_master(target, settings, items, world.stock, days)
    service.write(target, tally, world.traffic)


def _write_settings(target: Path, world: World) -> None:
    """Write shop.toml, the facts only the merchant knows."""
    text = (
        f'name = "{world.settings.profile.name}"\n'
        "commission_rate = 0.05          # 平台扣点\n"
        "attribution_window_days = 15    # 万相台归因周期（天）\n"
        'effect_model = "click"          # 万相台效果模型\n'
        "gross_margin = 0.50             # 毛利率\n"
        "lead_time_days = 12             # 补货提前期（天）\n"
        "review_days = 7                 # 补货周期（天）\n"
        "shipping_cost_yuan = 3.5        # 每单快递费\n"
    )
    (target / "shop.toml").write_bytes(text.encode())


def _months(days: Days) -> Iterator[slice]:
    """Slices of days, one per calendar month."""
    month = days.dates.astype("datetime64[M]").astype(int)
    edges = [0, *(np.flatnonzero(np.diff(month)) + 1).tolist(), len(month)]
    for a, b in pairwise(edges):
        yield slice(a, b)


def _clear(target: Path) -> Path:
    """Empty an older demo shop's folder; refuse a folder that is not one."""
    if target.exists() and any(target.iterdir()):
        if not (target / "truth.json").exists():
            raise ParameterError("folder", str(target), "an empty folder or an older demo shop (one with truth.json)")
        shutil.rmtree(target)
    target.mkdir(parents=True, exist_ok=True)
    return target


def _ticker(progress: Progress | None, steps: int, shop_id: str) -> Callable[[str], None]:
    done = 0

    def tick(what: str) -> None:
        nonlocal done
        done += 1
        if progress is not None:
            progress(done, steps, f"{shop_id} {what}")

    return tick


def make_shops(
    folder: str | Path,
    *,
    shops: int = 1,
    seed: int = 7,
    size: str = "small",
    hard: tuple[str, ...] = (),
    progress: bool = False,
) -> list[str]:
    """Make several demo shops of differing scale and category; returns their folder names.

    Parameters
    ----------
    folder : where the shops' folders go
    shops : how many, 1-99; the first three are qingmu, suji and yuanju
    seed, size, hard : as in ``make_shop``
    progress : show a progress bar on standard error
    """
    if not 1 <= shops <= 99:
        raise ParameterError("shops", shops, "1-99")
    names = [SHOPS[n][0] if n < len(SHOPS) else f"demo{n + 1:02d}" for n in range(shops)]
    for name in names:
        _with_bar(Path(folder), (name, size, seed, tuple(hard)), progress)
    return names


def _with_bar(folder: Path, options: tuple[str, str, int, tuple[str, ...]], show: bool) -> None:
    from tqdm import tqdm

    name, size, seed, hard = options
    with tqdm(total=None, disable=not show, unit="step", desc=name) as bar:

        def tell(done: int, steps: int, what: str) -> None:
            bar.total = steps
            bar.set_description(what)
            bar.update(done - bar.n)

        make_shop(folder, shop_id=name, size=size, seed=seed, hard=hard, progress=tell)
