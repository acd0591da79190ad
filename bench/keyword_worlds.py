"""Simulated ad keywords with known order rates: token-driven and token-free worlds.

Every world has keywords of 2-5 Chinese word roots, Poisson clicks with log-normal means (median about 5), roughly
three quarters of the keywords without an order, a value per order and a cost per click. Only what drives the order
rate differs:

* ``tokens``: logit p = level + sum of root effects + residual
* ``logit``: logit p = level + normal residual; the roots say nothing
* ``beta``: p ~ Beta; the roots say nothing
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

PRODUCTS = (
    "连衣裙 衬衫 半身裙 牛仔裤 阔腿裤 卫衣 毛衣 风衣 羽绒服 大衣 西装 马甲 短裤 背心 "
    "睡衣 打底裤 针织衫 外套 旗袍 雪纺衫 面膜 精华 面霜 洗面奶 爽肤水 口红 眼霜 粉底液 "
    "防晒霜 卸妆油 保温杯 水杯 饭盒 收纳箱 毛巾 拖鞋 枕头 床单 窗帘 地毯"
).split()
ATTRIBUTES = (
    "法式 显瘦 通勤 收腰 宽松 高腰 复古 碎花 小众 气质 加厚 加绒 纯棉 真丝 冰丝 轻薄 "
    "防水 保湿 补水 美白 控油 温和 修身 百搭 韩版 新中式 甜美 简约 大码 小个子 中长款 "
    "短款 长款 长袖 短袖 无袖 印花 格子 条纹 纯色 黑色 白色 红色 粉色 蓝色 便携 "
    "大容量 家用"
).split()
AUDIENCES = ("女 男 女士 男士 学生 孕妇 妈妈 儿童 宝宝 中老年 情侣 成人 青少年 老人 胖人").split()
SCENES = (
    "春季 夏季 秋季 冬季 春秋 秋冬 新款 爆款 正品 官方 旗舰店 包邮 高级感 网红 平价 "
    "礼物 生日 旅行 办公室 户外 居家 上班 婚礼 年会 海边 度假 约会 日常 上学 运动"
).split()
_COMMON = (
    "安白宝北本冰采长春大丹地东方飞风光国海和红花华黄吉佳金锦晶景康兰乐丽龙美明木南宁清秋泉荣瑞"
    "山胜石水松泰天通外万文西香新星雪雅阳一逸永雨玉云正芝中子紫"
)


@dataclass(frozen=True)
class World:
    """Keyword rows as the contract names them, with the truth beside them.

    ``rows`` has keyword, impressions, clicks, spend, ad_orders, ad_sales; ``rate`` and ``value`` are the true order rate
    and the true value per order of each row (arrays of shape (rows,)).
    """

    rows: pd.DataFrame
    rate: np.ndarray
    value: np.ndarray


def draw_world(kind: str, *, seed: int, keywords: int = 3000, invented: bool = False, root_sd: float = 0.5) -> World:
    """Draw a world of ``kind`` "tokens", "logit" or "beta"; ``invented`` makes roots that no dictionary knows."""
    rng = np.random.default_rng([{"tokens": 1, "logit": 2, "beta": 3}[kind], seed])
    vocabulary = _vocabulary(rng, invented)
    texts, parts = _texts(rng, vocabulary, keywords)
    rate = _rates(rng, kind, parts, sum(map(len, vocabulary)), root_sd)
    clicks = rng.poisson(rng.lognormal(np.log(5.2), 1.5, keywords))
    orders = rng.binomial(clicks, rate)
    value = 120.0 * rng.lognormal(0, 0.25, keywords)
    sales = np.array([v * rng.gamma(4.0, 0.25, n).sum() if n else 0.0 for v, n in zip(value, orders, strict=True)])
    impressions = clicks + rng.negative_binomial(2, 2 / (2 + 25 * np.maximum(clicks, 1)))
    spend = clicks * 1.3 * rng.lognormal(0, 0.4, keywords)
    rows = pd.DataFrame(
        {
            "keyword": texts,
            "impressions": impressions,
            "clicks": clicks,
            "spend": spend.round(2),
            "ad_orders": orders,
            "ad_sales": sales.round(2),
        }
    )
    return World(rows, rate, value)


def _vocabulary(rng: np.random.Generator, invented: bool) -> list[list[str]]:
    groups = [PRODUCTS, ATTRIBUTES, AUDIENCES, SCENES]
    if not invented:
        return groups
    made: set[str] = set()
    while len(made) < sum(map(len, groups)):
        made.add("".join(rng.choice(list(_COMMON), 2, replace=False)))
    words, start, out = sorted(made), 0, []
    rng.shuffle(words)
    for group in groups:
        out.append(words[start : start + len(group)])
        start += len(group)
    return out


def _texts(rng: np.random.Generator, vocabulary: list[list[str]], keywords: int) -> tuple[list[str], list[list[int]]]:
    sizes = np.cumsum([0, *map(len, vocabulary)])
    popularity = [1 / np.arange(1, len(g) + 1) ** 0.6 for g in vocabulary]
    texts, parts, seen = [], [], set()
    while len(texts) < keywords:
        chosen = []
        for group, (words, weight) in enumerate(zip(vocabulary, popularity, strict=True)):
            take = (
                1 if group == 0 else int(rng.random() < (0.85, 0.55, 0.5)[group - 1]) + int(group == 1 and rng.random() < 0.3)
            )
            picked = rng.choice(len(words), take, replace=False, p=weight / weight.sum())
            chosen += [(words[k], int(sizes[group] + k)) for k in picked]
        rng.shuffle(chosen)
        text = "".join(word for word, _ in chosen)
        if text not in seen:
            seen.add(text)
            texts.append(text)
            parts.append([int(k) for _, k in chosen])
    return texts, parts


def _rates(rng: np.random.Generator, kind: str, parts: list[list[int]], roots: int, root_sd: float) -> np.ndarray:
    if kind == "beta":
        return rng.beta(1.1, 28.0, len(parts))
    if kind == "logit":
        return 1 / (1 + np.exp(-(-3.6 + rng.normal(0, 0.9, len(parts)))))
    effects = rng.normal(0, root_sd, roots)
    return 1 / (1 + np.exp(-(-3.6 + np.array([effects[p].sum() for p in parts]) + rng.normal(0, 0.25, len(parts)))))
