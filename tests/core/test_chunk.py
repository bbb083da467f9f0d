from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import regex
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import BPE
from tokenizers.processors import TemplateProcessing
from tokenizers.trainers import BpeTrainer

from core import chunk, models
from core.chunk.cutting import Cutter
from core.project import Project
from core.recipe import BASE_MODEL, ChunkSettings, SplitSettings
from core.schema import Chunk, Document, File, FileState, Page, Pair, PairState, Theme
from core.text import SIGN

PARAGRAPH = (
    "The ferry leaves at nine. Passengers wait behind the painted line until a steward waves them on. Cars go first, then bicycles. "
)
GUIDE = "\n\n".join(
    f"## {n} {name}\n\n{f'{name} is what this part of the guide explains in some detail. '}{PARAGRAPH.replace('nine', str(n)) * 2}"
    for n, name in enumerate(["Boarding", "Tickets", "Lost things", "Weather", "Dogs and horses", "Complaints"], 1)
)


@cache
def bytes_tokenizer() -> Tokenizer:
    """A byte-level BPE with special tokens: its tokens and offsets behave otherwise than WordPiece's."""
    made = Tokenizer(BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    made.decoder = decoders.ByteLevel()
    trainer = BpeTrainer(vocab_size=500, special_tokens=["<s>", "</s>"], initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    made.train_from_iterator([GUIDE], trainer)
    made.post_processor = TemplateProcessing(single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 1)])
    return made


def save(project: Project, text: str, name: str = "f", *, ready: bool = False, pages: Sequence[str] = ()) -> None:
    """Give the project a file of one document, in the place of what had this name."""
    made, start = [], 0
    for number, page in enumerate(pages or [text], 1):
        made.append(Page(f"d{name}", number, start, page))
        start += len(page) + 1
    document = Document(f"d{name}", name, 0, name, start - 1, ready_chunk=ready)
    project.replace_documents(File(name, f"{name}.txt", "0" * 64, start, "text", FileState.READ), [document], made)


def ask_all(project: Project) -> list[Pair]:
    pairs = [
        Pair(f"p{c.id}", f"question {c.position}", c.document_id, c.start, c.end, (c.id,), "typed", people=True) for c in project.chunks()
    ]
    project.add_pairs(pairs)
    return pairs


SIGNS = 'abcdefgh AB  .,;:!?\n\n\t-#1234()"é\u0301ßñ数据保护是重要的。！😀👩\u200d🚒ไทยमानक\u00a0\u2028'
WORDS = [
    "The ",
    "ferry ",
    "leaves. ",
    "\n\n",
    "\n",
    "## Heading\n",
    "1.2 On dogs\n",
    "• item ",
    "数据保护。",
    "x" * 300,
    "😀" * 30,
    "e.g. ",
    " " * 40,
]
TEXTS = st.text(SIGNS, max_size=400) | st.lists(st.sampled_from(WORDS), max_size=60).map("".join) | st.text(max_size=120)


LANGUAGES = {
    "thai": "ประเทศไทยมีพื้นที่ประมาณห้าแสนตารางกิโลเมตรมีประชากรราวเจ็ดสิบล้านคนเมืองหลวงคือกรุงเทพมหานครที่น้ำท่วมบ่อยครั้ง" * 12,
    "arabic": "تقع العاصمة على ضفة النهر وفيها متاحف كثيرة يزورها الناس من كل مكان، وهي مدينة قديمة. " * 8,
    "hindi": "राजधानी नदी के किनारे बसी है और यहाँ कई संग्रहालय हैं जिन्हें लोग देखने आते हैं। " * 8,
    "chinese": "首都位于河边，有许多博物馆，人们从各地前来参观。这座城市历史悠久。" * 12,
    "accents": "e\u0301\u0323" * 600,
}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("read", [lambda: models.tokenizer(BASE_MODEL), bytes_tokenizer], ids=["wordpiece", "bytes"])
def test_no_cut_parts_a_word_or_what_is_read_as_one_sign(read, language: str) -> None:
    text = LANGUAGES[language]
    spans = Cutter(read(), 48, 0).cut(text)
    assert len(spans) > 1
    cuts = {place for span in spans for place in (span.start, span.end)}
    parts = r"\w+" if language in ("arabic", "hindi") else rf"{SIGN.pattern}|\X"
    assert not [match[0] for match in regex.finditer(parts, text) if any(match.start() < cut < match.end() for cut in cuts)]


