"""At which price does an item earn most, and which price test would teach most?"""

from tmall_nb.analyses.pricing.plan import plan_prices
from tmall_nb.analyses.pricing.reprice import try_price
from tmall_nb.analyses.pricing.result import PriceResult

__all__ = ["PriceResult", "plan_prices", "try_price"]
