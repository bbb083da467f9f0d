"""The records that pass between stages; the tables of a project have the same words as columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

Progress = Callable[[float, str], None]
"""A stage's only callback: the fraction done, 0 to 1, and a short text for the person who watches."""


def silent(fraction: float, text: str) -> None:
    """Ignore progress: the default of every stage."""


# --- documents ---------------------------------------------------------------------------------------------------


class FileState(StrEnum):
    """Name how reading a file ended; each file has exactly one."""

    WAITING = "waiting"
    READ = "read"
    NO_TEXT = "no text"
    PASSWORD = "password needed"
    DAMAGED = "damaged"
    TOO_HEAVY = "too heavy"
    EMPTY = "empty"
    NOT_TEXT = "not a text or table"


@dataclass(frozen=True)
class TableReading:
    """Say how the bytes of a table were read; every part can be corrected by the person.

    `columns` maps a column's name to its role, one of loaders.table.ROLES; a column without a role is a free field.
    """

    encoding: str = ""
    delimiter: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class File:
    """An uploaded file: its bytes lie in blobs/ under `sha256`, its `name` is only ever shown.

    The id lasts when the file is replaced by another version of the same name; `sha256` is its revision.
    """

    id: str
    name: str
    sha256: str
    size: int
    kind: str = ""  # "pdf", "table" or "text"
    state: FileState = FileState.WAITING
    detail: str = ""  # plain words: what was found, and the next step
    pages: int = 0
    documents: int = 0
    characters: int = 0
    reading: TableReading = TableReading()
    preview: tuple[Mapping[str, str], ...] = ()  # a table's first rows, as read
    added: float = 0.0
    off: tuple[str, ...] = ()  # the switches of the recipe's `clean` that were off when it was read
    textless: tuple[int, ...] = ()  # numbers of its pages that show something and have no readable text
    recognised: str = ""  # the SHA-256 of its copy with recognised text, which is read instead


@dataclass(frozen=True)
class Document:
    """A text of its own: a PDF, a text file, or one row of a table (whose questions are real ones, when it has any)."""

    id: str
    file_id: str
    position: int
    title: str
    characters: int
    date: str = ""
    author: str = ""
    group: str = ""
    language: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    questions: tuple[str, ...] = ()  # asked by people, answered by this document
    judge_only: bool = False  # its questions are kept for judging, never trained on
    ready_chunk: bool = False  # a table's row that is taken as one chunk when it fits
    anchors: tuple[str, ...] = ()  # what a table's row is called: queries that nobody asked
    parts: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # of a row with anchors: a column's cell as a span of the text
    domain: str = ""  # the field that its group belongs to


@dataclass(frozen=True)
class Page:
    """One page's text without running headers and footers; `start` is its offset in the document's text.

    A document's text is the texts of its pages joined by one newline; `removed` keeps what was left out, to be shown.
    """

    document_id: str
    number: int
    start: int
    text: str
    removed: str = ""


@dataclass(frozen=True)
class Chunk:
    """A passage: `text` is its document's text[start:end]; `tokens` counts the base model's, special ones included.

    The id is made of document, text and occurrence, so an edit elsewhere in the document leaves it as it was.
    """

    id: str
    document_id: str
    position: int
    text: str
    start: int
    end: int
    page: int
    page_end: int
    tokens: int
    heading: str = ""
    theme_id: str = ""  # "" is "Unclassified"
    theme_by: str = ""  # "keywords", "discovered", "given" or "person"


@dataclass(frozen=True)
class Theme:
    """A label for chunks: named by the person with `keywords`, or discovered with the terms that set it apart."""

    id: str
    name: str
    keywords: tuple[str, ...] = ()
    origin: str = "keywords"  # "keywords", "discovered", "given" (with the documents) or "person"
    parent: str = ""  # the theme that this one is a part of; themes are nested one level


# --- pairs and the split --------------------------------------------------------------------------------------------


class PairState(StrEnum):
    """Say whether a pair is used, and where that was decided."""

    KEPT = "kept"
    DROPPED = "dropped"
    ASIDE = "set aside"  # by the quality gate, which gives it back when its limits are moved


class Reason(StrEnum):
    """Name why a pair is not used, or, of one that is kept, what there is to say about it; one word for each, everywhere."""

    BY_HAND = "by hand"  # of either state: a person decided, and nothing else changes that
    GONE = "passage gone"
    EXACT = "exact duplicate"
    NEAR = "near duplicate"
    SEVERAL = "several passages"
    SHORT = "too short"
    REFERS = "refers to its passage"
    LANGUAGE = "another language"
    COPIED = "copied wording"
    CUT = "cut off by the model"
    LOST = "not found again"


