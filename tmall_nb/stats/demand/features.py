"""What a tree model reads: the past until a virtual origin, and what is known of the target day.

Everything of the past is relative to the series' level at the origin, so that one model serves all series.
"""

from __future__ import annotations

import numpy as np

from tmall_nb.stats.demand.panel import Panel, previous

__all__ = ["Features", "build_features", "past_misses"]

EARLIER = 2  # earlier virtual origins whose errors are read
WINDOWS = (1, 2, 4, 8, 16, 52)  # in weeks


class Features:
    """Running sums of a panel, from which the rows of any origin are cut."""

    def __init__(self, panel: Panel):
        self.panel = panel
        self.open = panel.open
        self.units = np.where(self.open, panel.units, 0.0)
        zero = np.zeros((len(self.units), 1))
        self.sums = np.concatenate([zero, np.cumsum(self.units, axis=1)], axis=1)
        self.counts = np.concatenate([zero, np.cumsum(self.open, axis=1)], axis=1)
        self.week = 7 if panel.settings.season == 7 else 1
        self.weekday, self.season = panel.weekday(), panel.season()
        self.month = panel.month() if self.week == 7 else np.zeros(len(self.season))
        self.until: list[np.ndarray] = []  # days until a column is next 1; beyond the horizon it is not known
        self.ahead = self._ahead()
        self.state = self._state()

    def mean(self, start: int, end: int) -> np.ndarray:
        """(S,) mean of the open days of columns [start, end); NaN where there are none."""
        start, end = max(start, 0), max(end, 0)
        count = self.counts[:, end] - self.counts[:, start]
        return np.where(count > 0, (self.sums[:, end] - self.sums[:, start]) / np.maximum(count, 1), np.nan)

    def level(self, origin: int) -> np.ndarray:
        """(S,) level at the origin: half-year mean, drawn upwards from 0 so that a ratio exists."""
        mean = self.mean(origin - self.panel.settings.level, origin)
        older = self.mean(0, origin)
        level = np.where(np.isfinite(mean), mean, older)
        return np.maximum(np.where(np.isfinite(level), level, 0.02), 0.02)

    def _state(self) -> np.ndarray:
        """(S, T + H) code of the yes/no columns of a day (its promotion state)."""
        code = np.zeros(self.panel.known.shape[:2], dtype=np.int64)
        for k in range(self.panel.known.shape[2]):
            column = self.panel.known[..., k]
            if np.isin(column, (0.0, 1.0)).all() and 0.02 < column.mean() < 0.98:
                code = code * 2 + column.astype(np.int64)
        return code

    def _ahead(self) -> list[np.ndarray]:
        """(S, T + H) features of the target day that do not depend on the origin."""
        panel, parts = self.panel, []
        for k in range(panel.known.shape[2]):
            column = panel.known[..., k]
            parts.append(column)
            binary = np.isin(column, (0.0, 1.0)).all()
            if binary and 0.01 < column.mean() < 0.99:
                since, until = _distance(column), _distance(column[:, ::-1])[:, ::-1]
                parts += [np.minimum(since, 14), _run_day(column)]
                self.until.append(until)
            if self.week == 1:
                parts += [previous(column), previous(column, 2)]
            if not binary and (column > 0).all():
                parts.append(_relative(np.log(column), 8 * self.week))
        parts += [np.broadcast_to(share, panel.known.shape[:2]) for share in panel.shares()]
        if panel.price is not None:
            parts += [_relative(panel.price, 8 * self.week), panel.price - previous(panel.price)]
        if panel.closed.any():
            parts += [previous(panel.closed) * 1.0, previous(panel.closed, -1) * 1.0, previous(panel.closed, 2) * 1.0]
        return [np.asarray(p, dtype=np.float32) for p in parts]

    def rows(self, origin: int, horizon: int, light: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(S, horizon, F) features and (S,) levels at one origin; ``light`` is the regression's forecast there."""
        level = np.where(self.counts[:, origin] > 0, self.level(origin), np.maximum(light.mean(axis=1), 0.02))
        series = len(level)
        past = [self.mean(origin - w * self.week, origin) / level for w in WINDOWS]
        chain = [np.full(series, np.nanmean(np.append(p, 1.0))) for p in past[:4:2]]
        past += [*chain, np.log(level), self.counts[:, origin] - self.counts[:, max(origin - 4 * self.week, 0)]]
        past += [self.panel.group.astype(float), np.arange(series, dtype=float)]
        columns = [np.broadcast_to(p[:, None], (series, horizon)) for p in past]
        target = origin + np.arange(horizon)
        columns += [
            np.broadcast_to(v, (series, horizon))
            for v in (np.arange(horizon), self.weekday[target], self.season[target], self.month[target])
        ]
        columns += self._same_day(origin, target, level)
        columns += self._last_year(origin, target)
        columns += [p[:, target] for p in self.ahead]
        columns += [np.minimum(u[:, target], np.minimum(horizon - np.arange(horizon), 14)) for u in self.until]
        columns.append(np.log(np.maximum(light, 1e-4) / level[:, None]))
        return np.stack([np.asarray(c, dtype=np.float32) for c in columns], axis=2), level

    def _same_day(self, origin: int, target: np.ndarray, level: np.ndarray) -> list[np.ndarray]:
        """Mean of the last eight same weekdays, and of those in the same promotion state in the last 26 weeks."""
        week = self.week
        base = target - week * (np.ceil((target - origin + 1) / week).astype(int))
        sums, counts, same_sum, same_count = (np.zeros((len(level), len(target))) for _ in range(4))
        for j in range(26):
            past = base - j * week
            ok = (past >= 0)[None, :] & self.open[:, np.maximum(past, 0)]
            value = np.where(ok, self.units[:, np.maximum(past, 0)], 0.0)
            if j < 8:
                sums, counts = sums + value, counts + ok
            match = ok & (self.state[:, np.maximum(past, 0)] == self.state[:, target])
            same_sum, same_count = same_sum + value * match, same_count + match
        plain = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan) / level[:, None]
        same = np.where(same_count > 0, same_sum / np.maximum(same_count, 1), np.nan) / level[:, None]
        return [plain, same]

    def _last_year(self, origin: int, target: np.ndarray) -> list[np.ndarray]:
        """Units around the same day of last year relative to that year's level."""
        year = self.panel.settings.year
        if origin - year < 4 * self.week:
            return [np.full((len(self.units), len(target)), np.nan)] * 2
        base = np.maximum(self.mean(origin - year - self.panel.settings.level, origin - year), 0.02)
        wide = 3 if self.week == 7 else 1
        near, exact = [], []
        for t in target - year:
            near.append(self.mean(t - wide, min(t + wide + 1, origin)) / base)
            exact.append(np.where(self.open[:, t], self.units[:, t], np.nan) / base if 0 <= t < origin else base * np.nan)
        return [np.stack(near, axis=1), np.stack(exact, axis=1)]


