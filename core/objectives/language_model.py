"""Texts, to be read before anything else is taught."""

from __future__ import annotations

from collections.abc import Sequence

from core.dataset import TextRow
from core.objectives import Columns


def columns(rows: Sequence[TextRow], epoch: int, negatives: int) -> Columns:
    """Return the texts, as targets: no vector of theirs is taught.

    What it does: hides words of the texts and lets the model find them, before it is tuned. What it needs: texts, the more the
    better, and a base of the BERT kind. When to choose it: for a subject or language whose words the base hardly knows; else it costs
    time and gains little. Source: Devlin et al. 2019 (arXiv 1810.04805); before tuning, Gururangan et al. 2020 (arXiv 2004.10964).
    """
    return Columns((), (), targets=[row.text for row in rows])
