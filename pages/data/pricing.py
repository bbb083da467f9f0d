"""What language models cost: the person's own table, with the day on which each price was looked up."""

from __future__ import annotations

from datetime import date
from typing import Any

import streamlit as st

from core.endpoint import prices
from core.endpoint.prices import Price
from pages.widgets import changing, errors, frame

KINDS = {"Model": "str", "A million read": "float", "A million written": "float", "Looked up on": "datetime64[s]", "Currency": "str"}
COLUMNS = tuple(KINDS)


def table(model: str) -> None:
    """Say what the model costs, and fold away the table that can be edited."""
    price = prices.of(model)
    if price is None:
        st.caption("No price is known for this model: it counts as free, and no spending cap can hold. Models of your own need none.")
    else:
        money = f"{price.price_in:g} read and {price.price_out:g} written, a million tokens each {price.currency}".rstrip()
        st.caption(errors.escape(f"Reckoned with {money}, as of {price.as_of}. Prices change: check them with the provider."))
        if price.old:
            st.warning("This price was looked up long ago. Look it up again before you rely on the cap.", icon=":material/schedule:")
    folded = st.expander("Prices", on_change="rerun", key="prices_fold", icon=":material/payments:")
    if folded.open:
        with folded:
            _editor()


def _editor() -> None:
    st.markdown("Attune knows no prices of its own, because they change. Copy them from your provider; they are kept for all projects.")
    import pandas as pd

    known = prices.known()
    rows = pd.DataFrame([_row(price) for price in known], columns=list(COLUMNS)).astype(KINDS)
    edited = st.data_editor(
        rows,
        num_rows="dynamic",
        hide_index=True,
        key=f"prices_{len(known)}",
        alt="Prices of language models: model, price read and written, the day they were looked up, and the currency",
        column_config={
            "Model": st.column_config.TextColumn(required=True),
            "A million read": st.column_config.NumberColumn(min_value=0.0, required=True),
            "A million written": st.column_config.NumberColumn(min_value=0.0, required=True),
            "Looked up on": st.column_config.DateColumn(default=date.today()),
            "Currency": st.column_config.TextColumn(max_chars=12),
        },
    )
    if changing.button("Save the prices", key="save_prices"):
        with errors.shown():
            prices.save(_price(*cells) for cells in edited.itertuples(index=False, name=None))
            frame.notice("The prices are saved.")
            st.rerun()


def _row(price: Price) -> tuple[str, float, float, str | None, str]:
    return price.model, price.price_in, price.price_out, None if price.age() is None else price.as_of, price.currency


def _price(model: Any, read: Any, written: Any, day: Any, currency: Any) -> Price:
    """Return an edited row as a price; an empty cell is None, or a number or day that is none."""
    name, money = (cell if isinstance(cell, str) else "" for cell in (model, currency))
    price_in, price_out = (float("nan") if number is None else float(number) for number in (read, written))
    return Price(name, price_in, price_out, "" if day is None or day != day else day.date().isoformat(), money)