@pytest.mark.parametrize("read", [lambda: models.tokenizer(BASE_MODEL), bytes_tokenizer], ids=["wordpiece", "bytes"])
@settings(max_examples=100, deadline=None)
@given(text=TEXTS, limit=st.integers(16, 64), overlap=st.integers(0, 8))
@example(text=GUIDE, limit=32, overlap=8)
@example(text="x" * 5000, limit=16, overlap=8)
@example(text="据" * 800, limit=24, overlap=8)
def test_chunks_hold_all_text_within_the_limit_at_exact_offsets(read, text: str, limit: int, overlap: int) -> None:
    tokenizer = read()
    spans = Cutter(tokenizer, limit, overlap).cut(text)
    for span in spans:
        body = text[span.start : span.end]
        assert body == body.strip() != ""
        assert span.tokens == len(tokenizer.encode(body).ids) <= limit
    covered = {i for span in spans for i in range(span.start, span.end)}
    assert all(i in covered or text[i].isspace() for i in range(len(text)))
    for one, other in itertools.pairwise(spans):
        assert one.start < other.start
        assert one.end < other.end
        repeated = text[other.start : one.end]
        assert len(tokenizer.encode(repeated, add_special_tokens=False).ids) <= overlap or not repeated


def test_a_section_is_a_chunk_of_its_own_and_knows_its_heading(project: Project) -> None:
    save(project, GUIDE)
    chunk.rechunk(project, ChunkSettings(), BASE_MODEL)
    found = project.chunks()
    assert [c.heading for c in found] == ["1 Boarding", "2 Tickets", "3 Lost things", "4 Weather", "5 Dogs and horses", "6 Complaints"]
    assert all(c.text.startswith(f"## {c.heading}") for c in found)


def test_a_long_section_repeats_the_end_of_the_chunk_before_at_a_sentence(project: Project) -> None:
    save(project, PARAGRAPH.strip() + " " + " ".join(f"Sentence number {i} says something." for i in range(120)))
    for one, other in zip(made := chunk.cut(project, ChunkSettings(), BASE_MODEL), made[1:], strict=False):
        assert other.start < one.end
        assert other.text.startswith("Sentence number")


def test_without_overlap_no_character_stands_in_two_chunks(project: Project) -> None:
    save(project, GUIDE * 3)
    for one, other in zip(made := chunk.cut(project, ChunkSettings(size=64, overlap=0), BASE_MODEL), made[1:], strict=False):
        assert one.end <= other.start


def test_no_chunk_is_longer_than_the_model_reads(project: Project) -> None:
    save(project, PARAGRAPH * 60)
    made = chunk.cut(project, ChunkSettings(size=4000, overlap=0), BASE_MODEL)
    assert 200 < max(c.tokens for c in made) <= models.max_tokens(BASE_MODEL) == 256


def test_a_row_that_fits_is_one_chunk_as_it_stands_and_a_long_one_is_cut(project: Project) -> None:
    row = "# Question\n\nAnswer one.\n\n# Other\n\nAnswer two. " + PARAGRAPH * 2
    save(project, row, ready=True)
    assert [c.text for c in chunk.cut(project, ChunkSettings(), BASE_MODEL)] == [row.strip()]
    assert len(chunk.cut(project, ChunkSettings(size=40, overlap=0), BASE_MODEL)) > 1


def test_a_chunk_knows_the_pages_that_it_stands_on(project: Project) -> None:
    save(project, "", pages=["First page. " * 3, "", "Third page says more. " * 3])
    (only,) = chunk.cut(project, ChunkSettings(), BASE_MODEL)
    assert (only.page, only.page_end) == (1, 3)
    assert project.text("df")[only.start : only.end] == only.text
    small = chunk.cut(project, ChunkSettings(size=16, overlap=0), BASE_MODEL)
    assert {(c.page, c.page_end) for c in small} >= {(1, 1), (3, 3)}


