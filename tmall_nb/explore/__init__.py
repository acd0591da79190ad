"""What-if panels for JupyterLab: sliders over a chart. Loaded on first use; in a report a panel stands as its first chart."""

from __future__ import annotations

from importlib import import_module
from typing import Any

# module: the panels in it; add a line for a new one.
_WHERE = {
    "budget": "what_if_budget",
    "campaign": "what_if_campaign",
    "demand": "what_if_demand",
    "keywords": "what_if_bids",
    "price": "what_if_price",
    "replenishment": "what_if_stock",
}
_NAMES = {name: module for module, names in _WHERE.items() for name in names.split()}

__all__ = [*sorted(_NAMES)]


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        from tmall_nb.errors import closest

        hint = ", ".join(closest(name, _NAMES))
        raise AttributeError(f"tmall_nb.explore has no panel {name!r}" + (f"; did you mean {hint}?" if hint else ""))
    value = getattr(import_module(f"tmall_nb.explore.{_NAMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
