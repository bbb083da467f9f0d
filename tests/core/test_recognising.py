"""Text recognition: never required, run in a child that can be ended, and its text is read like any other."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest
from PIL import Image, ImageDraw, ImageFont

from core import ingest
from core.errors import UserError
from core.loaders import recognising
from core.loaders.recognising import OcrLimits
from core.project import Project
from core.schema import FileState
from tests.core.making import joined, pdf, picture, scan

SAID = "The harbour opens at six in the morning"


@pytest.fixture
def installed() -> None:
    """Skip where text recognition is not installed, and say what installs it."""
    if lines := recognising.missing():
        pytest.skip(f"text recognition is not installed: {' && '.join(lines)}")


@pytest.fixture
def nothing_on_the_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))


def scanned() -> bytes:
    """Return a PDF with a page of text, a page that is a picture of text, and a blank one."""
    drawn = Image.new("L", (1240, 400), 255)
    ImageDraw.Draw(drawn).text((60, 150), SAID, fill=0, font=ImageFont.load_default(52))
    return joined([pdf([["Words on the first page."]]), picture(drawn), pdf([[]])])


def test_pages_without_text_are_counted_for_recognition_and_blank_ones_are_not(project: Project) -> None:
    ingest.ingest(project, [("mixed.pdf", scanned()), ("whole.pdf", pdf([["All words."]]))])
    assert [(file.name, file.textless) for file in ingest.unrecognised(project)] == [("mixed.pdf", (2,))]


def test_where_it_is_missing_the_lines_that_install_it_are_told(project: Project, nothing_on_the_path: None) -> None:
    ingest.ingest(project, [("scan.pdf", scan(1))])
    assert any("tesseract" in line for line in recognising.missing())
    with pytest.raises(UserError, match="not installed") as told:
        ingest.recognise(project, ingest.unrecognised(project))
    assert "tesseract-ocr" in told.value.hint or "brew install" in told.value.hint


def test_languages_are_found_once_it_is_installed(installed: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with monkeypatch.context() as before:
        before.setenv("PATH", str(tmp_path))
        assert recognising.languages() == ()
    assert "eng" in recognising.languages()


def test_a_stop_ends_it_and_what_was_asked_for_is_not_forgotten(installed: None, project: Project) -> None:
    ingest.add(project, "mixed.pdf", scanned())
    ingest.ask(project, ingest.unrecognised(project))

    class StoppedError(Exception):
        pass

    def stop(fraction: float, text: str) -> None:
        raise StoppedError

    with pytest.raises(StoppedError):
        ingest.recognise_asked(project, stop)
    assert [file.name for file in ingest.unrecognised(project)] == ["mixed.pdf"]
    assert project.meta("recognise") != "[]"


def test_a_language_that_is_not_installed_is_named(installed: None) -> None:
    with pytest.raises(UserError, match="xxx"):
        recognising.recognise(scan(1), [1], ["xxx"])


@pytest.mark.slow
def test_a_scanned_page_is_read_and_the_others_stay(installed: None, project: Project) -> None:
    file = ingest.add(project, "mixed.pdf", scanned())
    document = project.documents(file.id)[0]
    after = ingest.recognise(project, [file])[0]
    assert after.detail == "3 pages read. Page 3 is blank. Text recognition read page 2."
    assert [page.text for page in project.pages(document.id)] == ["Words on the first page.", SAID, ""]
    assert ingest.unrecognised(project) == []
    assert SAID in project.text(ingest.reread(project, file.id) and document.id)


@pytest.mark.slow
def test_new_bytes_under_the_same_name_forget_what_was_recognised(installed: None, project: Project) -> None:
    ingest.recognise(project, [ingest.add(project, "a.pdf", scanned())])
    other = ingest.add(project, "a.pdf", pdf([["Something else."]]))
    assert other.recognised == ""
    assert project.text(project.documents(other.id)[0].id) == "Something else."


@pytest.mark.slow
def test_what_was_asked_for_is_done_by_the_next_run_and_asked_for_no_more(installed: None, project: Project) -> None:
    ingest.add(project, "mixed.pdf", scanned())
    ingest.ask(project, ingest.unrecognised(project))
    assert [file.state for file in ingest.recognise_asked(project)] == [FileState.READ]
    assert ingest.recognise_asked(project) == []


@pytest.mark.slow
def test_a_limit_ends_every_process_of_it(installed: None) -> None:
    with pytest.raises(UserError, match="more time"):
        recognising.recognise(scanned(), [2], ["eng"], limits=OcrLimits(seconds=0.3, seconds_a_page=0))
    assert not [child for child in psutil.Process(os.getpid()).children(recursive=True) if "ocr" in " ".join(child.cmdline())]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "words"), [("un_loremipsum-flat", "Lorem ipsum dolor sit amet"), ("un_table-multi-row-column-cells", "Low Vision")]
)
def test_real_scans_give_their_text(installed: None, project: Project, data: Path, name: str, words: str) -> None:
    file = ingest.add(project, f"{name}.pdf", (data / "pdf_messy" / f"{name}.pdf").read_bytes())
    assert file.state is FileState.NO_TEXT
    assert ingest.recognise(project, [file])[0].state is FileState.READ
    assert words in project.text(project.documents(file.id)[0].id)