def test_equal_texts_in_one_document_have_ids_of_their_own(project: Project) -> None:
    save(project, "\n\n".join(["# Same\n\n" + PARAGRAPH * 3] * 3))
    ids = [c.id for c in chunk.cut(project, ChunkSettings(), BASE_MODEL)]
    assert len(ids) == len(set(ids)) == 3


def test_tiny_leftovers_join_a_neighbour(project: Project) -> None:
    save(project, PARAGRAPH * 8 + "The end.")
    assert min(c.tokens for c in chunk.cut(project, ChunkSettings(overlap=0), BASE_MODEL)) > 12


def test_the_same_settings_change_nothing_at_all(project: Project) -> None:
    save(project, GUIDE)
    chunk.rechunk(project, ChunkSettings(), BASE_MODEL)
    pairs = ask_all(project)
    before = (project.folder / "project.db").read_bytes(), os.listdir(project.folder)
    report = chunk.rechunk(project, ChunkSettings(), BASE_MODEL)
    assert (report.unchanged, report.pairs_kept, report.pairs_moved, report.pairs_lost) == (6, len(pairs), 0, 0)
    assert ((project.folder / "project.db").read_bytes(), os.listdir(project.folder)) == before


def test_a_preview_says_what_happens_and_writes_nothing(project: Project) -> None:
    save(project, GUIDE)
    chunk.rechunk(project, ChunkSettings(), BASE_MODEL)
    pairs, chunks = ask_all(project), project.chunks()
    wanted = ChunkSettings(size=48, overlap=0)
    said = chunk.preview(project, wanted, BASE_MODEL)
    assert project.chunks() == chunks
    assert (said.unchanged, said.pairs_kept, said.pairs_moved, said.pairs_lost) == (0, 0, len(pairs), 0)
    assert chunk.rechunk(project, wanted, BASE_MODEL) == said
    assert project.chunks() == list(said.chunks)


@pytest.mark.parametrize("other", [ChunkSettings(size=48, overlap=8), ChunkSettings(size=256), ChunkSettings(overlap=0)])
def test_pairs_follow_their_passage_through_any_cut_and_back(project: Project, other: ChunkSettings) -> None:
    save(project, GUIDE)
    chunk.rechunk(project, ChunkSettings(size=128), BASE_MODEL)
    pairs, first = ask_all(project), {c.id: c for c in project.chunks()}
    chunk.rechunk(project, other, BASE_MODEL)
    now = {c.id: c for c in project.chunks()}
    for pair in project.pairs():
        was = first[pair.id[1:]]
        held = set(range(was.start, was.end)) & {i for c in pair.positives for i in range(now[c].start, now[c].end)}
        assert len(held) > 0.5 * (was.end - was.start)
    chunk.rechunk(project, ChunkSettings(size=128), BASE_MODEL)
    assert sorted(project.pairs(), key=lambda p: p.id) == sorted(pairs, key=lambda p: p.id)


def test_an_edit_elsewhere_leaves_a_pair_with_its_chunk_and_moves_its_span(project: Project) -> None:
    save(project, GUIDE)
    chunk.rechunk(project, ChunkSettings(), BASE_MODEL)
    last = ask_all(project)[-1]
    save(project, GUIDE.replace("## 1 Boarding", "## 1 Boarding\n\nA new sentence at the top."))
    chunk.rechunk(project, ChunkSettings(), BASE_MODEL)
    moved = project.pair(last.id)
    assert moved.positives == last.positives
    assert moved.start > last.start
    assert project.text("df")[moved.start : moved.end] == project.chunk(last.positives[0]).text


def test_a_passage_that_was_edited_keeps_its_pair(project: Project) -> None:
    save(project, GUIDE)
    chunk.rechunk(project, ChunkSettings(), BASE_MODEL)
    asked = ask_all(project)[2]
    save(project, GUIDE.replace("3 Lost things", "3 Things that were lost", 1))
    report = chunk.rechunk(project, ChunkSettings(), BASE_MODEL)
    assert (report.pairs_moved, report.pairs_lost) == (1, 0)
    assert project.chunk(project.pair(asked.id).positives[0]).heading == "3 Things that were lost"


