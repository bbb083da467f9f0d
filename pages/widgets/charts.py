"""The app's charts. Base, tuned and keyword search have one colour each and one sign each, wherever they are drawn."""

from __future__ import annotations

import html
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.schema import SystemScores, Verdict

if TYPE_CHECKING:
    import plotly.graph_objects as go

BASE, TUNED, KEYWORD, OTHER = "#7b8794", "#14919b", "#c77800", "#5b6abf"
SIGNS = {BASE: "circle", TUNED: "diamond", KEYWORD: "square", OTHER: "triangle-up"}
SERIES = (TUNED, BASE, KEYWORD, OTHER, "#a8577e", "#6d8f2f", "#3f7cac", "#b35c44")
PATTERNS = ("", "/", ".", "x", "\\", "-", "+", "|")
BARS = 25  # themes that the chart of themes shows
MOST = 8  # files with a colour of their own in the chart of themes


def plain(text: str, limit: int = 60) -> str:
    """Return text that plotly, which reads a little HTML, shows as it stands."""
    flat = " ".join(text.split())
    return html.escape(flat if len(flat) <= limit else flat[: limit - 1] + "…", quote=False)


def draw(figure: go.Figure, alt: str, key: str, height: int = 320) -> None:
    """Draw a figure with our margins and legend; `alt` says in words what it shows."""
    figure.update_layout(
        height=height,
        margin={"l": 8, "r": 8, "t": 28, "b": 8},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        hoverlabel={"align": "left"},
    )
    st.plotly_chart(figure, width="stretch", key=key, alt=alt, config={"displayModeBar": False})