def _distance(column: np.ndarray) -> np.ndarray:
    """Columns since the value was last 1 (0 on it, 99 where never)."""
    out = np.full(column.shape, 99.0)
    last = np.full(len(column), 99.0)
    for t in range(column.shape[1]):
        last = np.where(column[:, t] > 0, 0.0, np.minimum(last + 1, 99.0))
        out[:, t] = last
    return out


def _run_day(column: np.ndarray) -> np.ndarray:
    """Day of the run of ones a column is in (0 outside)."""
    out, run = np.zeros(column.shape), np.zeros(len(column))
    for t in range(column.shape[1]):
        run = np.where(column[:, t] > 0, run + 1, 0.0)
        out[:, t] = run
    return out


def _relative(values: np.ndarray, width: int) -> np.ndarray:
    """Value minus the mean of the ``width`` columns before."""
    filled = np.where(np.isfinite(values), values, 0.0)
    total = np.concatenate([np.zeros((len(values), 1)), np.cumsum(filled, axis=1)], axis=1)
    count = np.concatenate([np.zeros((len(values), 1)), np.cumsum(np.isfinite(values), axis=1)], axis=1)
    start = np.maximum(np.arange(values.shape[1]) - width, 0)
    end = np.arange(values.shape[1])
    number = count[:, end] - count[:, start]
    mean = (total[:, end] - total[:, start]) / np.maximum(number, 1)
    return np.where((number > 0) & np.isfinite(values), values - mean, np.nan)


def build_features(panel: Panel, origins: np.ndarray, horizon: int, light: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(O, S, horizon, F) features and (O, S) levels at several origins."""
    maker = Features(panel)
    made = [maker.rows(int(o), horizon, light[n]) for n, o in enumerate(origins)]
    misses = past_misses(panel, origins, light)
    size = made[0][0].shape[:2]
    rows = [
        np.concatenate([m[0], np.broadcast_to(misses[n][:, None, :], (*size, misses.shape[2]))], axis=2)
        for n, m in enumerate(made)
    ]
    return np.stack(rows), np.stack([m[1] for m in made])


def past_misses(panel: Panel, origins: np.ndarray, light: np.ndarray) -> np.ndarray:
    """(O, S, 2) mean log error of the regression's last earlier forecasts before each origin, by series and by category.

    Where the regression has been too low of late, it likely still is: levels drift, and categories drift together.
    """
    log = np.log(np.maximum(panel.units, 0.5))
    out = np.full((len(origins), len(panel.units), 2), np.nan, dtype=np.float32)
    for n, origin in enumerate(origins):
        misses = []
        for before in range(max(n - EARLIER, 0), n):
            start = int(origins[before])
            width = min(int(origin) - start, light.shape[2], panel.length - start)
            told = np.log(np.maximum(light[before][:, :width], 0.5))
            misses.append(np.where(panel.open[:, start : start + width], log[:, start : start + width] - told, np.nan))
        if not misses:
            continue
        every = np.concatenate(misses, axis=1)
        seen = np.isfinite(every)
        count, total = seen.sum(axis=1), np.where(seen, every, 0.0).sum(axis=1)
        out[n, :, 0] = np.where(count > 0, total / np.maximum(count, 1), np.nan)
        by_group = np.bincount(panel.group, total) / np.maximum(np.bincount(panel.group, count), 1)
        out[n, :, 1] = by_group[panel.group]
    return out
