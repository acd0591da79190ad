"""What buyers will order, and how sure that is: parameters, chance, and both together for the shop."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tmall_nb.analyses.customers.models import error_of
from tmall_nb.stats.btyd import GammaGammaFit, GeometricFit, ParetoFit
from tmall_nb.stats.btyd.rows import compress

__all__ = ["Ahead", "chance_of_total", "orders_ahead"]

DRAWS, DRAWN_BUYERS = 20, 50_000


@dataclass(frozen=True, slots=True)
class Ahead:
    """The coming days, buyer by buyer.

    Attributes
    ----------
    alive, orders : chance that a buyer is still one, and expected orders
    error : log standard error of the expected orders, from the parameters
    total_error : the same for the sum over buyers
    lost : share of recent sales expected to have come from buyers who have left
    lost_error : standard error of its logit: parameters, and the chance in who has left
    """

    alive: np.ndarray
    orders: np.ndarray
    error: np.ndarray
    total_error: float
    lost: float
    lost_error: float


def orders_ahead(
    fit: GeometricFit | ParetoFit, history: tuple[np.ndarray, np.ndarray, np.ndarray], recent: np.ndarray, *, days: float,
    seed: int,
) -> Ahead:  # fmt: skip
    """Predict from frequency, recency and age; ``recent`` is what each buyer spent lately (0 or more).

    Identified parameters: delta method. Otherwise: refits to resampled buyers (at most 3,000 at a time, scaled to the number
    of buyers), since the prediction can be firm where single parameters are not.
    """
    rows = compress(*history)
    money = np.bincount(rows.inverse, weights=recent, minlength=len(rows.weight))
    total = max(float(money.sum()), 1e-300)

    def figures(model: Any) -> np.ndarray:
        """Log expected orders of every row, log of their sum, logit of the share lost."""
        mean = np.maximum(model.conditional_expected_purchases(days, *rows.columns), 1e-12)
        lost = np.clip(1 - money @ model.probability_alive(*rows.columns) / total, 1e-9, 1 - 1e-9)
        return np.concatenate([np.log(mean), [np.log(rows.weight @ mean), np.log(lost / (1 - lost))]])

    found, error = figures(fit), error_of(fit, figures, rows, seed)
    alive = fit.probability_alive(*rows.columns)[rows.inverse]
    lost = float(1 / (1 + np.exp(-found[-1])))
    left = float(np.sqrt(np.sum(recent**2 * alive * (1 - alive)))) / total  # who has left is chance, given the parameters
    of_lost = float(np.hypot(error[-1], left / max(lost * (1 - lost), 1e-9)))
    return Ahead(alive, np.exp(found[:-2])[rows.inverse], error[:-2][rows.inverse], float(error[-2]), lost, of_lost)


def chance_of_total(
    fit: GeometricFit | ParetoFit, history: tuple[np.ndarray, np.ndarray, np.ndarray], ahead: Ahead,
    spend: tuple[GammaGammaFit | None, np.ndarray, np.ndarray], *, days: float, seed: int,
) -> tuple[float, float]:  # fmt: skip
    """Standard deviations, relative to what is expected, of the shop's orders and net sales if the parameters were true.

    Buyers differ in rate and leave, so that orders come in runs: their sum scatters more than a count of independent orders.
    ``spend`` : the Gamma-Gamma fit (or None), expected value per order, mean value per order so far.
    """
    rng = np.random.default_rng(seed)
    count = len(ahead.orders)
    some = rng.choice(count, DRAWN_BUYERS, replace=False) if count > DRAWN_BUYERS else np.arange(count)
    x, recency, age = (column[some] for column in history)
    model, per_order, so_far = spend[0], spend[1][some], spend[2][some]
    orders, yuan = 0.0, 0.0
    for k in range(DRAWS):
        drawn = fit.draw_purchases(days, x, recency, age, seed=int(rng.integers(2**31)) + k)
        orders += float(np.sum((drawn - ahead.orders[some]) ** 2))
        value = drawn * per_order if model is None else model.draw_spend(drawn, np.where(so_far > 0, x + 1, 0), so_far, rng)
        yuan += float(np.sum((value - ahead.orders[some] * per_order) ** 2))
    scale = np.sqrt(count / len(some) / DRAWS)
    totals = float(ahead.orders.sum()), float(ahead.orders @ spend[1])
    return scale * float(np.sqrt(orders)) / max(totals[0], 1e-9), scale * float(np.sqrt(yuan)) / max(totals[1], 1e-9)