class Part(StrEnum):
    """Name the part of the split that a passage or a question belongs to; only train is trained on."""

    TRAIN = "train"
    DEV = "dev"
    TEST = "test"
    GAP = "gap"  # between parts, or a near-duplicate across them: used by none
    NONE = ""


@dataclass(frozen=True)
class Pair:
    """A query and the passages that answer it.

    `start` and `end` are the span in the document that the query asks about, so that the pair attaches again after
    the chunks are cut anew. When the query itself was taken from the document (a sentence, a key phrase has none),
    `query_start` and `query_end` are its span, and passages are indexed without it for this query; otherwise -1.
    """

    id: str
    query: str
    document_id: str
    start: int
    end: int
    positives: tuple[str, ...]  # chunk ids
    generator: str
    people: bool = False  # asked by a person, not made from the documents
    judge_only: bool = False
    state: PairState = PairState.KEPT
    reason: str = ""  # one of `Reason`, or none; of a person's kept question, what the quality gate would have set it aside for
    query_start: int = -1
    query_end: int = -1
    part: Part = Part.NONE
    edited: bool = False
    made: float = 0.0
    passage: str = ""  # its passage's text, kept only while the passage is gone
    negatives: tuple[str, ...] = ()  # chunk ids: passages that look like answers and are none
    score: float = 1.0  # how right the positives are, 1 (fully) to -1 (not at all); training on right answers takes those of 1
    category: str = ""  # what kind of pair its generator made it as
    swapped: bool = False  # training takes the passage as the query, and the query as what it shall find
    group: str = ""  # the year, domain, document or theme that its generator counted it to
    who: str = ""  # who decided last, and when
    decided: float = 0.0


class DoubtState(StrEnum):
    """Say what a person made of a passage that may be a second right answer; one that is open or ignored is used as neither."""

    OPEN = "open"
    DROPPED = "dropped"  # not an answer: a hard negative
    ACCEPTED = "accepted"  # also right
    IGNORED = "ignored"


@dataclass(frozen=True)
class Doubt:
    """A passage that scores as high as a pair's own, or nearly, by `judge`: a second right answer, or the hardest negative.

    `at` is when it was found, and once decided when that was.
    """

    pair_id: str
    chunk_id: str
    judge: str
    score: float
    own_score: float
    state: DoubtState = DoubtState.OPEN
    who: str = ""
    at: float = 0.0


@dataclass(frozen=True)
class Mined:
    """A passage that mining made a hard negative of a pair, and may take back; those that came with the pair it leaves alone."""

    pair_id: str
    chunk_id: str
    judge: str
    score: float


@dataclass(frozen=True)
class Measure:
    """What the quality gate goes by for one pair. Its limits are kept apart, so that moving them measures nothing again.

    `digest` is the hash of the query, its passages and the model's limit; `corpus` that of all passages and the model, when
    the two ranks were found.
    """

    pair_id: str
    digest: str
    corpus: str = ""
    kind: str = ""  # one of gate.KINDS: whether the query was asked, taken from the passage, or is neither
    words: int = 0
    copied: int = 0  # the longest run of the query's words that stands in a passage
    refers: int = 0  # 2 where the query speaks of its passage ("this text"), 1 where it does so loosely ("the context")
    unread: float = 0.0  # share of the passage that lies beyond what the model reads
    language: str = ""
    passage_language: str = ""
    twin: float = 0.0  # likeness (Jaccard) to the most like earlier query for the same passage; 1 is the same words in the same order
    rank_base: int = -1  # the passage's rank when all are searched by the query: 0 beyond the first 100, -1 not searched
    rank_words: int = -1  # the same by BM25


@dataclass(frozen=True)
class Decision:
    """One step of a person or of the quality gate, over any number of pairs, as the history lists it."""

    batch: str
    at: float
    who: str
    what: str
    pairs: int
    undone: bool = False


@dataclass(frozen=True)
class RawAnswer:
    """A language model's answer as it came, committed before it is parsed; `key` is the hash of all that was asked.

    `asked` is the hash of all that was asked but the passage; `refused` says, once it is parsed, what was not taken and why.
    """

    key: str
    chunk_id: str
    model: str
    text: str
    tokens_in: int
    tokens_out: int
    cost: float
    at: float
    seconds: float = 0.0  # that the call took
    asked: str = ""
    refused: str = ""


