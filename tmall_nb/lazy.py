"""Names of a package that load their module on first use (PEP 562), with a hint for a typo."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

__all__ = ["lazy_names"]


def lazy_names(
    package: str, where: Mapping[str, str], *, what: str = "attribute", modules: tuple[str, ...] = ()
) -> tuple[list[str], Callable[[str], Any], Callable[[], list[str]]]:
    """Return ``__all__``, ``__getattr__`` and ``__dir__`` of a package.

    Parameters
    ----------
    package : the package's ``__name__``
    where : names (separated by spaces) by the module below the package that defines them
    what : what a name is, for the message about an unknown one
    modules : submodules that are names themselves
    """
    places = {name: f"{package}.{module}" for module, names in where.items() for name in names.split()}
    known = [*sorted(places), *modules]

    def load(name: str) -> Any:
        if name in places:
            value = getattr(import_module(places[name]), name)
        elif name in modules:
            value = import_module(f"{package}.{name}")
        else:
            from tmall_nb.errors import closest

            hint = ", ".join(closest(name, known))
            raise AttributeError(f"{package} has no {what} {name!r}" + (f"; did you mean {hint}?" if hint else ""))
        setattr(sys.modules[package], name, value)
        return value

    return known, load, lambda: sorted(known)
