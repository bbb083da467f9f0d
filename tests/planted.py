"""Real questions with planted faults: what the quality gate is tried on, by a test and by a measurement."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from core import store, text
from core.models import tokenizer
from core.project import Project
from core.recipe import BASE_MODEL
from core.schema import Chunk, Document, File, FileState, Page, Pair, Reason

ROOT = Path(__file__).resolve().parent.parent
GOOD = "good"
SHARE = 0.2
MODEL_READS = 256
KINDS = (Reason.COPIED, Reason.REFERS, Reason.LOST, Reason.NEAR, Reason.SHORT, Reason.LANGUAGE, Reason.CUT)

# Questions that a model writes when it forgets that nobody else sees the passage, and such as many passages answer.
GENERIC = """What are the main points?|Why is this important?|What should organizations do?|What are the risks?|What are some examples?
What is the purpose of these measures?|How can this be improved?|What are the goals?|Who is responsible?|What is recommended?
What are the benefits and the drawbacks?|How does it work?|What steps should be taken?|What are the key considerations?
How can harms be prevented?|What does artificial intelligence do?|What are the suggested actions?|What must be documented?
How can risks be managed?|Why should people trust automated systems?|What are the requirements?|What problems can arise?
What is the role of the government?|How should systems be tested?|What are best practices?|What kind of information is needed?
Who is affected?|What are the most important aspects?|How is it measured?|Which principles apply?"""
FOREIGN = """Welche Risiken entstehen durch generative künstliche Intelligenz für die Privatsphäre?
Wie sollen automatisierte Systeme vor ihrem Einsatz geprüft werden?
Welche Rechte haben Menschen, wenn ein Algorithmus über sie entscheidet?
Warum ist es wichtig, die Herkunft von Inhalten zu dokumentieren?
Wer ist für die Überwachung der eingesetzten Modelle verantwortlich?
Quels sont les risques de l'intelligence artificielle générative pour la vie privée ?
Comment les systèmes automatisés doivent-ils être évalués avant leur déploiement ?
Pourquoi faut-il documenter l'origine des contenus produits par une machine ?
Qui doit être informé lorsqu'une décision est prise par un algorithme ?
Quelles mesures protègent les citoyens contre la discrimination algorithmique ?
¿Cuáles son los riesgos de la inteligencia artificial generativa para la privacidad?
¿Cómo deben probarse los sistemas automatizados antes de utilizarlos?
¿Quién es responsable de supervisar los modelos que se utilizan?
¿Por qué es importante documentar el origen de los contenidos?
¿Qué derechos tienen las personas cuando decide un algoritmo?
Quali sono i rischi dell'intelligenza artificiale generativa per la privacy?
Come devono essere valutati i sistemi automatizzati prima dell'uso?
Chi è responsabile del controllo dei modelli che vengono utilizzati?
Quais são os riscos da inteligência artificial generativa para a privacidade?
Como devem ser testados os sistemas automatizados antes de serem usados?
Wat zijn de risico's van generatieve kunstmatige intelligentie voor de privacy?
Hoe moeten geautomatiseerde systemen vooraf worden getest?
Jakie zagrożenia dla prywatności niesie generatywna sztuczna inteligencja?
Какие риски для частной жизни создаёт генеративный искусственный интеллект?
Как следует проверять автоматизированные системы перед их применением?
生成式人工智能对个人隐私有哪些风险？
自动化系统在使用之前应当如何测试？
生成AIはプライバシーにどのような危険をもたらしますか。
생성형 인공지능은 개인 정보 보호에 어떤 위험을 초래합니까?
ما هي مخاطر الذكاء الاصطناعي التوليدي على الخصوصية؟"""
REFERRING = (
    "According to the passage, {}",
    "According to this text, {}",
    "What does this text say about the following: {}",
    "Based on the text above, {}",
    "In the given passage, {}",
    "As described in this document, {}",
    "Looking at the excerpt, {}",
    "Laut dem Text: {}",
)
COPYING = ("{}?", "Is it true that {}?", "What is meant by “{}”?", "{}")
AGAIN = ("{}", "{} Please?", "Please: {}", "And {}")


@dataclass(frozen=True)
class Collection:
    """A retrieval set: passages, queries, and the right passages of each query."""

    passages: dict[str, str]
    queries: dict[str, str]
    relevant: dict[str, list[str]]


def collection(folder: Path) -> Collection:
    """Read a set in BEIR's form."""
    passages = {row["_id"]: f"{row.get('title') or ''}\n{row['text']}".strip() for row in _rows(folder / "corpus.jsonl")}
    relevant: dict[str, list[str]] = {}
    for line in (folder / "qrels.tsv").read_text("utf-8").splitlines():
        query, passage, *rest = line.split("\t")
        if rest and rest[0].isdigit() and int(rest[0]) > 0 and passage in passages:
            relevant.setdefault(query, []).append(passage)
    return Collection(passages, {row["_id"]: row["text"] for row in _rows(folder / "queries.jsonl")}, relevant)


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def fill(project: Project, found: Collection, generator: str = "llm") -> Project:
    """Give a project the passages of a set, each a document of one chunk, and its questions as if a model had written them."""
    add_passages(project, GOOD, found.passages)
    chunks = {chunk.id: chunk for chunk in project.chunks()}
    asked = [(key, [chunks[p] for p in found.relevant[key]]) for key in found.queries if key in found.relevant]
    project.add_pairs(pair(f"{GOOD} {key}", found.queries[key], right, generator, made=1.0) for key, right in asked)
    return project


