"""What language models cost: a table that a person keeps for all projects, each price with the day it was looked up.

Attune brings no prices of its own: they change, and an old one would be a wrong promise.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from core import jsonfiles
from core.errors import UserError
from core.project import home
from core.recipe import LLMSettings

OLD = 90  # days after which a price should be looked up again
MOST = 1_000_000.0


@dataclass(frozen=True)
class Price:
    """A model's prices for a million tokens, in one currency, as they were on a day (2026-11-21)."""

    model: str
    price_in: float
    price_out: float
    as_of: str = ""
    currency: str = ""

    def age(self) -> int | None:
        """Return how many days ago the price was looked up; None where nobody knows."""
        try:
            return (date.today() - date.fromisoformat(self.as_of)).days
        except ValueError:
            return None

    @property
    def old(self) -> bool:
        """Say whether the price should be looked up again."""
        age = self.age()
        return age is None or age > OLD


@dataclass(frozen=True)
class Table:
    """What prices.json holds."""

    prices: tuple[Price, ...] = ()


def known() -> tuple[Price, ...]:
    """Return the person's prices, in their order; none where the file is missing or damaged."""
    return (jsonfiles.read(_file(), Table) or Table()).prices


def of(model: str) -> Price | None:
    """Return a model's price, None where the table has none."""
    return next((price for price in known() if price.model == model.strip()), None)


def save(prices: Iterable[Price]) -> None:
    """Replace the table; raise `UserError` for a price that is no number from 0 up, a day that is none, or a model twice."""
    checked = tuple(_checked(price) for price in prices)
    names = [price.model for price in checked]
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise UserError(f"The model “{twice}” has two prices.", "Keep one of the rows.")
    jsonfiles.write(_file(), Table(checked))


def put(price: Price) -> None:
    """Add a model's price, or change the one that is there."""
    save([*(other for other in known() if other.model != price.model.strip()), price])


def filled(settings: LLMSettings) -> LLMSettings:
    """Return the settings with the prices to reckon with: their own, or the table's where they have none."""
    if settings.price_in or settings.price_out or not (price := of(settings.model)):
        return settings
    return settings.model_copy(update={"price_in": price.price_in, "price_out": price.price_out})


def _checked(price: Price) -> Price:
    name = " ".join(price.model.split())
    if not name:
        raise UserError("A price has no model.", "Type the model's name as it is used at the address.")
    if not all(math.isfinite(number) and 0 <= number <= MOST for number in (price.price_in, price.price_out)):
        raise UserError(f"The prices of “{name}” are not numbers from 0 up.", "Type what a million tokens cost, such as 0.15.")
    day = price.as_of.strip() or date.today().isoformat()
    try:
        date.fromisoformat(day)
    except ValueError:
        raise UserError(f"“{day}” is no day.", "Write the day on which you looked the price up as 2026-11-21.") from None
    return replace(price, model=name, as_of=day, currency=" ".join(price.currency.split())[:12])


def _file() -> Path:
    return home() / "prices.json"
