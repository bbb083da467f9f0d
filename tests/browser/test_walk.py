"""The whole way in the browser: the sample from upload to verdict, Compare and Publish.

ATTUNE_SCREENSHOTS=assets/screenshots pytest -m slow tests/browser/test_walk.py   also writes the README's pictures.
"""

from __future__ import annotations

import io
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from core import project as projects
from core import runs
from core.schema import FileState, VerdictWord
from tests.browser.driving import browsing, entered, serving, settled
from tests.hub_server import HubServer

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
SAMPLE = Path(__file__).resolve().parent.parent.parent / "assets" / "sample"
FILES = [str(path) for path in sorted(SAMPLE.iterdir()) if path.suffix in (".pdf", ".csv")]
PICTURES = os.environ.get("ATTUNE_SCREENSHOTS", "")
LONG = 600_000  # milliseconds that training and sending may take on a busy machine
QUESTION = "Where can I report that I was hurt?"


def test_the_sample_goes_all_the_way_from_upload_to_publication(home: Path) -> None:
    with serving(home) as url, browsing() as page, HubServer() as hub:
        page.goto(url)
        settled(page, "Tune search to your own documents")
        picture(page, "start", 760)
        page.get_by_role("button", name="New project").click()
        page.get_by_label("Name").fill("Handbook")
        page.get_by_role("button", name="Make project").click()

        settled(page, "Documents")
        page.locator("input[type=file]").first.set_input_files(FILES)
        page.get_by_role("heading", name=re.compile("^3 files")).wait_for()
        settled(page)
        project = projects.projects()[0]
        assert [file.state for file in project.files()] == [FileState.READ] * 3
        picture(page, "documents", 720)
        press(page, "Look at the passages", "Chunks")

        assert project.count_chunks() > 100
        picture(page, "chunks", 900)
        page.get_by_role("tab", name="Themes").click()
        page.get_by_text("How themes are made").wait_for()
        picture(page, "themes", 960)
        press(page, "Make pairs", "Pairs")

        page.get_by_role("button", name="Make pairs").click()
        page.get_by_text("Pairs in use").wait_for()
        settled(page)
        picture(page, "pairs", 1000)
        press(page, "Train a model", "Train")

        page.get_by_role("button", name="Divide the questions now").click()
        page.get_by_text("To judge by").wait_for()
        page.get_by_text(re.compile("About .* min")).first.wait_for(timeout=LONG)
        page.get_by_test_id("stRadioGroup").locator("label").filter(has_text="Balanced" if PICTURES else "Quick").click()
        settled(page)
        picture(page, "train", 900)
        page.get_by_role("button", name="Start training").click()

        page.get_by_role("heading", name="Runs", level=1).wait_for()
        if PICTURES:
            page.get_by_text(re.compile("Epoch 3 of")).first.wait_for(timeout=LONG)
        picture(page, "runs", 735)
        page.get_by_role("button", name="See the verdict").wait_for(timeout=LONG)
        settled(page)
        press(page, "See the verdict", "Evaluate")

        run = runs.runs(project)[0]
        evaluation = run.evaluation()
        assert evaluation
        shown = page.get_by_role("heading", level=2).first.inner_text().lower()
        assert any(word.value in shown for word in VerdictWord)
        assert evaluation.verdict.word.value in shown
        told = evaluation.verdict.text.partition(": ")[2][1:]  # the first letter is a capital one on the page
        assert told in page.get_by_test_id("stMain").inner_text().replace("\u2060", "")  # which keeps "@10" from being read as a link
        picture(page, "evaluate", 1340)

        go(page, "Compare")
        page.get_by_label("Your question").fill(QUESTION)
        page.get_by_role("button", name="Search", exact=True).click()
        page.get_by_role("heading", name="Tuned").wait_for()
        settled(page)
        assert page.get_by_text("This is the right passage").count() == 10
        picture(page, "compare", 1040)
        page.get_by_text("This is the right passage").first.click()
        page.get_by_text(re.compile("The right passage")).first.wait_for()
        assert [pair.query for pair in project.pairs() if pair.generator == "marked"] == [QUESTION]

        go(page, "Publish")
        page.get_by_label("Name of the repository").fill("handbook")
        entered(page, "Hub", hub.url)  # another hub has a token field of its own: typed too early, the token goes with the old one
        entered(page, "Token", "hf_right")  # the page is drawn again: a click meanwhile would go to a button on the move
        assert page.get_by_label("Token", exact=True).input_value() == "hf_right"
        page.get_by_role("button", name="Publish", exact=True).click()
        page.get_by_text("read back and compared").wait_for(timeout=LONG)
        settled(page)
        page.get_by_role("heading", name="Publish", level=1).scroll_into_view_if_needed()
        picture(page, "publish", 1240)
        [repository] = hub.repositories.values()
        assert repository.private
        assert "1_Pooling/config.json" in repository.files


def press(page: Page, button: str, title: str) -> None:
    """Press the button that leads on, and wait for the page that it leads to."""
    page.get_by_role("button", name=button).last.click()
    settled(page, title)


def go(page: Page, title: str) -> None:
    """Take the menu to another page."""
    page.get_by_test_id("stSidebar").get_by_role("link", name=title).click()
    settled(page, title)


def picture(page: Page, name: str, height: int) -> None:
    """Write a small picture of what is seen now, when the README's pictures are asked for."""
    if not PICTURES:
        return
    from PIL import Image

    page.set_viewport_size({"width": 1280, "height": height})
    page.get_by_role("heading", level=1).first.scroll_into_view_if_needed()
    page.mouse.move(800, 30)
    page.get_by_test_id("stToast").wait_for(state="detached")
    page.wait_for_timeout(1500)  # charts come in their own time
    Path(PICTURES).mkdir(parents=True, exist_ok=True)
    seen = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    seen.quantize(128, dither=Image.Dither.NONE).save(Path(PICTURES) / f"{name}.png", optimize=True)
    page.set_viewport_size({"width": 1280, "height": 900})
