"""Charts of counts: bars, histograms, and a map of points."""

from __future__ import annotations

from collections.abc import Sequence

from core.project.counts import Place
from core.statistics import Histogram, Theme
from core.statistics.maps import Map
from pages.widgets.charts import BASE, SERIES, TUNED, draw, pattern, plain

MARKS = ("circle", "diamond", "square", "triangle-up", "cross", "star", "triangle-down", "x")
SHOWN = 20  # bars


def histogram(found: Histogram, *, x: str, y: str, key: str, alt: str) -> None:
    """Draw how often values fall into each step, with the middle one marked."""
    import plotly.graph_objects as go

    at = [found.step * (i + (0 if found.step == 1 else 0.5)) for i in range(len(found.counts))]
    figure = go.Figure(
        go.Bar(x=at, y=list(found.counts), width=found.step * 0.94, marker_color=TUNED, hovertemplate=f"%{{y}} {y.lower()}<extra></extra>")
    )
    figure.add_vline(x=found.median, line={"color": BASE, "dash": "dash", "width": 2})
    figure.add_annotation(x=found.median, y=1, yref="paper", yanchor="bottom", showarrow=False, text=f"the middle: {found.median:g}")
    figure.update_xaxes(title=x)
    figure.update_yaxes(title=y)
    draw(figure, alt, key, height=260)


def bars(rows: Sequence[tuple[str, int]], *, x: str, key: str, alt: str) -> None:
    """Draw one bar a name, the longest on top."""
    import plotly.graph_objects as go

    shown = rows[:SHOWN][::-1]
    names = [plain(name, 44) for name, _ in shown]
    figure = go.Figure(
        go.Bar(
            x=[count for _, count in shown],
            y=list(range(len(shown))),
            orientation="h",
            marker_color=TUNED,
            text=[f"{count:,}" for _, count in shown],
            textposition="auto",
            textangle=0,
            hovertemplate=f"%{{x}} {x.lower()}<extra></extra>",
        )
    )
    figure.update_yaxes(tickvals=list(range(len(shown))), ticktext=names, automargin=True)
    figure.update_xaxes(title=x)
    draw(figure, alt, key, height=90 + 26 * len(shown))


def coverage(themes: Sequence[Theme]) -> None:
    """Draw each theme's passages, divided into those that a pair speaks for and those that none does."""
    import plotly.graph_objects as go

    shown = themes[:SHOWN][::-1]
    figure = go.Figure()
    for i, (name, counts) in enumerate(
        (("with a pair", [t.covered for t in shown]), ("without a pair", [t.passages - t.covered for t in shown]))
    ):
        figure.add_bar(
            x=counts,
            y=list(range(len(shown))),
            name=name,
            orientation="h",
            marker={"color": SERIES[i], "pattern": pattern(i)},
            hovertemplate=f"%{{x}} passages {name}<extra></extra>",
        )
    figure.update_layout(barmode="stack", legend_traceorder="normal")
    names = [plain(theme.name or "Unclassified", 44) for theme in shown]
    figure.update_yaxes(tickvals=list(range(len(shown))), ticktext=names, automargin=True)
    figure.update_xaxes(title="Passages")
    covered, all_ = sum(t.covered for t in themes), sum(t.passages for t in themes)
    draw(figure, f"{covered} of {all_} passages have a pair, by theme.", "coverage", height=110 + 26 * len(shown))


def points(drawn: Map, places: Sequence[Place], groups: Sequence[str]) -> None:
    """Draw the map, each point in the colour and sign of its group (the most frequent ones; all others share one)."""
    import plotly.graph_objects as go

    at = {key: (x, y) for key, x, y in zip(drawn.ids, drawn.x, drawn.y, strict=True)}
    ranked = sorted(dict.fromkeys(groups), key=lambda group: (-groups.count(group), group))
    named = ranked if len(ranked) <= len(MARKS) else ranked[: len(MARKS) - 1]
    figure = go.Figure()
    for i, name in enumerate([*named, None] if len(ranked) > len(named) else named):
        mine = [p for p, group in zip(places, groups, strict=True) if group == name or (name is None and group not in named)]
        figure.add_scattergl(
            x=[at[p.id][0] for p in mine],
            y=[at[p.id][1] for p in mine],
            mode="markers",
            name=plain(name or "Unclassified", 30) if name is not None else "all others",
            marker={"color": SERIES[i], "symbol": MARKS[i], "size": 6, "opacity": 0.7},
            text=[f"{plain(p.theme or 'Unclassified')}<br>{plain(p.document)}, page {p.page}<br><i>{_lines(p.text)}</i>" for p in mine],
            hovertemplate="%{text}<extra></extra>",
        )
    figure.update_xaxes(showticklabels=False, zeroline=False, showgrid=False)
    figure.update_yaxes(showticklabels=False, zeroline=False, showgrid=False)
    draw(figure, f"Map of {len(places)} passages in {len(ranked)} groups.", "map", height=620)


def _lines(text: str, width: int = 60) -> str:
    """Return the beginning of a text in lines that fit a hover box, as plotly shows it unchanged."""
    import textwrap

    return "<br>".join(plain(line, width) for line in textwrap.wrap(" ".join(text.split()), width))
