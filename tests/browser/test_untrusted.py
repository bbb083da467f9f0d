"""Text that is not ours is drawn as text, on every page: no request leaves, no markup comes alive."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from app import PAGES
from core import project as projects
from tests.browser.driving import browsing, serving, settled
from tests.pages.filling import EVIL, waiting_run, with_verdict

pytestmark = pytest.mark.slow
TABS = {
    "chunks": ["Themes", "Copies", "Length and settings"],
    "pairs": ["Make pairs", "Add by hand"],
    "statistics": ["Pairs", "Coverage", "Map"],
}


def test_hostile_text_stays_text_on_every_page(home: Path) -> None:
    project = projects.create(EVIL[:80])
    with_verdict(project, query=EVIL, text=EVIL, name=f"{EVIL}.pdf")
    (waiting_run(project) / "log.txt").write_text(EVIL)
    requests: list[str] = []
    dialogs: list[str] = []
    with serving(home) as url, browsing() as page:
        page.on("request", lambda request: requests.append(request.url))
        page.on("dialog", lambda dialog: dialogs.append(dialog.message) or dialog.dismiss())
        for pages in PAGES.values():
            for name, *_ in pages:
                page.goto(f"{url}/{'' if name == 'start' else name}?project={project.id}")
                settled(page)
                if name == "chunks":
                    page.get_by_test_id("stDataFrame").click(position={"x": 17, "y": 55})  # tick the first passage
                    page.get_by_text("Theme of this passage").wait_for()
                for step in ["", *TABS.get(name, [])]:
                    if step:
                        page.get_by_role("tab", name=step).click()
                        settled(page)
                    while (folded := page.locator("details:not([open]) > summary:visible")).count():
                        folded.first.click()
                        settled(page)
                    assert alive(page, url) == [], f"{name} {step}"
                    assert "onerror" in page.content(), f"{name} {step} shows none of the text"
    outside = {r for r in requests if urlsplit(r).scheme in ("http", "https", "ws") and urlsplit(r).netloc != urlsplit(url).netloc}
    assert not outside
    assert not dialogs


def alive(page, url: str) -> list[str]:
    """Return the markup of a page that could only have come from the hostile text."""
    return page.evaluate(
        """url => [
            ...[...document.querySelectorAll('a[href]')].map(a => a.href).filter(h => !h.startsWith(url)),
            ...[...document.querySelectorAll('img')].map(i => i.src).filter(s => s && !s.startsWith(url) && !s.startsWith('data:')),
            ...[...document.querySelectorAll('[onerror]')].map(e => e.outerHTML),
            ...[...document.querySelectorAll('.katex')].map(e => 'formula ' + e.textContent),
        ]""",
        url,
    )
