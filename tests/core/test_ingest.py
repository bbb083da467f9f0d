"""Ingest: files kept first and read after, the same twice, replaced, finished after a crash, described by a table."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from core import ingest
from core.errors import UserError
from core.project import Project
from core.schema import File, FileState, TableReading
from tests.core.making import pdf

FAQ = b"question,answer\nWho signs?,The head signs it.\nWhen is it due?,On the first of May.\n"


def rows(project: Project) -> list[tuple[object, ...]]:
    with project.read() as db:
        return [tuple(row) for name in ("files", "documents", "pages") for row in db.execute(f"SELECT * FROM {name}")]


def ids(project: Project, file: File) -> dict[str, str]:
    return {project.text(document.id): document.id for document in project.documents(file.id)}


def test_files_of_every_kind_become_documents(project: Project) -> None:
    files = [("faq.csv", FAQ), ("note.txt", b"Just a note."), ("book.pdf", pdf([["One page."], ["Two pages."]])), ("none.txt", b"")]
    seen: list[tuple[float, str]] = []
    added = ingest.ingest(project, files, progress=lambda fraction, text: seen.append((fraction, text)))
    assert [file.name for file in added] == [name for name, _ in files]
    assert [file.state for file in added] == [FileState.READ] * 3 + [FileState.EMPTY]
    assert [file.documents for file in added] == [2, 1, 1, 0]
    assert added == sorted(project.files(), key=lambda file: added.index(file))
    assert seen[0] == (0.0, "Reading faq.csv")
    assert seen[-1][0] == 1.0


def test_offsets_hold(project: Project) -> None:
    ingest.add(project, "book.pdf", pdf([["One page."], [], ["The third."]]))
    document = project.documents()[0]
    text = project.text(document.id)
    assert text == "One page.\n\nThe third."
    assert document.characters == len(text)
    assert all(text[page.start : page.start + len(page.text)] == page.text for page in project.pages(document.id))


def test_the_same_file_twice_changes_nothing(project: Project) -> None:
    ingest.ingest(project, [("faq.csv", FAQ)])
    before = rows(project)
    ingest.ingest(project, [("faq.csv", FAQ)])
    ingest.add(project, "faq.csv", FAQ)
    ingest.add(project, "faq.csv", FAQ, columns={"question": "question", "answer": "answer"})
    assert rows(project) == before


def test_an_edited_table_keeps_the_rows_that_it_did_not_touch(project: Project) -> None:
    first = ingest.add(project, "faq.csv", FAQ)
    old = ids(project, first)
    second = ingest.add(project, "faq.csv", FAQ.replace(b"first of May", b"last of June"))
    new = ids(project, second)
    assert (first.id, len(project.files())) == (second.id, 1)
    assert first.sha256 != second.sha256
    assert new["The head signs it."] == old["The head signs it."]
    assert set(old.values()) - set(new.values()) == {old["On the first of May."]}


def test_an_edited_pdf_stays_the_same_document(project: Project) -> None:
    one = ingest.add(project, "a.pdf", pdf([["First words."]]))
    two = ingest.add(project, "a.pdf", pdf([["Other words."]]))
    assert ids(project, two) == {"Other words.": project.documents(one.id)[0].id}


def test_a_version_that_adds_a_column_is_guessed_anew(project: Project) -> None:
    ingest.add(project, "faq.csv", FAQ)
    more = b"question,answer,use\nWho signs?,The head signs it.,test\n"
    file = ingest.add(project, "faq.csv", more)
    assert project.documents(file.id)[0].judge_only


@pytest.mark.parametrize(
    "name", ["../../x.pdf", "/etc/passwd", "C:\\a\\b.txt", "a\x00b\n.txt", "n" * 4096, "", "\u202egnp.txt", "half\ud800.txt"]
)
def test_no_name_does_harm(project: Project, home: Path, name: str) -> None:
    before = {path for path in home.rglob("*") if "blobs" not in path.parts}
    file = ingest.add(project, name, b"Some words here.")
    assert file.state is FileState.READ
    assert 0 < len(file.name) <= 300
    assert file.name.isprintable()
    assert {path.name for path in home.rglob("*") if "blobs" not in path.parts} - {path.name for path in before} <= {
        "project.db-wal",
        "project.db-shm",
    }
    assert project.blob(file.sha256).read_bytes() == b"Some words here."


def test_long_names_stay_different(project: Project) -> None:
    ingest.ingest(project, [("n" * 4000 + "1.txt", b"One."), ("n" * 4000 + "2.txt", b"Two.")])
    assert len({file.name for file in project.files()}) == 2


def test_what_a_crash_leaves_is_finished(project: Project) -> None:
    class Killed(Exception):
        pass

    def kill(fraction: float, text: str) -> None:
        if fraction > 0:
            raise Killed

    with pytest.raises(Killed):
        ingest.ingest(project, [(f"{i}.txt", f"Text number {i}.".encode()) for i in range(4)], progress=kill)
    assert [file.state for file in project.files()].count(FileState.WAITING) == 3
    assert len(ingest.unfinished(project)) == 3
    assert all(file.state is FileState.READ for file in ingest.finish(project))
    assert sorted(project.text(document.id) for document in project.documents()) == [f"Text number {i}." for i in range(4)]


def test_kept_files_wait(project: Project) -> None:
    assert ingest.keep(project, "a.txt", b"Words.").state is FileState.WAITING
    assert ingest.keep(project, "a.txt", b"Words.") == ingest.unfinished(project)[0]
    ingest.finish(project)
    assert ingest.keep(project, "a.txt", b"Words.").state is FileState.READ


def test_finishing_goes_by_the_recipes_columns(project: Project) -> None:
    project.save_recipe(columns={"text": "b"})
    ingest.keep(project, "a.csv", b"a,b\nmany words in here,few words\n")
    ingest.finish(project)
    assert [project.text(document.id) for document in project.documents()] == ["few words"]


@pytest.fixture
def canary(project: Project) -> Iterator[str]:
    """Give a password, and see afterwards that nothing of the project holds it."""
    yield "c4n4ry-p4ss"
    assert not [path for path in project.folder.rglob("*") if path.is_file() and b"c4n4ry" in path.read_bytes()]


def test_a_password_opens_a_file_and_is_kept_nowhere(project: Project, canary: str) -> None:
    locked = pdf([["A secret."]], password=canary)
    file = ingest.add(project, "a.pdf", locked)
    assert file.state is FileState.PASSWORD
    assert "does not open" in ingest.reread(project, file.id, password="wrong").detail
    assert ingest.reread(project, file.id, password=canary).state is FileState.READ
    assert ingest.ingest(project, [("b.pdf", locked)], passwords={"b.pdf": canary})[0].state is FileState.READ


def test_a_table_is_read_again_as_the_person_says(project: Project) -> None:
    file = ingest.add(project, "a.csv", b"a;b\nmany words in here;few words\n")
    again = ingest.reread(project, file.id, reading=TableReading("utf-8", ";", {"b": "text"}))
    assert [project.text(document.id) for document in project.documents(file.id)] == ["few words"]
    assert project.file(file.id) == again


def test_a_reading_that_fails_leaves_what_was_read(project: Project) -> None:
    file = ingest.add(project, "a.csv", b"a,b\nmany words in here,few words\n")
    before = rows(project)
    with pytest.raises(UserError, match="no-such"):
        ingest.reread(project, file.id, reading=TableReading(encoding="no-such"))
    assert rows(project) == before


def test_a_column_that_no_table_has_is_an_error(project: Project) -> None:
    with pytest.raises(UserError, match="Frage"):
        ingest.ingest(project, [("a.csv", FAQ), ("b.txt", b"Words.")], columns={"question": "Frage"})
    with pytest.raises(UserError, match="asks"):
        ingest.add(project, "a.csv", FAQ, columns={"asks": "question"})


def test_columns_said_later_read_the_table_again(project: Project) -> None:
    ingest.add(project, "a.csv", b"a,b\nmany words in here,few words\n")
    ingest.ingest(project, [("a.csv", b"a,b\nmany words in here,few words\n")], columns={"text": "b"})
    assert [project.text(document.id) for document in project.documents()] == ["few words"]


def test_lost_bytes_are_said(project: Project) -> None:
    file = ingest.add(project, "a.txt", b"Words.")
    project.blob(file.sha256).unlink()
    with pytest.raises(UserError, match="no longer on disk"):
        ingest.reread(project, file.id)


METADATA = b"file,date,author,department,lang,title\nA.TXT,2024-05-01,Ana,Sales,de,The note\nfolder/b.txt,2023,Bo,,,\ngone.pdf,2020,,,,\n"


def test_a_table_about_files_describes_their_documents(project: Project) -> None:
    ingest.ingest(project, [("a.txt", b"One."), ("b.txt", b"Two."), ("c.txt", b"Three.")])
    report = ingest.read_metadata(project, METADATA)
    assert (report.matched, report.unmatched) == (("A.TXT", "folder/b.txt"), ("gone.pdf",))
    one, two, three = project.documents()
    assert (one.date, one.author, one.group, one.language, one.title) == ("2024-05-01", "Ana", "Sales", "de", "The note")
    assert (two.date, two.author) == ("2023", "Bo")
    assert (three.date, three.fields) == ("", {})


def test_metadata_outlasts_a_new_version_and_waits_for_files(project: Project) -> None:
    ingest.read_metadata(project, METADATA)
    ingest.add(project, "a.txt", b"One.")
    ingest.add(project, "a.txt", b"One, in other words.")
    ingest.add(project, "gone.pdf", pdf([["Back again."]]))
    assert [document.date for document in project.documents()] == ["2024-05-01", "2020"]


def test_free_fields_are_kept(project: Project) -> None:
    ingest.add(project, "a.txt", b"One.")
    ingest.read_metadata(project, b"filename,shelf\na.txt,B4\n")
    assert project.documents()[0].fields == {"shelf": "B4"}


def test_a_table_about_something_else_is_refused(project: Project) -> None:
    with pytest.raises(UserError, match="not a table about files"):
        ingest.read_metadata(project, b"who,what\nAna,a note\n")


def test_a_failed_version_says_so_and_the_next_one_is_read(project: Project) -> None:
    ingest.add(project, "a.pdf", pdf([["Words."]]))
    assert ingest.add(project, "a.pdf", b"%PDF-1.4 torn").state is FileState.DAMAGED
    assert ingest.add(project, "a.pdf", pdf([["Words."]])).state is FileState.READ
    assert [project.text(document.id) for document in project.documents()] == ["Words."]
