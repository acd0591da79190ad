"""``truth.json``: everything an evaluator needs about a demo shop. No analysis reads it (import contract and test)."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from tmall_nb.errors import ExportError

__all__ = ["Truth", "read_truth", "write_truth"]


@dataclass(frozen=True, slots=True)
class Truth:
    """What is true of a demo shop.

    Attributes
    ----------
    settings : shop_id, size, seed, hard, first and last day
    items : per item_id: elasticity, category, refund_rate, quality, loading, units sold, wanted and expected, days sold out;
        of the last 28 days expected and wanted units by day; units a day at the ordinary price, that price and the unit cost
    elasticity : category means drawn from, cross effect, pass-through of costs
    ads : per channel: spend, caused sales (also at multiples of the spend), roas, marginal_roas, platform_roas, inflation,
        carry_over, half_saturation, shape, interception
    keywords : per term: order_rate, click_share; idiosyncratic standard deviation and token effects
    buyers : MBG/NBD parameters (days), campaign_rate, expected repurchase within 90 and 180 days by kind of buyer; orders,
        orders not wholly refunded and net yuan expected of all buyers within 30 to 365 days after the files; members, the
        shares that join, and what joining multiplies orders with
    refunds : share in the end by amount and of orders wholly refunded, share that has arrived after 1, 3, 7, 14, 28 days
    discounts : yuan off the list price of paid orders: activity, shop_coupon, cart_rule; platform (paid by the platform)
    campaigns : per campaign: gross and net lift in units and yuan, pull-forward, halo, cut, profit, naive figure
    paths : removal effect of each channel
    service : share of good reviews per item, malicious bursts, response times, carriers' hours
    totals : paid_yuan, orders, lines, units, refund_yuan_at_export, refund_yuan_in_the_end, buyers
    geo : provinces held out and days, effect on their sales; empty unless asked for
    """

    settings: dict[str, Any]
    items: dict[str, dict[str, Any]]
    elasticity: dict[str, Any]
    ads: dict[str, dict[str, Any]]
    keywords: dict[str, Any]
    buyers: dict[str, Any]
    refunds: dict[str, Any]
    discounts: dict[str, float]
    campaigns: dict[str, dict[str, Any]]
    paths: dict[str, float]
    service: dict[str, Any]
    totals: dict[str, float]
    geo: dict[str, Any]


def write_truth(path: Path, truth: Truth) -> None:
    """Write the truth as JSON, numbers rounded to 9 digits so that equal worlds give equal bytes."""
    text = json.dumps(_plain(asdict(truth)), ensure_ascii=False, indent=1, sort_keys=True)
    path.write_bytes((text + "\n").encode())


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float):
        return float(f"{value:.9g}")
    return value


def read_truth(folder: str | Path) -> Truth:
    """Read a demo shop's truth, for benchmarks and tests only.

    Parameters
    ----------
    folder : the shop's folder, as ``make_shop`` returns it
    """
    path = Path(folder) / "truth.json"
    if not path.exists():
        raise ExportError(path, "no truth.json here; only demo shops have one: make it with tmall-nb demo")
    content = json.loads(path.read_text(encoding="utf-8"))
    missing = [f.name for f in fields(Truth) if f.name not in content]
    if missing:
        raise ExportError(path, f"made by an older version ({', '.join(missing)} missing): make the demo shop again")
    return Truth(**{f.name: content[f.name] for f in fields(Truth)})
