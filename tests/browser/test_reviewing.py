"""Reviewing by the keyboard: one pair at a time, decided, undone and gone on with by single keys."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.project import Project
from core.schema import PairState
from tests.browser.driving import browsing, serving, settled
from tests.filled import eventually
from tests.pages.filling import with_pairs

pytestmark = pytest.mark.slow


def test_single_keys_keep_drop_undo_and_go_on(home: Path, project: Project) -> None:
    with_pairs(project)
    with serving(home) as url, browsing() as page:
        page.goto(f"{url}/pairs?project={project.id}")
        settled(page, "Pairs")
        page.get_by_text("One at a time").click()
        page.get_by_text("1 of 12", exact=True).wait_for()
        page.keyboard.press("d")
        page.get_by_text("2 of 12", exact=True).wait_for()
        assert project.pair("q0").state is PairState.DROPPED
        page.keyboard.press("u")
        eventually(lambda: project.pair("q0").state is PairState.KEPT)
        settled(page)
        page.keyboard.press("j")
        page.get_by_text("3 of 12", exact=True).wait_for()
        page.keyboard.press("k")
        page.get_by_text("4 of 12", exact=True).wait_for()
        assert project.pair("q2").reason == "by hand"
