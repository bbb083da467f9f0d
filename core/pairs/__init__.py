"""Make pairs with the chosen generators, and take in what people add, edit, keep and drop; all is saved as it comes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from core import generators
from core.digest import short
from core.errors import UserError
from core.generators import GENERATORS, Material, mix, timeline
from core.generators.material import gather
from core.machine import user
from core.pairs.attach import reattach
from core.pairs.sieve import EXACT, NEAR, SEVERAL, Sieve, evenly
from core.project import PairFilter, Project, Recut
from core.recipe import PairSettings
from core.schema import Chunk, Pair, PairState, Progress, Region, silent

__all__ = ["PairReport", "add_by_hand", "edit", "judge", "make", "reattach"]

BATCH = 100  # pairs in one commit
PAID_BATCH = 10  # the same where each cost a call (its raw answer is committed before)
ASKING = 30.0  # times the share of the progress bar that another generator has
LONGEST = 2000  # characters of a query


@dataclass(frozen=True)
class PairReport:
    """Count what the project has of the kinds that were asked for, and how many came with this call (`added`).

    `made` is kept and dropped together; `by_generator` counts kept pairs; `said` is what else there is to know.
    """

    made: int
    kept: int
    exact_duplicates: int
    near_duplicates: int
    by_generator: Mapping[str, int] = field(default_factory=dict)
    several_passages: int = 0
    added: int = 0
    said: str = ""


def make(
    project: Project, settings: PairSettings, *, key: str = "", progress: Progress = silent, stop: Callable[[], bool] = lambda: False
) -> PairReport:
    """Make pairs with every chosen generator, one after the other; questions that came with the documents are always taken.

    Pairs are committed in batches and known ones left alone, so that a run that was stopped or killed goes on where it
    was, and what people edited or dropped stays. Raises `UserError` without passages, or where an endpoint cannot be used.
    """
    material = gather(project)
    if not material.chunks:
        raise UserError("There are no passages to make pairs from.", "Add documents on the Documents page first.")
    names = _chosen(material, settings)
    sieve = Sieve(material.chunks, project.pairs(), settings.near_duplicate)
    added = 0
    try:
        for name in names:
            if stop():
                break
            part = _part(progress, names, name)
            if generators.by_model([name]):
                added += _ask(project, material, settings, name, key, sieve, part, stop)
            elif generators.WRITER in GENERATORS[name].needs:
                known = {chunk for pair in project.pairs(PairFilter(generator=name)) for chunk in pair.positives}
                for batch in GENERATORS[name].load()(material, settings, known, part, stop):
                    added += _commit(project, sieve, [pair for pair in batch if pair.id not in sieve.ids])
            else:
                added += _generate(project, material, settings, name, sieve, part, stop)
    finally:
        _mend(project, material)
        drop, back = sieve.ambiguous(project.pairs())
        project.update_pairs(drop, state=PairState.DROPPED, reason=SEVERAL)
        project.update_pairs(back, state=PairState.KEPT, reason="")
    said = timeline.told(settings.timeline, timeline.categories(names)) if "timeline" in names else ""
    report = replace(_report(project, names, added), said=said)
    if not stop():
        progress(1.0, f"{report.kept} pairs")
    return report


def add_by_hand(project: Project, query: str, chunk_id: str, *, judge_only: bool = False, who: str = "") -> Pair:
    """Add a person's question for a passage: "typed" to learn from, or with `judge_only` "marked", to judge by alone.

    The same question for the same passage is kept, where it was dropped. Raises `UserError` for an empty question or a
    passage that is gone.
    """
    clean = _clean(query)
    chunk = project.chunk(chunk_id)
    if chunk is None:
        raise UserError("This passage is no longer there.", "Search for it again.")
    generator = "marked" if judge_only else "typed"
    pair = Pair(
        short(generator, clean, chunk.document_id, chunk.start, chunk.end),
        clean,
        chunk.document_id,
        chunk.start,
        chunk.end,
        (chunk.id,),
        generator,
        people=True,
        judge_only=judge_only,
        made=time.time(),
        who=who or user(),
    )
    if not project.add_pairs([pair]):
        judge(project, [pair.id], PairState.KEPT, who=who)
    return project.pair(pair.id) or pair


def edit(project: Project, pair_id: str, query: str, *, who: str = "") -> None:
    """Give a pair other words; its id and passage stay. Raises `UserError` for no words or a pair that is gone.

    `who` did it is kept with it: the system's user where nobody is named.
    """
    clean = _clean(query)
    pair = project.pair(pair_id)
    if pair is None:
        raise UserError("This pair is no longer there.", "Load the page again.")
    if clean != pair.query:
        project.reword(pair, clean, who or user())


def judge(project: Project, which: PairFilter | Iterable[str], state: PairState, *, who: str = "") -> int:
    """Keep or drop pairs by hand, named by ids or all that fit a filter, as one step; return how many changed.

    No rerun changes what was decided; `Project.undo` does. Pairs whose passage is gone stay dropped; raises `UserError` when
    there is nothing else among those that were named to be kept.
    """
    chosen = which if isinstance(which, PairFilter) else list(which)
    changed = project.decide(chosen, state, who or user())
    if not changed and state is PairState.KEPT and not isinstance(chosen, PairFilter):
        left = [pair for pair in map(project.pair, chosen) if pair and pair.state is not PairState.KEPT]
        if left:
            raise UserError("The passage of this pair is gone, so it cannot be kept.", "Add the document again, or cut it as before.")
    return changed


def _chosen(material: Material, settings: PairSettings) -> list[str]:
    """Return the generators to run in the table's order; an unknown name raises `UserError`."""
    wanted = {name for name in settings.generators if GENERATORS[name]} - {"columns"}
    if any(document.questions for document in material.documents.values()):
        wanted.add("columns")
    if any(document.anchors for document in material.documents.values()):
        wanted.add("table")
    return sorted(wanted, key=lambda name: (name != "columns", list(GENERATORS).index(name)))