def test_a_pair_whose_passage_is_gone_is_dropped_and_comes_back_with_it(project: Project) -> None:
    save(project, GUIDE)
    chunk.rechunk(project, ChunkSettings(), BASE_MODEL)
    pairs = {p.id: p for p in ask_all(project)}
    sections = GUIDE.split("\n\n## ")
    save(project, "\n\n## ".join([*sections[:3], *sections[4:]]))
    assert chunk.rechunk(project, ChunkSettings(), BASE_MODEL).pairs_lost == 1
    lost = next(p for p in project.pairs() if p.state is PairState.DROPPED)
    assert (lost.query, lost.reason) == ("question 3", "passage gone")
    save(project, GUIDE)
    assert chunk.rechunk(project, ChunkSettings(size=100), BASE_MODEL).pairs_back == 1
    chunk.rechunk(project, ChunkSettings(), BASE_MODEL)
    assert {p.id: p for p in project.pairs()} == pairs


def test_pairs_of_a_file_that_was_removed_come_back_with_it_even_when_it_is_cut_otherwise(project: Project) -> None:
    save(project, GUIDE)
    chunk.rechunk(project, ChunkSettings(), BASE_MODEL)
    pairs = ask_all(project)
    project.remove_file("f")
    chunk.rechunk(project, ChunkSettings(), BASE_MODEL)
    assert {p.reason for p in project.pairs()} == {"passage gone"}
    save(project, GUIDE)
    assert chunk.rechunk(project, ChunkSettings(size=64, overlap=0), BASE_MODEL).pairs_back == len(pairs)
    assert all(p.state is PairState.KEPT and not p.passage for p in project.pairs())


def test_what_a_person_dropped_stays_dropped_when_its_passage_goes_and_comes(project: Project) -> None:
    save(project, GUIDE)
    chunk.rechunk(project, ChunkSettings(), BASE_MODEL)
    pair = ask_all(project)[0]
    project.update_pairs([pair.id], state=PairState.DROPPED, reason="by hand")
    project.remove_file("f")
    chunk.rechunk(project, ChunkSettings(), BASE_MODEL)
    save(project, GUIDE)
    chunk.rechunk(project, ChunkSettings(), BASE_MODEL)
    assert (project.pair(pair.id).state, project.pair(pair.id).reason) == (PairState.DROPPED, "by hand")


def test_a_sentence_query_keeps_its_place_through_an_edit_and_a_new_cut(project: Project) -> None:
    save(project, GUIDE)
    chunk.rechunk(project, ChunkSettings(), BASE_MODEL)
    sentence = "Tickets is what this part of the guide explains in some detail."
    at = GUIDE.index(sentence)
    home = next(c for c in project.chunks() if sentence in c.text)
    project.add_pairs(
        [Pair("p", sentence, "df", home.start, home.end, (home.id,), "sentence", query_start=at, query_end=at + len(sentence))]
    )
    save(project, "## 0 Welcome\n\nThis stands before everything else now.\n\n" + GUIDE)
    chunk.rechunk(project, ChunkSettings(size=64, overlap=8), BASE_MODEL)
    pair, text = project.pair("p"), project.text("df")
    assert text[pair.query_start : pair.query_end] == sentence
    assert [sentence in project.chunk(c).text for c in pair.positives] == [True]


def test_themes_stay_with_chunks_and_a_label_by_hand_follows_its_passage(project: Project) -> None:
    save(project, GUIDE)
    chunk.rechunk(project, ChunkSettings(), BASE_MODEL)
    chunks = project.chunks()
    project.replace_themes([Theme("t", "All"), Theme("u", "Mine")], {c.id: "t" for c in chunks}, "discovered")
    project.set_theme([chunks[1].id], "u", "person")
    save(project, GUIDE.replace("## 1 Boarding", "## 1 Going aboard"))
    chunk.rechunk(project, ChunkSettings(), BASE_MODEL)
    assert [c.theme_id for c in project.chunks()] == ["", "u", "t", "t", "t", "t"]
    chunk.rechunk(project, ChunkSettings(size=64, overlap=0), BASE_MODEL)
    mine = [c for c in project.chunks() if c.theme_id == "u"]
    assert mine
    assert all(chunks[1].text.find(c.text[:40]) >= 0 and c.theme_by == "person" for c in mine)


