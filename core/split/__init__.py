"""The split: questions are divided, never the index. Which passages are held out, and which questions judge."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from core import text
from core.dataset import Dataset
from core.errors import UserError
from core.generators import WHOLE_PASSAGES
from core.project import PairFilter, Project
from core.recipe import Recipe, SplitSettings
from core.schema import Chunk, DoubtState, Pair, PairState, Part, Passage, Question, TestQuestion, TestSet, TrainPair
from core.split import leaks
from core.split.alike import near_duplicates
from core.split.cells import narrowed
from core.split.holdout import assign, by_blocks, hold_out
from core.split.learned import learned_from
from core.split.rights import Rights
from core.split.rows import Corpus, merged, overlap

__all__ = ["SplitReport", "dataset", "learned_from", "pair_parts", "questions", "right_ones", "split", "trained_on"]

CHOSEN_BY_PEOPLE = 15  # with so many of people's questions in dev, generated ones do not choose the checkpoint


@dataclass(frozen=True)
class SplitReport:
    """Say what is trained on, chosen by and judged by.

    The three mappings count by part; `waiting` counts kept questions on test passages that came after the test set
    was frozen; `by_blocks` says whether long documents were cut into blocks.
    """

    test_set: TestSet
    passages: Mapping[Part, int]
    pairs: Mapping[Part, int]
    people: Mapping[Part, int]
    by_blocks: bool
    waiting: int


def split(project: Project, settings: SplitSettings, *, renew: bool = False, reason: str = "") -> SplitReport:
    """Hold out dev and test the first time (or again with `renew`), and write each pair's part down.

    Once frozen, the test set stays: later documents and pairs go to training, unless they lie in held-out passages, where
    they are used by nothing. Raises `UserError` when there are too few pairs to divide.
    """
    chunks = project.chunks()
    pairs = right_ones(project)
    frozen = project.test_set()
    groups = near_duplicates(project, chunks, settings.near_duplicate)
    if frozen is None or renew:
        regions = hold_out(chunks, pairs, groups, settings)
        parts = pair_parts(pairs, assign(chunks, regions, groups), chunks)
        questions = [_freeze(pair) for pair in pairs if parts[pair.id] is Part.TEST]
        if not questions:
            raise UserError(
                "There are too few questions to keep some for judging.",
                "Make more pairs, or add questions of your own, then try again.",
            )
        frozen = project.freeze(regions, questions, reason or ("Renewed" if frozen else "First split"))
    placed = assign(chunks, project.regions(), groups)
    in_test = {question.pair_id for question in frozen.questions}
    parts = pair_parts(pairs, placed, chunks)
    late = [pair_id for pair_id, part in parts.items() if part is Part.TEST and pair_id not in in_test]
    parts.update(dict.fromkeys(late, Part.GAP))
    project.set_parts(parts)
    return SplitReport(
        test_set=frozen,
        passages=Counter(placed.values()),
        pairs=Counter(parts.values()),
        people=Counter(parts[pair.id] for pair in pairs if pair.people),
        by_blocks=by_blocks(chunks),
        waiting=len(late),
    )


def dataset(project: Project, recipe: Recipe) -> Dataset:
    """Split if need be, and return all that a run is trained on and judged by.

    Raises `UserError` when nothing is left to train on or to choose by.
    """
    split(project, recipe.split)
    chunks = project.chunks()
    groups = near_duplicates(project, chunks, recipe.split.near_duplicate)
    placed = assign(chunks, project.regions(), groups)
    documents = {d.id: d for d in project.documents()}
    titles = {key: document.title for key, document in documents.items()}
    themes = project.theme_names()
    passages = tuple(Passage(c.id, c.text, titles.get(c.document_id, ""), c.page, themes.get(c.theme_id, "")) for c in chunks)
    pairs = right_ones(project)
    train_pairs = learned_from(trained_on(pairs), recipe.train.generators)
    dev_pairs = [p for p in pairs if p.part is Part.DEV]
    by_people = [p for p in dev_pairs if p.people]
    dev_pairs = by_people if len(by_people) >= CHOSEN_BY_PEOPLE else dev_pairs

    corpus = Corpus(chunks, groups)
    rights = Rights(groups, pairs, project.doubts(DoubtState.OPEN, DoubtState.IGNORED))
    dev = merged(q for q in (corpus.question(_freeze(p), p, placed, rights) for p in dev_pairs) if q)
    test, excluded = _test_questions(project, corpus, placed, rights)
    judging = {text.normalise(question.query) for question in test}
    dev = tuple(question for question in dev if text.normalise(question.query) not in judging)  # one question, asked of two passages
    held_out = {text.normalise(question.query) for question in (*dev, *test)}
    learned = [pair for pair in train_pairs if text.normalise(pair.query) not in held_out]
    hard = recipe.train.hard_negatives > 0
    rows = [(pair, corpus.train_rows(pair, placed, rights, negatives=hard)) for pair in learned]
    train = _once(row for pair, own in rows for row in narrowed(own, pair, corpus.by_id, documents))
    made = _without_leaks(Dataset(passages, train, dev, test, (project.test_set() or _no_test_set()).digest, excluded), recipe.split)
    if len(made.train) < 2 or not dev:
        raise UserError(
            f"There are {len(made.train)} pairs to train on and {len(dev)} to choose the best model by: too few.",
            "Make more pairs on the Pairs page; a few hundred are a good start.",
        )
    return made


def trained_on(pairs: Iterable[Pair]) -> list[Pair]:
    """Return those of the kept pairs that training may use."""
    return [pair for pair in pairs if pair.part is Part.TRAIN and not pair.judge_only]


def right_ones(project: Project) -> list[Pair]:
    """Return the kept pairs whose passages are right answers: what is partly right, or wrong, neither teaches nor judges a search."""
    return [pair for pair in project.pairs(PairFilter(state=PairState.KEPT)) if pair.score == 1]


def _once(rows: Iterable[TrainPair]) -> tuple[TrainPair, ...]:
    """Return the rows without what copies of a passage were asked again."""
    first: dict[tuple[str, str], TrainPair] = {}
    for row in rows:
        first.setdefault((text.normalise(row.query), row.passage_id), row)
    return tuple(first.values())


def _without_leaks(data: Dataset, settings: SplitSettings) -> Dataset:
    """Leave out training rows that the leak report still finds (a text without its query can come closer to another)."""
    report = leaks.find(data, settings.near_duplicate)
    shared = {leak.ids[0] for leak in report.leaks if leak.parts[0] == "train"}
    if not shared:
        return replace(data, leaks=report.sentence)
    kept = tuple(leaks.without_negatives(row, shared) for row in data.train if row.pair_id not in shared and row.passage_id not in shared)
    again = leaks.find(replace(data, train=kept), settings.near_duplicate)
    left_out = f"{len(data.train) - len(kept)} training rows were left out for being too like a question or passage that judges."
    return replace(data, train=kept, leaks=f"{again.sentence} {left_out}")


def _test_questions(project: Project, corpus: Corpus, placed: Mapping[str, Part], rights: Rights) -> tuple[tuple[Question, ...], int]:
    """Return the frozen questions with the passages that hold their answers today, and how many have none any more."""
    current = {pair.id: pair for pair in project.pairs()}
    frozen = (project.test_set() or _no_test_set()).questions
    found = [corpus.question(q, current.get(q.pair_id), placed, rights) for q in frozen]
    return merged(q for q in found if q), sum(q is None for q in found)


def _no_test_set() -> TestSet:
    raise UserError("There is no test set yet.", "Make pairs first.")


def pair_parts(pairs: Sequence[Pair], placed: Mapping[str, Part], chunks: Sequence[Chunk] = ()) -> dict[str, Part]:
    """Return each pair's part: its passages' where they agree, gap otherwise; judge-only questions are test or gap.

    Where the query is a passage itself, that one counts too (found among `chunks` by its span): a passage that judges, or one that
    shares text with it, is trained on neither as an answer nor as a question.
    """
    asking = _asking(pairs, chunks)
    parts = {}
    for pair in pairs:
        found = {placed.get(chunk, Part.GAP) for chunk in (*pair.positives, *asking.get(pair.id, ()))} or {Part.GAP}
        part = found.pop() if len(found) == 1 else Part.GAP
        parts[pair.id] = Part.GAP if pair.judge_only and part is not Part.TEST else part
    return parts


def _asking(pairs: Sequence[Pair], chunks: Sequence[Chunk]) -> dict[str, list[str]]:
    """Return the chunks that lie mostly in the query, for each pair whose query is a passage."""
    asked = [pair for pair in pairs if pair.generator in WHOLE_PASSAGES and pair.query_start >= 0]
    documents = {pair.document_id for pair in asked}
    own: dict[str, list[Chunk]] = defaultdict(list)
    for chunk in chunks:
        if chunk.document_id in documents:
            own[chunk.document_id].append(chunk)
    return {p.id: [c.id for c in own[p.document_id] if overlap(c, p.query_start, p.query_end) * 2 > c.end - c.start] for p in asked}


def questions(chunks: Sequence[Chunk], groups: Iterable[Sequence[str]], pairs: Iterable[Pair]) -> list[Question]:
    """Return pairs as they are searched for: each with its own right passages, and the texts without the query's own words.

    `groups` are near-duplicates, as `near_duplicates` finds them. Pairs without a passage are left out. What other pairs with the
    same words name as right does not count: whether a question leads to its own passage is what is asked.
    """
    corpus, alone = Corpus(chunks, groups), Rights(groups, ())
    return [question for pair in pairs if (question := corpus.question(_freeze(pair), pair, {}, alone))]


def _freeze(pair: Pair) -> TestQuestion:
    return TestQuestion(
        pair.id, pair.query, pair.document_id, pair.start, pair.end, pair.generator, pair.people, pair.query_start, pair.query_end
    )