def add_passages(project: Project, name: str, passages: dict[str, str]) -> None:
    """Add passages as they are, however long: a document and a chunk for each."""
    count = tokenizer(BASE_MODEL)
    count.no_truncation()
    file = File(name, name, "0" * 64, 1, "text", FileState.READ)
    documents = [Document(f"d{key}", name, i, key, len(body)) for i, (key, body) in enumerate(passages.items())]
    project.replace_documents(file, documents, [Page(f"d{key}", 1, 0, body) for key, body in passages.items()])
    with project.write() as db:
        store.insert(
            db, "chunks", (Chunk(k, f"d{k}", 0, body, 0, len(body), 1, 1, len(count.encode(body).ids)) for k, body in passages.items())
        )


def pair(key: str, query: str, right: list[Chunk], generator: str = "llm", made: float = 2.0) -> Pair:
    """Return a pair for these passages."""
    first = right[0]
    return Pair(key, " ".join(query.split()), first.document_id, first.start, first.end, tuple(c.id for c in right), generator, made=made)


def fault(made: Pair) -> str:
    """Return the fault that a pair was planted with, or GOOD."""
    return made.id.rpartition(" ")[0]


def plant(project: Project, long: Collection, seed: int = 1) -> None:
    """Add faulty pairs, a fifth as many of each kind as there are good ones: their ids begin with the fault's name.

    `long` is another set, whose passages of half as much again as the model reads are added with their own questions.
    """
    draw = random.Random(seed)
    good, chunks = project.pairs(), {chunk.id: chunk for chunk in project.chunks()}
    number = round(SHARE * len(good))
    many = draw.sample(good, number)
    faulty: list[Pair] = []
    for i, one in enumerate(many):
        right = [chunks[c] for c in one.positives]
        body = right[0].text
        whole = [body[a:b] for a, b in text.sentences(body) if 8 <= len(text.words(body[a:b])) <= 40] or [body[:150]]
        lower = one.query[:1].lower() + one.query[1:]
        other = chunks[draw.choice(list(chunks))]
        queries = {
            Reason.COPIED: COPYING[i % len(COPYING)].format(draw.choice(whole).rstrip(".")),
            Reason.REFERS: REFERRING[i % len(REFERRING)].format(lower),
            Reason.NEAR: AGAIN[i % len(AGAIN)].format(one.query),
            Reason.SHORT: " ".join(draw.sample([w for w in body.split() if w.isalpha()] or ["AI"], 1 + i % 2)),
        }
        faulty += [pair(f"{kind} {i}", query, right) for kind, query in queries.items()]
        faulty.append(pair(f"{Reason.LOST} {i}", draw.choice(GENERIC.replace("\n", "|").split("|")), [other]))
        faulty.append(pair(f"{Reason.LANGUAGE} {i}", draw.choice(FOREIGN.splitlines()), right))
    project.add_pairs(faulty)
    _plant_long(project, long, number)


def _plant_long(project: Project, long: Collection, number: int) -> None:
    count = tokenizer(BASE_MODEL)
    count.no_truncation()
    keys = [key for key in long.queries if key in long.relevant]
    chosen = [k for k in keys if all(len(count.encode(long.passages[p]).ids) > 1.5 * MODEL_READS for p in long.relevant[k])][:number]
    add_passages(project, "long", {p: long.passages[p] for k in chosen for p in long.relevant[k]})
    chunks = {chunk.id: chunk for chunk in project.chunks()}
    project.add_pairs(pair(f"{Reason.CUT} {k}", long.queries[k], [chunks[p] for p in long.relevant[k]]) for k in chosen)
