"""The records that pass between stages; the tables of a project have the same words as columns."""

from core.schema.chunks import Chunk, Passage, Theme
from core.schema.documents import Document, File, FileState, Page, TableReading
from core.schema.judging import Doubt, DoubtState, Measure, Mined
from core.schema.pairs import Decision, Pair, PairState, RawAnswer, Reason
from core.schema.results import Evaluation, Interval, Publication, QuestionResult, SystemScores, Verdict, VerdictWord
from core.schema.runs import Progress, RunState, RunStatus, silent
from core.schema.split import Part, Region, TestQuestion, TestSet
from core.schema.training import Question, TrainPair

__all__ = [
    "Chunk",
    "Decision",
    "Document",
    "Doubt",
    "DoubtState",
    "Evaluation",
    "File",
    "FileState",
    "Interval",
    "Measure",
    "Mined",
    "Page",
    "Pair",
    "PairState",
    "Part",
    "Passage",
    "Progress",
    "Publication",
    "Question",
    "QuestionResult",
    "RawAnswer",
    "Reason",
    "Region",
    "RunState",
    "RunStatus",
    "SystemScores",
    "TableReading",
    "TestQuestion",
    "TestSet",
    "Theme",
    "TrainPair",
    "Verdict",
    "VerdictWord",
    "silent",
]