def _mend(project: Project, material: Material) -> None:
    """Attach the pairs whose chunks were cut anew while they were made."""
    made_of = {chunk.id for chunk in material.chunks}

    def change(chunks: list[Chunk], pairs: list[Pair], regions: list[Region]) -> Recut | None:
        there = {chunk.id for chunk in chunks}
        loose = [pair for pair in pairs if any(c in made_of and c not in there for c in pair.positives)]
        return Recut(chunks, reattach(loose, material.chunks, chunks), regions) if loose else None

    if made_of != {chunk.id for chunk in project.chunks()}:
        project.recut(change)


def _part(progress: Progress, names: Sequence[str], name: str) -> Progress:
    """Return a callback whose 0 to 1 is a generator's part of the whole; those that ask a language model take nearly all the time."""
    asking = generators.by_model(names)
    weights = [ASKING if other in asking else 1.0 for other in names]
    before, own, whole = sum(weights[: names.index(name)]), weights[names.index(name)], sum(weights)
    return lambda fraction, text: progress((before + own * fraction) / whole, text)


def _generate(
    project: Project, material: Material, settings: PairSettings, name: str, sieve: Sieve, progress: Progress, stop: Callable[[], bool]
) -> int:
    label = GENERATORS[name].label
    progress(0.0, label)
    rate = mix.rates(settings.shares, settings.generators).get(name, 1.0)
    made = mix.drawn(GENERATORS[name].load()(material, settings), rate, settings.seed)
    fresh = sieve.fresh(made if name == "columns" else evenly(made, settings.limit), settings.per_chunk)
    added = 0
    for start in range(0, len(fresh), BATCH):
        if stop():
            break
        added += _commit(project, sieve, fresh[start : start + BATCH])
        progress((start + BATCH) / max(len(fresh), start + BATCH), f"{label}: {added} pairs")
    return added


def _ask(
    project: Project,
    material: Material,
    settings: PairSettings,
    name: str,
    key: str,
    sieve: Sieve,
    progress: Progress,
    stop: Callable[[], bool],
) -> int:
    added = 0
    for batch in _batches(GENERATORS[name].load()(project, material, settings, key, progress, stop)):
        added += _commit(project, sieve, [pair for pair in batch if pair.id not in sieve.ids])
    return added


def _batches(pairs: Iterator[Pair]) -> Iterator[list[Pair]]:
    """Yield small lists as pairs come, and what is left even when the source ends with an error, which is then raised."""
    batch: list[Pair] = []
    try:
        for pair in pairs:
            batch.append(pair)
            if len(batch) >= PAID_BATCH:
                yield batch
                batch = []
    except UserError:
        yield batch
        raise
    yield batch


def _commit(project: Project, sieve: Sieve, pairs: Sequence[Pair]) -> int:
    now = time.time()
    return project.add_pairs([replace(sieve.judge(pair), made=pair.made or now) for pair in pairs])


def _report(project: Project, names: Sequence[str], added: int) -> PairReport:
    table = [row for row in project.pair_table() if row[0] in names]

    def total(reason: str) -> int:
        return sum(number for _, state, why, number in table if state == PairState.DROPPED and why == reason)

    kept = {name: sum(n for generator, state, _, n in table if generator == name and state == PairState.KEPT) for name in names}
    return PairReport(
        made=sum(row[3] for row in table),
        kept=sum(kept.values()),
        exact_duplicates=total(EXACT),
        near_duplicates=total(NEAR),
        by_generator=kept,
        several_passages=total(SEVERAL),
        added=added,
    )


def _clean(query: str) -> str:
    clean = " ".join("".join(sign if sign.isprintable() else " " for sign in query).split())
    if not clean:
        raise UserError("The question is empty.", "Type one and try again.")
    if len(clean) > LONGEST:
        raise UserError(f"The question has {len(clean)} characters; {LONGEST} is the most.", "Make it shorter.")
    return clean
