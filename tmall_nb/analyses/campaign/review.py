"""``review_campaign``: one campaign on one page, and all campaigns of the shop in one table."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from tmall_nb.analyses.campaign import evidence
from tmall_nb.analyses.campaign.checks import check_table
from tmall_nb.analyses.campaign.choose import Campaign, choose_campaign, past_campaigns
from tmall_nb.analyses.campaign.discounts import campaign_discounts, presale_table
from tmall_nb.analyses.campaign.findings import review_findings
from tmall_nb.analyses.campaign.items import item_effects, stock_outs
from tmall_nb.analyses.campaign.lift import Lift, Series, measure_again, read_series
from tmall_nb.analyses.campaign.measure import SOURCE
from tmall_nb.analyses.campaign.money import fit_refunds
from tmall_nb.analyses.campaign.placebo import placebo_items, rank_p_value
from tmall_nb.analyses.campaign.study import event_study, kind_table, measure_all
from tmall_nb.analyses.campaign.targets import target_gap, target_table
from tmall_nb.analyses.result import Finding, Method
from tmall_nb.calendar import detect_campaigns, mark_ordinary
from tmall_nb.errors import NotEnoughData, ParameterError
from tmall_nb.shop import Shop

SOURCES = SOURCE + "; refunds: Lagakos, Barraj & De Gruttola (1988); shrinkage: DuMouchel (1994)"


@dataclass(frozen=True, slots=True)
class CampaignResult:
    """A campaign's post-mortem.

    Attributes
    ----------
    table : one row per campaign of the shop, newest first: naive, gross, net, profit with low/high (yuan), relative lift and
        the same shrunk to its kind, verdict (earned, lost, unclear, not_enough_data)
    kinds : one row per kind of campaign: campaigns, profit_per_day with low/high, verdict
    uplift : gross, net, before_after, difference_in_differences of the reviewed campaign (yuan)
    path : one row per date: actual, counterfactual, low, high, phase
    profit : one row per line from lift to profit: yuan, low, high, known
    discounts : reductions by funder (merchant, platform, unclear): funder, line, yuan, known, report
    presale : presale orders by stage: orders, amount, booked (on the day of the balance)
    items : one row per item: units, expected, effect with low/high, role (campaign, other), verdict
    stock_outs : campaign items that ran out: lost units and yuan with interval
    buyers, later : new and returning buyers; first buyers at equal age against those of ordinary days
    targets, target_gap : target against actual; where the gap arose on the KPI tree
    factors, sources, hours, phases : campaign day against ordinary day; traffic sources; bursts by hour; phases
    placebos, placebo_items : windows without a campaign; items outside it, each treated in turn
    checks : one row per reason to doubt: check, value, state (ok, doubt, unknown)
    controls, sensitivity, diagnostics : controls; other sets of controls; model checks, with item_p_value (rank among items)
    findings, method : as everywhere
    """

    table: pd.DataFrame
    kinds: pd.DataFrame
    uplift: pd.DataFrame
    path: pd.DataFrame
    profit: pd.DataFrame
    discounts: pd.DataFrame
    presale: pd.DataFrame
    items: pd.DataFrame
    stock_outs: pd.DataFrame
    buyers: pd.DataFrame
    later: pd.DataFrame
    targets: pd.DataFrame
    target_gap: pd.DataFrame
    factors: pd.DataFrame
    sources: pd.DataFrame
    hours: pd.DataFrame
    phases: pd.DataFrame
    placebos: pd.DataFrame
    placebo_items: pd.DataFrame
    checks: pd.DataFrame
    controls: pd.DataFrame
    sensitivity: pd.DataFrame
    diagnostics: pd.DataFrame
    findings: tuple[Finding, ...]
    method: Method


def review_campaign(shop: Shop, *, campaign: str | None = None, level: float = 0.95, seed: int = 0) -> CampaignResult:
    """Say whether a campaign earned anything, what carried it, and which kinds of campaign pay for this shop.

    Trust the profit where costs, refunds and ads are in the files (``profit.known``); trust the lift where the placebo windows
    are quiet and the controls were not promoted.

    Parameters
    ----------
    shop : a Shop; its calendar names the campaigns (own exports first, then the shipped calendar, then detection)
    campaign : part of its name, or a day on which it ran (YYYY-MM-DD); None: the newest that has ended
    level : confidence level of the intervals, 0-1
    seed : seed of the simulations

    Raises
    ------
    ParameterError : no such campaign inside the data; NotEnoughData : no campaign with four weeks of data before it

    Examples
    --------
    >>> review = tn.review_campaign(shop, campaign="双11")  # doctest: +SKIP
    """
    if not isinstance(shop, Shop):
        raise ParameterError("shop", type(shop).__name__, "a Shop (load_shop); for a plain frame use measure_uplift")
    if not 0.5 <= level < 1:
        raise ParameterError("level", level, "a fraction between 0.5 and 1, e.g. 0.95")
    series = read_series(shop)
    calendar, found = _campaigns(series)
    series = replace(series, days=mark_ordinary(series.days, calendar))
    chosen = choose_campaign(found, campaign)
    refunds = fit_refunds(series, seed)
    measured = measure_all(series, found, refunds, level=level, seed=seed)
    known = measured[chosen.name]
    if known is None:
        raise NotEnoughData(f"{chosen.name}: fewer than 14 usable days before it once other campaigns are set aside")
    lift, profit = known
    table = event_study(found, measured)
    frames = {"table": table, "kinds": kind_table(table), "profit": profit, "uplift": lift.money.table, "path": lift.money.path}
    frames |= _evidence(series, lift, calendar, found, level)
    frames |= _checks(series, lift, level, seed)
    findings = review_findings(frames, chosen, lift, _overlapping(found, chosen))
    return CampaignResult(**frames, findings=findings, method=_method(series, lift, level, seed))


def _campaigns(series: Series) -> tuple[pd.DataFrame, list[Campaign]]:
    """Calendar and campaigns inside the data; detected bursts only where the calendar names none."""
    first, last = series.days["date"].min(), series.last
    calendar = series.shop.calendar
    found = past_campaigns(calendar, first, last)
    if not found:
        calendar = detect_campaigns(series.days)
        found = past_campaigns(calendar, first, last)
    return calendar, found


def _evidence(
    series: Series, lift: Lift, calendar: pd.DataFrame, found: list[Campaign], level: float
) -> dict[str, pd.DataFrame]:
    c, shop = lift.campaign, series.shop
    targets = target_table(series, c)
    row = calendar.loc[calendar["campaign"] == c.name].iloc[0]
    leads = row[["warm_up_start", "presale_start"]].dropna()
    return {
        "discounts": campaign_discounts(series, lift),
        "presale": presale_table(shop, c, min(leads) if len(leads) else None),
        "items": item_effects(series, lift, level=level),
        "stock_outs": stock_outs(series, lift, level=level),
        "buyers": evidence.buyer_table(series, c),
        "later": evidence.later_buyers(series, c, found, level=level),
        "targets": targets,
        "target_gap": target_gap(series, c, targets, found),
        "factors": evidence.kpi_factors(series, c),
        "sources": evidence.source_table(series, c),
        "hours": evidence.burst_hours(series, c),
        "phases": evidence.phase_table(series, c, calendar),
    }


def _checks(series: Series, lift: Lift, level: float, seed: int) -> dict[str, pd.DataFrame]:
    titles = series.items.groupby("item_id")["item_title"].last() if len(series.items) else pd.Series(dtype=object)
    items = placebo_items(lift, titles, level=level, seed=seed)
    own = lift.units.draws["gross"]
    stand = float(own.mean() / own.std())
    rank = rank_p_value(stand, items["deviations"].to_numpy(float)) if len(items) else float("nan")
    known = lift.money.diagnostics.assign(own_deviations=stand, item_p_value=rank, placebo_items=len(items))
    return {
        "placebos": lift.money.placebos,
        "placebo_items": items,
        "checks": check_table(known.iloc[0], lift.money.placebos, lift.money.controls),
        "controls": lift.money.controls,
        "diagnostics": known,
        "sensitivity": _sensitivity(lift, level, seed),
    }


def _sensitivity(lift: Lift, level: float, seed: int) -> pd.DataFrame:
    """Gross and net lift with other sets of controls: busiest half, other half, none, without the promoted ones."""
    sets = {"all": lift.controls, "none": ()}
    if len(lift.controls) >= 4:
        sets |= {"every_other": lift.controls[::2], "the_others": lift.controls[1::2]}
    promoted = set(lift.money.controls.loc[lift.money.controls["verdict"] == "promoted", "control"])
    if promoted & set(lift.controls):
        sets["without_promoted"] = tuple(c for c in lift.controls if c not in promoted)
    rows = []
    for name, controls in sets.items():
        result = lift.money if name == "all" else measure_again(lift, "paid_amount", controls, level, seed)
        effect = result.effect.set_index("kind")
        row = [effect.loc[k, c] for k in ("gross", "net") for c in ("effect", "low", "high")]
        rows.append((name, len(controls), *row))
    columns = "controls count gross gross_low gross_high net net_low net_high".split()
    return pd.DataFrame(rows, columns=columns)


def _overlapping(found: list[Campaign], chosen: Campaign) -> list[str]:
    return [c.name for c in found if c.name != chosen.name and c.start <= chosen.end and c.end >= chosen.start]


def _method(series: Series, lift: Lift, level: float, seed: int) -> Method:
    c, own = lift.campaign, lift.money.method
    return Method(
        name="campaign_review", source=SOURCES, start=series.days["date"].min(), end=series.last, rows_used=own.rows_used,
        assumptions=(
            "controls_not_treated", "platform_traffic_stays", "dips_inside_window", "returns_resold", "ads_beyond_usual",
            "presale_at_balance",
        ),
        set_aside=own.set_aside, level=level, seed=seed,
        parameters={"campaign": c.name, "campaign_type": c.kind, "start": str(c.start.date()), "end": str(c.end.date()),
                    "pre_dip_days": c.pre_dip_days, "source": c.source, "confidence": c.confidence},
    ).drop("other_campaign_day", lift.set_aside)  # fmt: skip