def tokens(counts: Sequence[int], limit: int) -> None:
    """Draw how long the passages are, in the base model's tokens, with the length that it reads."""
    import plotly.graph_objects as go

    top = max([*counts, limit])
    figure = go.Figure(go.Histogram(x=list(counts), xbins={"start": 0, "end": top + 1, "size": max(1, top // 32)}, marker_color=TUNED))
    figure.add_vline(x=limit, line={"color": KEYWORD, "dash": "dash", "width": 2})
    figure.add_annotation(
        x=limit, y=1, yref="paper", yanchor="bottom", showarrow=False, text=f"the model reads {limit}", font={"color": KEYWORD}
    )
    figure.update_xaxes(title="Tokens in a passage", range=[0, top * 1.06])
    figure.update_yaxes(title="Passages")
    over = sum(count > limit for count in counts)
    draw(figure, f"Histogram of tokens in {len(counts)} passages; {over} are longer than the {limit} that the model reads.", "tokens")


def themes(table: Sequence[tuple[str, str, int]]) -> None:
    """Draw passages by theme, each bar divided by file."""
    import plotly.graph_objects as go

    by_theme: Counter[str] = Counter()
    by_file: Counter[str] = Counter()
    for theme, file, count in table:
        by_theme[theme] += count
        by_file[file] += count
    shown = [theme for theme, _ in by_theme.most_common(BARS)][::-1]
    named = [file for file, _ in by_file.most_common(MOST)]
    figure = go.Figure()
    for i, file in enumerate([*named, *(["other files"] if len(by_file) > MOST else [])]):
        counts = Counter(
            dict.fromkeys(shown, 0)  # a bar for each theme, so that all files share their order
        )
        for theme, name, count in table:
            if theme in counts and (name == file or (i == MOST and name not in named)):
                counts[theme] += count
        figure.add_bar(
            x=[counts[theme] for theme in shown],
            y=[plain(theme, 44) for theme in shown],
            name=plain(file, 30),
            orientation="h",
            marker={"color": SERIES[i % len(SERIES)], "pattern": pattern(i)},
            hovertemplate="%{x} passages<extra></extra>",
        )
    figure.update_layout(barmode="stack")
    figure.update_yaxes(type="category", automargin=True)
    figure.update_xaxes(title="Passages")
    draw(figure, f"Passages in {len(by_theme)} themes, by file.", "themes", height=110 + 24 * len(shown))


def pattern(i: int) -> dict[str, Any]:
    """Return how the i-th series is hatched, so that it can be told from the others without colour."""
    return {"shape": PATTERNS[i % len(PATTERNS)], "bgcolor": SERIES[i % len(SERIES)], "fgcolor": "white", "fgopacity": 0.6, "size": 6}


def line(
    points: Sequence[tuple[float, float]],
    *,
    x: str,
    y: str,
    alt: str,
    key: str,
    colour: str = TUNED,
    level: tuple[float, str] | None = None,
    until: float | None = None,
    small: bool = False,
) -> None:
    """Draw one curve over training, a level to compare it with, and room for what is still to come.

    The axis of `small` numbers, such as learning rates, is as narrow as they are.
    """
    import plotly.graph_objects as go

    figure = go.Figure(
        go.Scatter(
            x=[p[0] for p in points],
            y=[p[1] for p in points],
            mode="lines+markers" if len(points) < 40 else "lines",
            line={"color": colour, "width": 2},
            marker={"symbol": SIGNS.get(colour, "circle"), "size": 8},
            showlegend=False,
            hovertemplate=f"{x} %{{x:g}}: %{{y:{'.3g' if small else '.3f'}}}<extra></extra>",
        )
    )
    values = [p[1] for p in points]
    if level:
        figure.add_hline(
            y=level[0],
            line={"color": BASE, "dash": "dash"},
            annotation_text=level[1],
            annotation_position="bottom right",
            annotation_font_color=BASE,
        )
        values.append(level[0])
    low, high = min(values), max(values)
    room = max(0.15 * (high - low), 0.15 * abs(high) if small else 0.01)
    figure.update_xaxes(title=x, range=[-0.02 * until, 1.02 * until] if until else None)
    figure.update_yaxes(title=y, range=[low - room, high + room])
    draw(figure, alt, key, height=260)


def systems(scores: Sequence[SystemScores], metric: str) -> None:
    """Draw every way to search with its score and interval, best on top."""
    import plotly.graph_objects as go

    ranked = sorted((s for s in scores if metric in s.metrics), key=lambda s: s.metrics[metric].mean)
    figure = go.Figure()
    for s in ranked:
        value, (colour, sign) = s.metrics[metric], look(s.system)
        figure.add_scatter(
            x=[value.mean],
            y=[plain(s.label)],
            error_x={"type": "data", "symmetric": False, "array": [value.high - value.mean], "arrayminus": [value.mean - value.low]},
            mode="markers+text",
            text=[f"{value.mean:.3f}"],
            textposition="top center",
            marker={"color": colour, "symbol": sign, "size": 12, "line": {"width": 2}},
            showlegend=False,
            hovertemplate=f"{value.mean:.3f}, between {value.low:.3f} and {value.high:.3f}<extra></extra>",
        )
    figure.update_yaxes(type="category", automargin=True)
    figure.update_xaxes(title=metric)
    best = ranked[-1].label if ranked else "none"
    draw(figure, f"{metric} of {len(ranked)} ways to search with intervals; highest is {best}.", "systems", height=90 + 46 * len(ranked))


def look(system: str) -> tuple[str, str]:
    """Return the colour and sign of a way to search; with something added to base or tuned, the sign is hollow."""
    for word, colour in (("tuned", TUNED), ("base", BASE), ("bm25", KEYWORD)):
        if word in system:
            return colour, SIGNS[colour] if system == word else f"{SIGNS[colour]}-open"
    return OTHER, SIGNS[OTHER]


def verdict(found: Verdict) -> None:
    """Draw the difference with its interval, on a line with nothing-changed in the middle."""
    import plotly.graph_objects as go

    d = found.difference
    reach = max(abs(d.low), abs(d.high), 0.02) * 1.25
    colour = TUNED if d.low > 0 else KEYWORD if d.high < 0 else BASE
    figure = go.Figure()
    figure.add_vrect(x0=0, x1=reach, fillcolor=TUNED, opacity=0.10, line_width=0)
    figure.add_vline(x=0, line={"color": BASE, "width": 2})
    figure.add_scatter(x=[d.low, d.high], y=[0, 0], mode="lines", line={"color": colour, "width": 8}, showlegend=False, hoverinfo="skip")
    figure.add_scatter(
        x=[d.mean],
        y=[0],
        mode="markers+text",
        text=[f"{d.mean:+.3f}"],
        textposition="top center",
        marker={"color": colour, "size": 16, "symbol": "diamond", "line": {"color": "white", "width": 2}},
        showlegend=False,
        hovertemplate=f"{d.mean:+.3f}, between {d.low:+.3f} and {d.high:+.3f}<extra></extra>",
    )
    for x, words in ((-reach * 0.98, "← base finds more"), (reach * 0.98, "tuned finds more →")):
        figure.add_annotation(x=x, y=-0.8, text=words, showarrow=False, xanchor="left" if x < 0 else "right")
    figure.update_xaxes(range=[-reach, reach], title=f"Difference in {found.metric}", zeroline=False)
    figure.update_yaxes(visible=False, range=[-1, 1])
    draw(figure, f"The difference is {d.mean:+.3f}, with an interval from {d.low:+.3f} to {d.high:+.3f}.", "verdict", height=190)


def reasons(table: Sequence[tuple[str, int, int]]) -> None:
    """Draw how many pairs each reason keeps out, now and by the limits in view; the last row is on top."""
    import plotly.graph_objects as go

    names = [plain(reason.capitalize()) for reason, _, _ in table]
    figure = go.Figure()
    for i, (name, colour, column) in enumerate((("By the limits in view", TUNED, 2), ("Now", BASE, 1))):
        figure.add_bar(
            x=[row[column] for row in table],
            y=names,
            name=name,
            orientation="h",
            marker={"color": colour, "pattern": {**pattern(i), "bgcolor": colour}},
            hovertemplate=f"%{{x:,}} pairs, {name.lower()}<extra></extra>",
        )
    figure.update_layout(barmode="group", legend={"traceorder": "reversed"})
    figure.update_yaxes(type="category", automargin=True)
    figure.update_xaxes(title="Pairs")
    alt = f"Pairs that are not used, by reason: {', '.join(f'{reason} {now}' for reason, now, _ in reversed(table))}."
    draw(figure, alt, "reasons", height=110 + 34 * len(table))
