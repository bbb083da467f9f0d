"""Addresses: a shared link, a refresh and a second tab show the same thing, on a server that nobody has visited before too."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from app import PAGES
from core import project as projects
from core.project import Project
from tests.browser.driving import browsing, serving, settled
from tests.pages.filling import with_verdict

pytestmark = pytest.mark.slow
NAMES = {name: title for pages in PAGES.values() for name, title, *_ in pages}


@pytest.mark.parametrize("name", [name for name in NAMES if name != "start"])
def test_the_first_address_of_a_fresh_server_shows_its_page_inside_the_app(home: Path, project: Project, name: str) -> None:
    with_verdict(project)
    with serving(home) as url, browsing() as page:
        seen: list[str] = []
        messages = watch(page, seen)
        page.goto(f"{url}/{name}?project={project.id}")
        settled(page, NAMES[name])
        expect(page.get_by_test_id("stSidebar").get_by_test_id("stPageLink")).to_have_count(len(NAMES), timeout=60_000)
        assert page.get_by_role("dialog").count() == 0
        assert not [m for m in messages if m == "page_not_found"]
        assert {m for m in messages if m.startswith("navigation")} == {f"navigation {len(NAMES)}"}  # no other menu flashed by
        assert seen[:1] == [NAMES[name]]  # nor another page


def watch(page, headings: list[str]) -> list[str]:
    """Note what the server tells the browser: pages that are not there, menus, and titles in the order they come."""
    from google.protobuf.message import DecodeError
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

    told: list[str] = []

    def take(frame: object) -> None:
        message = ForwardMsg()
        try:
            message.ParseFromString(frame if isinstance(frame, bytes) else b"")
        except DecodeError:
            return
        kind = message.WhichOneof("type") or ""
        told.append(f"navigation {len(message.navigation.app_pages)}" if kind == "navigation" else kind)
        if kind == "delta" and message.delta.new_element.WhichOneof("type") == "heading":
            headings.append(message.delta.new_element.heading.body)

    page.on("websocket", lambda socket: socket.on("framereceived", take))
    return told


def test_the_project_in_view_outlives_refresh_menu_and_second_tab(home: Path, project: Project) -> None:
    other = projects.create("Another")
    with serving(home) as url, browsing() as page:
        page.goto(f"{url}/documents?project={project.id}")
        settled(page, "Documents")
        page.get_by_test_id("stSidebar").get_by_role("link", name="Chunks").click()
        settled(page, "Chunks")
        assert page.url.endswith(f"/chunks?project={project.id}")
        page.reload()
        settled(page, "Chunks")
        assert page.url.endswith(f"/chunks?project={project.id}")
        assert page.get_by_test_id("stSidebar").get_by_role("combobox").input_value() == project.name
        tab = page.context.new_page()
        tab.goto(f"{url}/chunks?project={other.id}")
        settled(tab, "Chunks")
        assert tab.get_by_test_id("stSidebar").get_by_role("combobox").input_value() == other.name
        page.go_back()
        settled(page, "Documents")
        assert page.url.endswith(f"/documents?project={project.id}")
