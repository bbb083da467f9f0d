"""The statistics as one HTML file of its own: no script, nothing loaded, every text escaped."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from core.generators import GENERATORS
from core.project import Project
from core.statistics import Histogram, Statistics
from core.statistics.maps import Map

SERIES = ("#14919b", "#7b8794", "#c77800", "#5b6abf", "#a8577e", "#6d8f2f", "#3f7cac", "#b35c44")
SIGNS = ("●", "▲", "■", "◆", "✚", "★", "▼", "✖")
MOST = 40  # rows of a table
TEXTS = 50  # passages, and groups of copies, that are written out where they are asked for
SIZE = 720  # of the map, in pixels
STYLE = (Path(__file__).parent / "report.css").read_text("utf-8")


def report(project: Project, found: Statistics, drawn: Map | None = None, *, texts: bool = False) -> str:
    """Return the statistics as HTML; passages' own words are in it only with `texts`, titles and themes always."""
    parts = [
        f"<h1>{_e(project.name)}</h1>",
        _facts(found),
        _section("How long the passages are", _histogram(found.lengths, "tokens"), f"The middle one has {found.lengths.median:g} tokens."),
        _section("Themes", _themes(found), "How many passages there are of each theme, and how many of them a pair speaks for."),
        _section("Languages", _bars([(code or "not clear", count) for code, count in found.languages.items()], "language", "passages")),
    ]
    if found.pairs:
        parts += [
            _section("Kinds of pairs", _kinds(found)),
            _section("Words in a question", _histogram(found.query_words, "words"), f"The middle one has {found.query_words.median:g}."),
            _section(
                "Words that a question shares with its passage",
                _histogram(found.overlap, "share of the question's words"),
                "Questions that borrow all their words are found by keyword search as well, and teach little.",
            ),
            _section("Documents with most pairs", _bars([*found.by_document.items()], "document", "pairs")),
        ]
    if drawn:
        parts.append(_section("Map of the passages", _map(project, drawn, texts=texts), _said(drawn)))
    if texts:
        parts += _written_out(project)
    head = (
        f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{_e(project.name)}</title><style>{STYLE}</style>'
    )
    return f'<!doctype html>\n<html lang="en"><head>{head}</head><body>\n{"".join(parts)}\n</body></html>\n'


def _e(text: object) -> str:
    """Return text that a browser shows as it stands."""
    return html.escape(str(text)).replace("\0", "")


def _section(title: str, body: str, said: str = "") -> str:
    return f"<section><h2>{_e(title)}</h2>{f'<p>{_e(said)}</p>' if said else ''}{body}</section>\n"


