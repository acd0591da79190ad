"""Province and city from an address; nothing else of it is kept."""

from __future__ import annotations

import re

__all__ = ["PROVINCES", "city_name", "place", "province_name"]

_LONG = (
    "广东省 江苏省 浙江省 山东省 四川省 河南省 湖北省 福建省 湖南省 安徽省 河北省 辽宁省 陕西省 江西省 云南省 山西省 黑龙江省 "
    "吉林省 贵州省 甘肃省 海南省 青海省 台湾省 内蒙古自治区 广西壮族自治区 新疆维吾尔自治区 宁夏回族自治区 西藏自治区"
)
_CITIES = "北京 上海 天津 重庆"
_REGIONS = {"香港": "香港特别行政区", "澳门": "澳门特别行政区"}
_ENDING = re.compile(r"(省|市|壮族自治区|维吾尔自治区|回族自治区|自治区|特别行政区)$")
PROVINCES = {
    **{_ENDING.sub("", name): name for name in _LONG.split()},
    **{name: name for name in _CITIES.split()},
    **_REGIONS,
}
_SHORT = re.compile("^(" + "|".join(sorted(PROVINCES, key=len, reverse=True)) + ")")
_REST = re.compile(r"^(省|市|壮族自治区|维吾尔自治区|回族自治区|自治区|特别行政区)?\s*")
_CITY = re.compile(r"^([\u4e00-\u9fff]{2,9}?(?:自治州|地区|盟|市|州))")


def province_name(text: str) -> str | None:
    """The one spelling of a province (广东省, 上海, 内蒙古自治区); None where the text names none."""
    found = _SHORT.match(text.strip())
    return PROVINCES[found[1]] if found else None


def city_name(text: str) -> str | None:
    """A city as written; None for placeholders."""
    text = text.strip()
    return text if text and text not in {"-", "--", "null", "未知", "其他"} else None


def place(address: str) -> tuple[str | None, str | None]:
    """Return (province, city) of an address such as ``浙江省 杭州市 西湖区 …``."""
    text = address.strip()
    found = _SHORT.match(text)
    if not found:
        return None, None
    province = PROVINCES[found[1]]
    if found[1] in _CITIES.split():
        return province, province
    rest = _REST.sub("", text[found.end() :], count=1)
    city = _CITY.match(rest)
    return province, city[1] if city else None
