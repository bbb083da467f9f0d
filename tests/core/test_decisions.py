"""Keep, drop and reword: in one step for one pair or thousands, told who and when, undone and done again."""

from __future__ import annotations

import time

import pytest

from core import pairs
from core.errors import UserError
from core.project import PairFilter, Project
from core.schema import PairState, Reason
from tests.pages.filling import with_pairs


def states(project: Project) -> list[PairState]:
    return [pair.state for pair in project.pairs()]


def test_who_decided_and_when_is_kept(project: Project) -> None:
    with_pairs(project)
    before = time.time()
    pairs.judge(project, ["q1"], PairState.DROPPED, who="Ada")
    pair = project.pair("q1")
    assert (pair.state, pair.reason, pair.who) == (PairState.DROPPED, Reason.BY_HAND, "Ada")
    assert before - 0.01 <= pair.decided <= time.time() + 0.01


def test_without_a_name_the_systems_user_decides(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "grace")
    with_pairs(project)
    pairs.judge(project, ["q1"], PairState.DROPPED)
    assert project.pair("q1").who == "grace"


def test_all_that_fit_a_filter_are_decided_in_one_step(project: Project) -> None:
    with_pairs(project)
    assert pairs.judge(project, PairFilter(generator="sentence"), PairState.DROPPED) == 8
    assert project.count_pairs(PairFilter(state=PairState.DROPPED)) == 8
    (step,) = project.decisions()
    assert (step.what, step.pairs, step.undone) == ("dropped", 8, False)


def test_undo_takes_back_one_step_after_the_other_and_redo_does_them_again(project: Project) -> None:
    with_pairs(project)
    seen = [project.pairs()]
    for step in (
        lambda: pairs.judge(project, ["q1", "q2"], PairState.DROPPED),
        lambda: pairs.edit(project, "q3", "At what time?"),
        lambda: pairs.judge(project, ["q2"], PairState.KEPT),
    ):
        step()
        seen.append(project.pairs())
    for before in seen[-2::-1]:
        project.undo()
        assert project.pairs() == before
    assert project.undo() == 0
    for after in seen[1:]:
        project.redo()
        assert project.pairs() == after
    assert project.redo() == 0


def test_a_new_decision_gives_up_what_was_undone(project: Project) -> None:
    with_pairs(project)
    pairs.judge(project, ["q1"], PairState.DROPPED)
    project.undo()
    pairs.judge(project, ["q2"], PairState.DROPPED)
    assert not project.to_redo()
    project.undo()
    assert set(states(project)) == {PairState.KEPT}
    assert [step.undone for step in project.decisions()] == [True, True]


def test_undo_leaves_alone_what_changed_since(project: Project) -> None:
    with_pairs(project)
    pairs.judge(project, ["q1", "q2"], PairState.DROPPED)
    project.update_pairs(["q1"], state=PairState.KEPT, reason="")
    assert project.undo() == 1
    assert set(states(project)) == {PairState.KEPT}


def test_a_passage_that_is_gone_is_not_kept_by_undo_nor_by_a_filter(project: Project) -> None:
    with_pairs(project)
    pairs.judge(project, ["q1"], PairState.DROPPED)
    project.remove_file("f1")
    assert project.undo() == 0
    assert pairs.judge(project, PairFilter(), PairState.KEPT) == 0
    with pytest.raises(UserError, match="cannot be kept"):
        pairs.judge(project, ["q2"], PairState.KEPT)


def test_dropping_all_leaves_the_reasons_of_those_that_were_left_out_before(project: Project) -> None:
    with_pairs(project)
    project.update_pairs(["q1"], state=PairState.DROPPED, reason=Reason.NEAR)
    pairs.judge(project, PairFilter(), PairState.DROPPED)
    assert project.pair("q1").reason == Reason.NEAR
