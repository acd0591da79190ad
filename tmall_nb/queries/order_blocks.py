"""Orders in blocks of some buyers each, sorted by buyer and day, so that what concerns one buyer lies side by side.

A hash table over every (buyer, day) costs more than the rest of a query. Here rows are dealt into blocks by the highest bits of
the buyer as they are read, and each block, small enough for the processor's cache, is sorted as one column of 64-bit numbers
that hold buyer, day and position.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from tmall_nb.queries.buyer_orders import BuyerOrders

__all__ = ["Block", "order_blocks", "run_starts", "since_first"]

ROWS_PER_BLOCK = 32_768
MOST_BLOCKS = 1024
ROWS = """
WITH orders_of AS (SELECT * FROM buyer_orders)
SELECT buyer, CAST(day AS SMALLINT) AS day, CAST(2 * net + ({kept})::INTEGER AS BIGINT) AS net_kept
FROM orders_of
"""
KEPT = "net > 0 OR gross = 0"  # an order that was not wholly refunded
BITS = 63
NEVER = np.iinfo(np.int16).max


@dataclass(frozen=True, slots=True)
class Block:
    """All orders of some buyers, sorted by buyer and day.

    Attributes
    ----------
    buyer : number of the buyer
    day : days since 1970-01-01
    cents : net sales of the order
    kept : False for an order that was refunded wholly
    """

    buyer: np.ndarray
    day: np.ndarray
    cents: np.ndarray
    kept: np.ndarray


def run_starts(*columns: np.ndarray) -> np.ndarray:
    """Return the positions at which any of the sorted columns changes, the first included."""
    change = np.zeros(len(columns[0]), dtype=bool)
    change[:1] = True
    for column in columns:
        change[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(change)


def since_first(block: Block, *, refunded: bool) -> tuple[Block, np.ndarray, np.ndarray]:
    """Return the block from each buyer's first order on, the buyer's position of every row, and each buyer's first day.

    With ``refunded`` False the first order is the first that was not wholly refunded; who has none is left out.
    """
    starts = run_starts(block.buyer)
    buyer = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(block.buyer)))
    if refunded:
        return block, buyer, block.day[starts].astype(np.int64)
    first = np.minimum.reduceat(np.where(block.kept, block.day, NEVER), starts).astype(np.int64)
    known = first < NEVER
    used = known[buyer] & (block.day >= first[buyer])
    columns = (block.buyer, block.day, block.cents, block.kept)
    return Block(*(c[used] for c in columns)), (np.cumsum(known) - 1)[buyer[used]], first[known]


def order_blocks(orders: BuyerOrders) -> Iterator[Block]:
    """Yield every order once; all orders of a buyer are in one block, blocks in the order of the buyers' numbers."""
    dealt = _deal(orders)
    for k, parts in enumerate(dealt):
        if parts:
            dealt[k] = []
            yield _sorted(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _deal(orders: BuyerOrders) -> list[list[tuple[np.ndarray, ...]]]:
    blocks = int(np.clip(orders.counts["rows_used"] // ROWS_PER_BLOCK, 1, MOST_BLOCKS))
    blocks = 1 << (blocks.bit_length() - 1)
    width = BITS if orders.keys is None else max(len(orders.keys) - 1, 1).bit_length()
    shift = np.int64(max(width - (blocks.bit_length() - 1), 0))
    dealt: list[list[tuple[np.ndarray, ...]]] = [[] for _ in range(blocks)]
    for columns in orders.batches(ROWS.format(kept=KEPT)):
        place = np.clip(columns[0] >> shift, 0, blocks - 1).astype(np.uint16)
        order = np.argsort(place, kind="stable")
        cuts = np.searchsorted(place[order], np.arange(blocks + 1))
        columns = tuple(column[order] for column in columns)
        for k in np.flatnonzero(np.diff(cuts)):
            dealt[k].append(tuple(column[cuts[k] : cuts[k + 1]] for column in columns))
    return dealt


def _sorted(buyer: np.ndarray, day: np.ndarray, net_kept: np.ndarray) -> Block:
    order = _order(buyer, day)
    net_kept = net_kept[order]
    return Block(buyer[order], day[order], net_kept >> 1, (net_kept & 1).astype(bool))


def _order(buyer: np.ndarray, day: np.ndarray) -> np.ndarray:
    """Positions sorted by buyer, then day. Buyers' lowest bits may not fit; where two buyers then look alike, sort in full."""
    since, first = day.astype(np.int64) - int(day.min()), int(buyer.min())
    bits = [int(buyer.max() - first).bit_length(), int(since.max()).bit_length(), len(buyer).bit_length()]
    cut = max(sum(bits) - BITS, 0)
    if cut < bits[0] or bits[0] == 0:
        packed = (buyer - first) >> cut << (bits[1] + bits[2])
        packed |= since << bits[2]
        packed |= np.arange(len(buyer))
        packed.sort()
        order = packed & ((1 << bits[2]) - 1)
        found = buyer[order]
        if (found[1:] >= found[:-1]).all():
            return order
    return np.lexsort((day, buyer))
