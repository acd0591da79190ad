"""The traffic part of the world: visitors of items, sources and search terms.

Equations: organic visitors of an item-day ~ Poisson(organic units / conversion x exp(-.4 campaign effect)), so 60 % of a
campaign comes as traffic and 40 % as conversion; ad visitors = .85 x clicks. A person sees several items: the shop's
visitors are .80 of the sum over items, and the sum over sources is 1.12 times the shop's. Naive: adding visitors over
days, items or sources counts people twice; averaging conversion rates weights quiet days like busy ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tmall_nb.demo.ads import Ads
from tmall_nb.demo.demand import Demand
from tmall_nb.demo.items import Items
from tmall_nb.demo.streams import Settings

__all__ = ["LEAVES", "Traffic", "make_traffic"]

LEAVES = (  # level 1-4, share of organic visitors (0: an ad channel), conversion against the mean
    ("平台流量", "搜索", "手淘搜索", "手淘搜索", 0.34, 1.15),
    ("平台流量", "推荐", "手淘推荐", "首页推荐-微详情", 0.20, 0.45),
    ("平台流量", "推荐", "手淘推荐", "购后推荐", 0.07, 0.50),
    ("平台流量", "会场", "官方大促", "大促会场", 0.06, 0.80),
    ("平台流量", "其他", "淘内免费其他", "淘内免费其他", 0.08, 0.70),
    ("关注流量", "我的淘宝", "我的淘宝", "已买到商品", 0.06, 2.60),
    ("关注流量", "购物车", "购物车", "购物车", 0.09, 3.10),
    ("关注流量", "店铺会员", "会员中心", "会员专享", 0.03, 2.80),
    ("关注流量", "直接访问", "直接访问", "直接访问", 0.04, 1.60),
    ("广告流量", "关键词推广", "关键词推广", "关键词推广", 0.0, 0.95),
    ("广告流量", "精准人群推广", "精准人群推广", "精准人群推广", 0.0, 0.80),
    ("广告流量", "全站推广", "全站推广", "全站推广", 0.0, 0.70),
    ("广告流量", "淘宝客", "淘宝客", "淘宝客", 0.03, 1.00),
)
OVERLAP_ITEMS, OVERLAP_SOURCES, AD_VISITS = 0.80, 1.12, 0.85


@dataclass(frozen=True, slots=True)
class Traffic:
    """visitors (I, D), shop_visitors (D), leaves (leaf, D) visitors of each source."""

    visitors: np.ndarray
    shop_visitors: np.ndarray
    leaves: np.ndarray


def make_traffic(settings: Settings, items: Items, demand: Demand, ads: Ads, sold: np.ndarray) -> Traffic:
    """Draw visitors; never fewer than buyers."""
    rng = settings.rng("traffic")
    organic = demand.organic / items.conversion[:, None] * np.exp(-0.4 * demand.campaign_total) * 0.9
    clicks = AD_VISITS * ads.clicks.sum(axis=0)[None, :] * items.ad_share
    visitors = np.maximum(
        rng.poisson(organic) + rng.poisson(clicks), sold + rng.poisson(sold * 2.0 + 0.05 * np.isfinite(items.life))
    )
    shop = np.round(visitors.sum(axis=0) * OVERLAP_ITEMS).astype(np.int64)
    shares = np.array([leaf[4] for leaf in LEAVES])
    ad = [AD_VISITS * ads.clicks[c] for c in range(len(ads.clicks))]
    free = np.maximum(shop * OVERLAP_SOURCES - sum(ad), shop * 0.3)
    drift = np.exp(rng.normal(0, 0.06, (len(LEAVES), len(shop))))
    leaves = rng.poisson(shares[:, None] / shares.sum() * free[None, :] * drift)
    for n, c in zip([9, 10, 11], range(3), strict=True):
        leaves[n] = np.round(ad[c])
    return Traffic(visitors, np.maximum(shop, sold.sum(axis=0)), leaves)
