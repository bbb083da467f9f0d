"""What did not change keeps its ids, whatever the text."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core import ingest
from core import project as projects
from core.chunk import rechunk
from core.recipe import BASE_MODEL, ChunkSettings

LINES = st.lists(
    st.one_of(
        st.text(max_size=60),
        st.sampled_from(
            [
                "1. General terms", "", "The harbour opens at six. Boats leave every hour.", "港は六時に開きます。船は毎時出ます。", "ท่าเรือเปิดหกโมงเช้า",
                "يفتح الميناء في السادسة. تغادر القوارب كل ساعة.", "x" * 300, "a-b_c/d " * 20, "- item; item: item, item", "\U0001f6a2" * 30, "é" * 50,
            ]
        ),
    ),
    max_size=14,
)  # fmt: skip


@settings(max_examples=6, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LINES, LINES)
def test_ids_last_when_a_file_is_added_or_read_again(home: object, one: list[str], other: list[str]) -> None:
    project = projects.create(f"P{len(projects.projects())}")
    first = ("one.txt", "\n".join(["A first line of words.", *one]).encode("utf-8", "replace"))
    second = ("other.txt", "\n".join(["Another line of words.", *other]).encode("utf-8", "replace"))

    def ids(*files: tuple[str, bytes]) -> list[str]:
        ingest.ingest(project, list(files))
        rechunk(project, ChunkSettings(size=32, overlap=4), BASE_MODEL)
        return [chunk.id for chunk in project.chunks()]

    before = ids(first)
    both = ids(second)
    assert both[: len(before)] == before
    assert ids(first, second) == both
    for file in project.files():
        ingest.reread(project, file.id)
    assert ids() == both
