"""The README's generated tables: `python -m tests.readme` (make readme) writes them, a test holds them current."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel

from core.registry import Choice

if TYPE_CHECKING:
    from bench.objectives import Measured

README = Path(__file__).resolve().parent.parent / "README.md"


def table(header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a Markdown table."""
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in line) + " |" for line in lines)


def commands() -> str:
    """Return the table of the shell's commands."""
    import typer

    from core.cli import app

    group = typer.main.get_command(app)
    found = group.commands  # type: ignore[attr-defined]
    rows = [(name, c) for name, c in found.items()]
    rows = [
        row for name, c in rows for row in [(name, c), *((f"{name} {word}", part) for word, part in getattr(c, "commands", {}).items())]
    ]
    return table(("command", "what it does"), ((f"`{name}`", str(c.help)) for name, c in rows))


def choices() -> str:
    """Return the tables of all registries, and of the recipe's settings."""
    from core.generators import GENERATORS
    from core.loaders import LOADERS
    from core.negatives import JUDGES
    from core.recipe import Recipe
    from core.rerankers import RERANKERS

    parts = []
    for title, registry in (
        ("Files", LOADERS),
        ("Kinds of pairs", GENERATORS),
        ("Judges of hard negatives", JUDGES),
        ("Rerankers", RERANKERS),
    ):
        rows = ((f"`{name}`", choice.label, choice.help) for name, choice in registry.items())
        parts.append(f"**{title}**\n\n" + table(("name", "shown as", "what it is"), rows))
    parts.append(taught())
    rows = settings(Recipe.model_fields, "")
    parts.append(
        "<details><summary>Every setting of recipe.yaml</summary>\n\n"
        + table(("setting", "default", "what it does"), rows)
        + "\n\n</details>"
    )
    return "\n\n".join(parts)


def taught() -> str:
    """Return the table of objectives and losses: what rows each needs, and when to choose it, from their docstrings."""
    from core.losses.distillations import DISTILLATIONS
    from core.objectives import OBJECTIVES, default_loss, losses_of

    rows = []
    for kind, choice in OBJECTIVES.items():
        rows.append((f"**`{kind}`**", choice.label, *advice(choice)))
        rows += [
            (f"`{name}`{' (usual)' if name == default_loss(kind) else ''}", loss.label, *advice(loss))
            for name, loss in losses_of(kind).items()
        ]
    rows.append(
        ("**`distillation`**", "Learn from a teacher, beside the loss", "a teacher, by name or folder", "one of these, added to a loss")
    )
    rows += [(f"`{name}`", one.label, *advice(one)) for name, one in DISTILLATIONS.items()]
    return "**Objectives, each with the losses that fit it**\n\n" + table(("name", "what it does", "needs", "choose it for"), rows)


def measured() -> str:
    """Return the table of what every objective, loss and method did to all-MiniLM-L6-v2, from the checked-in bench/objectives.jsonl."""
    from bench import objectives
    from core.losses import LOSSES

    known = {found.name: found for found in objectives.read(objectives.FOUND)}
    missing, rows = [name for name in objectives.lines() if name not in known], []
    for found in (known[name] for name in objectives.lines() if name in known):
        what = f"`{found.what}`" if found.what in LOSSES else found.what
        place = (found.objective, f"{what} ({found.note})" if found.note else what)
        if found.fault:
            rows.append((*place, "", "", found.fault, ""))
            continue
        change = f"{found.after - found.before:+.3f} ({found.low:+.3f} to {found.high:+.3f})"
        rows.append((*place, f"{found.before:.3f}", f"{found.after:.3f}", change, _handed(found)))
    places = sorted({f"{found.machine}, {found.day}" for found in known.values()})
    header = ("taught", "by", "before", "after", "difference, 95 % interval", "handed out")
    rest = f"\n\nNot measured yet: {'; '.join(missing)}." if missing else ""
    return f"Measured on {'; '.join(places)}.\n\n{table(header, rows)}{rest}"


def _handed(found: Measured) -> str:
    """Return what dev would hand out: the base, the best epoch, or a blend of both with its score."""
    return {0.0: "the base", 1.0: "this"}.get(found.share, f"a blend, {found.share:g} of it: {found.handed:.3f}")


def advice(choice: Choice) -> tuple[str, str]:
    """Return what an entry needs and when to choose it, as its docstring says in its fixed form."""
    text = " ".join((choice.load().__doc__ or "").split())
    found = (
        re.search(rf"(?:{words}): (.*?)\.?(?= What it| When to| Choose it for:| Source:|$)", text)
        for words in ("Needs|What it needs", "Choose it for|When to choose it")
    )
    needs, when = (match[1] if match else "" for match in found)
    return needs, when.removeprefix("for ")


def settings(fields: Mapping[str, object], place: str) -> Iterable[tuple[str, str, str]]:
    """Yield (name, default, description) of all settings that have a description, sections first to last."""
    for name, field in fields.items():
        kind, default = field.annotation, field.get_default(call_default_factory=True)  # type: ignore[attr-defined]
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from settings(kind.model_fields, f"{place}{name}.")
        elif field.description:  # type: ignore[attr-defined]
            shown = "" if default in (None, {}) or name == "prompt" else str(list(default) if isinstance(default, tuple) else default)
            yield f"`{place}{name}`", f"`{shown}`" if shown else "", field.description  # type: ignore[attr-defined]


def shell() -> list[str]:
    """Return the commands of the README's shell section, in order."""
    block = re.search(r"<!-- shell: begin.*?```\n(.*?)```", README.read_text("utf-8"), re.S)
    assert block
    return [line for line in block[1].replace("\\\n", " ").splitlines() if line.strip() and not line.startswith("#")]


def render(text: str) -> str:
    """Return the README with its generated parts made anew."""
    for name, body in (("commands", commands()), ("choices", choices()), ("measured", measured())):
        text = re.sub(
            rf"(<!-- {name}: begin[^\n]*-->\n).*?(<!-- {name}: end -->)", lambda m, b=body: f"{m[1]}\n{b}\n\n{m[2]}", text, flags=re.S
        )
    return text


if __name__ == "__main__":
    README.write_text(render(README.read_text("utf-8")), "utf-8")