@dataclass(frozen=True)
class Region:
    """A span of a document that is held out from training (dev, test or gap); what no region covers is train."""

    document_id: str
    start: int
    end: int
    part: Part


@dataclass(frozen=True)
class TestQuestion:
    """A frozen test question: a copy, so that later edits of its pair change nothing."""

    __test__ = False  # not a pytest class

    pair_id: str
    query: str
    document_id: str
    start: int
    end: int
    generator: str
    people: bool
    query_start: int = -1
    query_end: int = -1


@dataclass(frozen=True)
class TestSet:
    """The frozen questions by which models are judged; `digest` is the SHA-256 of all of them."""

    __test__ = False

    number: int
    digest: str
    questions: tuple[TestQuestion, ...]
    reason: str
    made: float


@dataclass(frozen=True)
class Passage:
    """A chunk as training and evaluation see it."""

    id: str
    text: str
    title: str = ""
    page: int = 0
    theme: str = ""


@dataclass(frozen=True)
class Question:
    """A query with its relevant passages; `without` holds, for this query alone, other texts of some passages.

    A sentence query must not find itself: every passage that contains the sentence is searched in the text that
    `without` gives for its id.
    """

    id: str
    query: str
    relevant: tuple[str, ...]
    generator: str
    people: bool = False
    without: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TrainPair:
    """One row of training data: texts, and the ids of the pair and passage they come from; `negatives` are texts too.

    A mark stands for a passage and all near-duplicates of it. `marks` are those of the positive and of each negative, in
    order; `avoid` those of every passage that is right for the query, or may be: the query meets none of them as a wrong one.
    """

    pair_id: str
    passage_id: str
    query: str
    positive: str
    generator: str
    people: bool = False
    negatives: tuple[str, ...] = ()
    marks: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()


# --- results -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Interval:
    """A mean over questions with the ends of its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float


class VerdictWord(StrEnum):
    """Name the four things that an honest comparison can end with."""

    BETTER = "better"
    NO_DIFFERENCE = "no clear difference"
    WORSE = "worse"
    TOO_FEW = "too few questions"


@dataclass(frozen=True)
class Verdict:
    """Say whether tuned finds the right passage more often than base, by how much, and for whose questions.

    `difference` is tuned minus base in `metric`; `p` the two-sided paired permutation test's; `needed` how many
    questions would do, when there are too few; `practice` is true when a generator made any of the questions.
    """

    word: VerdictWord
    metric: str
    base: Interval
    tuned: Interval
    difference: Interval
    p: float
    questions: int
    needed: int
    practice: bool
    text: str  # the verdict as a sentence


@dataclass(frozen=True)
class SystemScores:
    """The scores of one way to search, over the questions of one verdict; `metrics` maps nDCG@10 and so on to intervals."""

    system: str
    label: str
    metrics: Mapping[str, Interval]


@dataclass(frozen=True)
class QuestionResult:
    """How one question fared: the rank (1 is first, 0 beyond 100) of its best right passage, and nDCG@10, per system."""

    id: str
    query: str
    relevant: tuple[str, ...]
    generator: str
    people: bool
    ranks: Mapping[str, int]
    ndcg: Mapping[str, float]


@dataclass(frozen=True)
class Evaluation:
    """The one final comparison of base and tuned on the frozen test set whose hash is `test_digest`."""

    test_digest: str
    base: str
    model: str
    verdict: Verdict
    verdict_other: Verdict | None  # over the other kind (practice where people's decided), where there are both
    systems: tuple[SystemScores, ...]
    questions: tuple[QuestionResult, ...]
    passages: int
    excluded: int  # questions left out because the model was trained on their passage
    precision: str
    made: float
    systems_other: tuple[SystemScores, ...] = ()  # as `systems`, which covers the verdict's questions, over verdict_other's


class RunState(StrEnum):
    """Say where a run stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class RunStatus:
    """What status.json holds; replaced atomically by the run's worker, read by everybody else."""

    state: RunState
    stage: str = ""
    fraction: float = 0.0
    text: str = ""
    started: float = 0.0
    updated: float = 0.0
    seconds_left: float | None = None
    device: str = ""
    error: str = ""
    hint: str = ""
    beat: int = 0  # grows with every write: a counter that moves means alive, whatever the clocks say


@dataclass(frozen=True)
class Publication:
    """What was sent where: the repository, its commit, and the files with their SHA-256."""

    run_id: str
    repo: str
    url: str
    commit: str
    private: bool
    files: Mapping[str, str]
    at: float
