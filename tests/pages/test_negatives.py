"""The queue of doubtful passages on the Pairs page, and the form that looks for hard negatives."""

from __future__ import annotations

from core.project import Project
from core.schema import Doubt
from tests.pages.filling import EVIL, with_pairs
from tests.pages.opening import open_page, words


def test_a_doubt_is_decided_the_next_one_comes_and_undo_brings_it_back(project: Project) -> None:
    with_pairs(project, text=EVIL)
    doubts = [Doubt(f"q{i}", f"c{i + 1}", "base", 0.9 - i / 100, 0.8) for i in range(3)]
    project.save_negatives(project.pairs(), [], doubts)
    app = open_page("pairs", project, pairs_tab="Negatives")
    assert not app.exception
    assert "3 left" in words(app)
    app.button(key="doubt_right").click().run()
    assert "2 left" in words(app)
    assert project.pair("q0").positives == ("c0", "c1")
    app.button(key="doubt_wrong").click().run()
    assert project.pair("q1").negatives == ("c2",)
    app.button(key="doubt_undo").click().run()
    assert project.pair("q1").negatives == ()
    app.button(key="doubt_ignore").click().run()
    assert project.count_open_doubts() == 1
    assert not app.exception


def test_margins_that_leave_no_room_are_refused_in_words(project: Project) -> None:
    app = open_page("pairs", with_pairs(project), pairs_tab="Negatives")
    app.number_input(key="negatives_range_max").set_value(2)
    app.button(key="find_negatives").click().run()
    assert "leave no room" in str(app.error[0].proto).replace("\\", "")