def _facts(found: Statistics) -> str:
    facts: list[tuple[str, object]] = [
        ("Documents", f"{found.documents:,} from {found.files:,} files"),
        ("Pages", f"{found.pages:,}"),
        ("Passages", f"{found.chunks:,}"),
        ("Tokens", f"{found.tokens:,}"),
        ("Longer than the model reads", f"{found.truncated:,} (it reads {found.limit} tokens)" if found.limit else "not known"),
        ("Copies", "not looked for" if found.copies < 0 else f"{found.copies:,} passages in {found.copy_groups:,} groups"),
        ("Pairs in use", f"{found.pairs:,}, {found.people:,} of them asked by people"),
        ("Pairs not in use", f"{found.dropped:,}"),
        ("Passages that no pair speaks for", f"{found.uncovered:,} ({1 - found.coverage:.0%})"),
        ("Documents without a pair", f"{found.documents_without_pairs:,}"),
    ]
    return "<dl>" + "".join(f"<dt>{_e(name)}</dt><dd>{_e(value)}</dd>" for name, value in facts) + "</dl>\n"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; its cells are HTML already."""
    lines = [f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows]
    heads = "".join(f"<th>{_e(name)}</th>" for name in header)
    return f"<table><thead><tr>{heads}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


def _bar(share: float, series: int = 0) -> str:
    return f'<svg width="200" height="12" role="img" aria-label="{share:.0%}"><rect width="{200 * share:.1f}" height="12" fill="{SERIES[series]}"/></svg>'


def _bars(rows: Sequence[tuple[str, int]], name: str, what: str) -> str:
    top = max((count for _, count in rows), default=1)
    left = f"<p>and {len(rows) - MOST:,} more</p>" if len(rows) > MOST else ""
    return _table((name, what, ""), [(_e(label), f"{count:,}", _bar(count / top)) for label, count in rows[:MOST]]) + left


def _histogram(found: Histogram, what: str) -> str:
    steps = [(f"{i * found.step:g} to {(i + 1) * found.step:g}" if found.step != 1 else str(i)) for i in range(len(found.counts))]
    rows = [(step, count) for step, count in zip(steps, found.counts, strict=True)]
    while rows and not rows[0][1]:
        rows.pop(0)
    return _bars(rows, what, "how many")


def _themes(found: Statistics) -> str:
    rows = [
        (_e(t.name or "Unclassified"), f"{t.passages:,}", f"{t.covered:,}", _bar(t.covered / t.passages), f"{t.pairs:,}")
        for t in found.themes[:MOST]
    ]
    return _table(("theme", "passages", "spoken for", "", "pairs"), rows)


def _kinds(found: Statistics) -> str:
    label = {name: choice.label for name, choice in GENERATORS.items()}
    rows = [(_e(label.get(k.generator, k.generator)), f"{k.pairs:,}", f"{k.words:g}", f"{k.overlap:.0%}") for k in found.kinds]
    return _table(("kind", "pairs", "words in the middle question", "of them in the passage too"), rows)


def _said(drawn: Map) -> str:
    sample = f"{len(drawn.ids):,} of {drawn.passages:,} passages" if len(drawn.ids) < drawn.passages else f"All {drawn.passages:,} passages"
    axes = f" The two axes keep {drawn.kept:.0%} of the differences." if drawn.kept else ""
    return f"{sample}; what lies close together is close in meaning to {drawn.model}.{axes}"


def _map(project: Project, drawn: Map, *, texts: bool) -> str:
    """Return the map as SVG, a theme by its colour and sign; what a point is stands in its title."""
    places = {place.id: place for place in project.places(drawn.ids, 160)}
    themes = [name for name, _ in Counter(place.theme for place in places.values()).most_common(len(SERIES) - 1)]
    left, right, low, high = min(drawn.x), max(drawn.x), min(drawn.y), max(drawn.y)
    signs = []
    for key, x, y in zip(drawn.ids, drawn.x, drawn.y, strict=True):
        if place := places.get(key):
            n = themes.index(place.theme) if place.theme in themes else len(SERIES) - 1
            at = 10 + (SIZE - 20) * (x - left) / ((right - left) or 1), SIZE - 10 - (SIZE - 20) * (y - low) / ((high - low) or 1)
            title = f"{place.theme or 'Unclassified'}, {place.document}, page {place.page}" + (f"\n{place.text}" if texts else "")
            signs.append(f'<text x="{at[0]:.1f}" y="{at[1]:.1f}" fill="{SERIES[n]}">{SIGNS[n]}<title>{_e(title)}</title></text>')
    names = [*themes, "all others"] if len(themes) == len(SERIES) - 1 else themes
    legend = "".join(
        f'<li><span style="color:{SERIES[i]}">{SIGNS[i]}</span> {_e(name or "Unclassified")}</li>' for i, name in enumerate(names)
    )
    return (
        f'<ul>{legend}</ul><svg class="map" viewBox="0 0 {SIZE} {SIZE}" role="img" aria-label="Map of the passages">{"".join(signs)}</svg>'
    )


def _written_out(project: Project) -> list[str]:
    titles = {document.id: document.title for document in project.documents()}
    alone = [(_e(titles.get(c.document_id, "")), str(c.page), _e(c.text)) for c in project.uncovered(TEXTS)]
    parts = (
        [_section(f"Passages that no pair speaks for (the first {TEXTS})", _table(("document", "page", "passage"), alone))] if alone else []
    )
    for group in project.alike_page(TEXTS):
        rows = [(_e(titles.get(c.document_id, "")), str(c.page), _e(c.text)) for c in group[:5]]
        parts.append(_section(f"{len(group)} passages that say nearly the same", _table(("document", "page", "passage"), rows)))
    return parts
