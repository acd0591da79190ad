"""Demo shops with known truth: ``make_shop`` writes export files, ``truth.json`` says what is true of them.

Each part of the world states its equations and true numbers in its module: ``season`` (calendar), ``items``, ``demand``,
``ads``, ``traffic``, ``keywords``, ``stock``, ``buyers``, ``orders``, ``service``, ``campaigns``, ``geo``, ``paths``.
"""

from __future__ import annotations

from tmall_nb.demo.make import make_shop, make_shops
from tmall_nb.demo.streams import SIZES, SWITCHES
from tmall_nb.demo.truth import Truth, read_truth

__all__ = ["SIZES", "SWITCHES", "Truth", "make_shop", "make_shops", "read_truth"]
