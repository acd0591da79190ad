"""What-if panels for JupyterLab: sliders over a chart. Loaded on first use; in a report a panel stands as its first chart."""

from __future__ import annotations

from tmall_nb.lazy import lazy_names

# module: the panels in it; add a line for a new one.
_WHERE = {
    "budget": "what_if_budget",
    "campaign": "what_if_campaign",
    "demand": "what_if_demand",
    "keywords": "what_if_bids",
    "price": "what_if_price",
    "replenishment": "what_if_stock",
}
__all__, __getattr__, __dir__ = lazy_names(__name__, _WHERE, what="panel")
