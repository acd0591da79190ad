"""Before a batch: what ads return in its shops, pooled into one file that the notebooks on ads read."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from tmall_nb.errors import ExportError, NotEnoughData
from tmall_nb.report.jobs import Job
from tmall_nb.report.parameters import read_parameters

__all__ = ["POOL_FILE", "pool_ads"]

POOL_FILE, PARAMETER = "pooled_media_mix.json", "pooled_file"


def pool_ads(jobs: list[Job], outputs: Path) -> tuple[list[Job], str]:
    """Fit the shops of the jobs that take ``pooled_file``, write the pooled returns, and name the file in those jobs.

    Parameters
    ----------
    jobs : of all shops; a job that names a file of its own is left as it is
    outputs : folder for ``pooled_media_mix.json``

    Returns
    -------
    the jobs, and a sentence on which shops were pooled, how far apart they are and which could not be used
    """
    from tmall_nb.analyses.media_mix import Beliefs, pool_media_mix, save_pooled
    from tmall_nb.analyses.media_mix.shops import LEAST_SHOPS, read_shop
    from tmall_nb.exports.load import load_shop

    takes = [j for j in jobs if PARAMETER in read_parameters(Path(j.notebook)) and PARAMETER not in j.parameters]
    found, without = {}, []
    for folder, name in dict.fromkeys((j.data_dir, j.shop) for j in takes):
        shop = load_shop(folder, name)
        try:
            read_shop(shop, None, (), Beliefs())
            found[name] = shop
        except (NotEnoughData, ExportError):
            without.append(name)
    left_out = f"; without enough ad weeks: {', '.join(without)}" if without else ""
    if len(found) < LEAST_SHOPS:
        return jobs, f"ads: not pooled, {len(found)} shops with ad weeks, {LEAST_SHOPS} are needed{left_out}"
    pooled = pool_media_mix(found)
    path = str(save_pooled(pooled, outputs / POOL_FILE).resolve())
    used = "used" if pooled.alike else "not used: the shops differ too much"
    named = [dataclasses.replace(j, parameters={**j.parameters, PARAMETER: path}) if j in takes else j for j in jobs]
    return named, f"ads: returns of {', '.join(found)} pooled, spread {pooled.between:.2f}, {used}{left_out}"
