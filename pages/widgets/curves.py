"""Curves of several runs in one chart, told apart by colour, sign and dash."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pages.widgets.charts import SERIES, draw, plain

MARKS = ("circle", "diamond", "square", "triangle-up", "cross", "star", "triangle-down", "x")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot")
MANY, SIGNS_SHOWN = 30, 12  # points, from which a curve has so many signs only


def overlaid(curves: Mapping[str, Sequence[tuple[float, float]]], *, x: str, y: str, key: str) -> None:
    """Draw one curve a run under its name; those without a point are left out."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for i, (name, points) in enumerate(curves.items()):
        if points:
            figure.add_scatter(
                x=[p[0] for p in points],
                y=[p[1] for p in points],
                name=plain(name, 30),
                mode="lines+markers",
                line={"color": SERIES[i % len(SERIES)], "dash": DASHES[i % len(DASHES)], "width": 2},
                marker={"symbol": MARKS[i % len(MARKS)], "size": 8, "maxdisplayed": SIGNS_SHOWN if len(points) > MANY else 0},
                hovertemplate=f"{x} %{{x:g}}: %{{y:.3f}}",
            )
    figure.update_layout(showlegend=True)
    figure.update_xaxes(title=x)
    figure.update_yaxes(title=y)
    last = "; ".join(f"{name} ends at {points[-1][1]:.3f}" for name, points in curves.items() if points)
    draw(figure, f"{y} of {len(curves)} runs: {last}.", key, height=320)