def test_an_edit_made_while_the_text_is_cut_is_not_lost(project: Project) -> None:
    save(project, GUIDE)
    chunk.rechunk(project, ChunkSettings(), BASE_MODEL)
    pair = ask_all(project)[0]
    chunk.rechunk(project, ChunkSettings(size=64), BASE_MODEL, lambda fraction, text: project.update_pairs([pair.id], query="edited"))
    assert project.pair(pair.id).query == "edited"


def test_held_out_passages_stay_held_out_when_text_before_them_is_edited(project: Project) -> None:
    from core import split
    from core.split import holdout

    save(project, GUIDE)
    chunk.rechunk(project, ChunkSettings(), BASE_MODEL)
    ask_all(project)
    split.split(project, SplitSettings())
    before = holdout.assign(project.chunks(), project.regions(), [])
    save(project, "A line that pushes everything down.\n\n" + GUIDE)
    chunk.rechunk(project, ChunkSettings(), BASE_MODEL)
    after = holdout.assign(project.chunks(), project.regions(), [])
    assert {c: after[c] for c in before if c in after} == {c: part for c, part in before.items() if c in after}


def test_the_room_for_a_passage_is_what_the_models_prompt_leaves(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "prompted"
    shutil.copytree(models.resolve(BASE_MODEL), folder, ignore=shutil.ignore_patterns("*.safetensors"))
    (folder / "model.safetensors").symlink_to(models.resolve(BASE_MODEL) / "model.safetensors")
    (folder / "config_sentence_transformers.json").write_text('{"prompts": {"query": "query: ", "document": "passage to find: "}}')
    save(project, PARAGRAPH * 40)
    longest = max(c.tokens for c in chunk.cut(project, ChunkSettings(size=256, overlap=0), str(folder)))
    plain = max(c.tokens for c in chunk.cut(project, ChunkSettings(size=256, overlap=0), BASE_MODEL))
    assert longest <= 256 - 4 < plain


def test_real_documents_are_cut_well(project: Project, data: Path) -> None:
    pages = (data / "pdf_policy" / "Blueprint-for-an-AI-Bill-of-Rights.txt").read_text().split("\f")
    save(project, "", pages=pages)
    made = chunk.cut(project, ChunkSettings(), BASE_MODEL)
    text = project.text("df")
    assert all(text[c.start : c.end] == c.text and 12 <= c.tokens <= 200 for c in made)
    assert 250 < len(made) < 400
    assert sum(c.tokens for c in made) / len(made) > 140
    assert any(c.heading == "Legal Disclaimer" for c in made)


def test_an_empty_project_has_no_chunks(project: Project) -> None:
    assert chunk.rechunk(project, ChunkSettings(), BASE_MODEL).chunks == ()
    save(project, "  \n \n")
    assert chunk.rechunk(project, ChunkSettings(), BASE_MODEL).chunks == ()


def test_an_answer_of_several_chunks_covers_all_that_holds_it(project: Project) -> None:
    save(project, PARAGRAPH * 20, ready=True)
    chunk.rechunk(project, ChunkSettings(), BASE_MODEL)
    chunks: list[Chunk] = project.chunks()
    project.add_pairs([Pair("p", "q", "df", 0, chunks[-1].end, tuple(c.id for c in chunks), "columns", people=True)])
    chunk.rechunk(project, ChunkSettings(size=64, overlap=0), BASE_MODEL)
    assert set(project.pair("p").positives) == {c.id for c in project.chunks()}
    assert replace(project.pair("p"), positives=()) == Pair("p", "q", "df", 0, chunks[-1].end, (), "columns", people=True)
