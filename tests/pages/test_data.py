"""Documents, Chunks and Pairs: with nothing, with something, and with something wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from core import ingest
from core.project import PairFilter, Project
from core.recipe import GateSettings
from core.schema import Measure, PairState
from core.themes import labels
from pages.widgets import charts
from tests.core.making import scan
from tests.pages.filling import EVIL, waiting_run, with_documents, with_pairs
from tests.pages.opening import open_page, words


@pytest.mark.parametrize(("page", "leads_to"), [("documents", ""), ("chunks", "Add documents"), ("pairs", "Add documents")])
def test_an_empty_project_says_what_to_do_first(project: Project, page: str, leads_to: str) -> None:
    app = open_page(page, project)
    assert not app.exception
    assert not app.error
    assert leads_to in words(app)


@pytest.mark.parametrize("page", ["documents", "chunks", "pairs"])
def test_a_filled_project_is_drawn_without_an_error(project: Project, page: str) -> None:
    app = open_page(page, with_pairs(project))
    assert not app.exception
    assert not app.error
    assert app.dataframe


@pytest.mark.parametrize("page", ["documents", "chunks", "pairs"])
def test_hostile_text_reaches_no_markdown_unescaped(project: Project, page: str) -> None:
    app = open_page(page, with_pairs(project, query=EVIL, text=EVIL, name=f"{EVIL[:60]}.pdf"), chunk_id="c1")
    assert not app.exception
    live = [e.value for kind in (app.markdown, app.caption, app.header, app.subheader, app.title) for e in kind] + [
        e.label for e in app.expander
    ]
    assert not [text for text in live if "![x](http" in text or ":material/delete:" in text]


def test_the_password_of_a_locked_file_is_asked_for_and_a_wrong_file_says_so(project: Project) -> None:
    app = open_page("documents", with_documents(project))
    assert "locked with a password" in words(app)
    app.text_input(key="typed_f2").set_value("secret")
    app.form_submit_button[0].click().run()
    assert "no longer on disk" in str(app.error[0].proto)
    assert not app.exception


def test_a_file_can_be_removed(project: Project) -> None:
    app = open_page("documents", with_documents(project))
    app.multiselect(key="to_remove").set_value(["f1"]).run()
    app.button(key="remove_files").click().run()
    assert project.count_chunks() == 0
    assert not app.exception


def test_a_small_upload_is_read_and_cut_at_once(project: Project) -> None:
    app = open_page("documents", project)
    app.file_uploader[0].upload("note.txt", b"The harbour opens at six.\n\nBoats may enter until nine in the evening.").run()
    assert not app.exception
    assert [file.name for file in project.files()] == ["note.txt"]
    assert project.count_chunks() > 0


def test_chunks_can_be_searched_and_one_is_shown_between_its_neighbours(project: Project) -> None:
    app = open_page("chunks", with_documents(project), chunk_id="c5")
    assert "Passage 5. The ferry" in [text.value for text in app.text][1]
    assert any("Passage 4" in caption.value for caption in app.caption)
    app.text_input(key="chunks_search").set_value("Passage 11").run()
    assert len(app.dataframe[0].value) == 1


def test_overlap_above_half_the_size_is_refused_in_words(project: Project) -> None:
    app = open_page("chunks", with_documents(project), chunks_tab="Length and settings")
    app.number_input(key="chunk_size").set_value(20)
    app.number_input(key="chunk_overlap").set_value(19)
    app.form_submit_button[0].click().run()
    assert "more than half" in str(app.error[0].proto).replace("\\", "")


def test_a_theme_can_be_renamed(project: Project) -> None:
    app = open_page("chunks", with_documents(project), chunks_tab="Themes")
    assert not app.exception
    app.selectbox(key="theme_to_rename").set_value("t0")
    app.text_input(key="theme_name").set_value("Fares")
    next(button for button in app.form_submit_button if button.label == "Rename").click().run()
    assert "Fares" in [theme.name for theme in project.themes()]


def test_a_tick_and_a_new_wording_are_saved_at_once(project: Project) -> None:
    app = open_page("pairs", with_pairs(project))
    editor = app.data_editor[0]
    app.session_state[editor.key] = {
        "edited_rows": {0: {"Keep": False}, 1: {"Question": "At what time?"}},
        "added_rows": [],
        "deleted_rows": [],
    }
    app.run()
    assert project.count_pairs(PairFilter(state=PairState.DROPPED)) == 1
    assert "At what time?" in [pair.query for pair in project.pairs()]


def test_the_theme_question_is_warned_of_and_never_ticked_by_itself(project: Project) -> None:
    app = open_page("pairs", with_documents(project))
    box = app.checkbox(key="generator_theme")
    assert not box.value
    box.check().run()
    assert "worse" in app.warning[0].value


def test_a_pair_by_hand_needs_words(project: Project) -> None:
    app = open_page("pairs", with_pairs(project), pairs_tab="Add by hand", hand_chunk="c2")
    next(button for button in app.form_submit_button if button.label == "Add the pair").click().run()
    assert app.error
    app.text_input(key="hand_query").set_value("Where is the pier?")
    next(button for button in app.form_submit_button if button.label == "Add the pair").click().run()
    assert "Where is the pier?" in [pair.query for pair in project.pairs()]


def test_the_key_of_a_language_model_is_bound_to_its_address(project: Project) -> None:
    app = open_page("pairs", with_documents(project))
    app.checkbox(key="generator_llm").check().run()
    app.text_input(key="llm_url").set_value("http://localhost:9/v1").run()
    app.text_input(key="llm_key_http://localhost:9").set_value("sk-secret").run()
    app.text_input(key="llm_url").set_value("http://elsewhere.example/v1").run()
    assert not any(field.value == "sk-secret" for field in app.text_input)


def test_files_that_were_never_read_can_be_finished(project: Project) -> None:
    ingest.keep(project, "note.txt", b"The harbour opens at six.")
    app = open_page("documents", project)
    assert "1 file not read yet" in app.warning[0].proto.title
    assert app.button(key="finish_reading")


def test_a_run_that_failed_says_why_where_it_was_started(project: Project) -> None:
    waiting_run(with_documents(project), kind="pairs")
    app = open_page("pairs", project)
    assert "cut off" in app.warning[0].proto.title


def test_copies_stand_side_by_side_as_plain_text(project: Project) -> None:
    from core import recipe
    from core.split import alike

    with_documents(project, text=EVIL)
    alike.near_duplicates(project, project.chunks(), recipe.SplitSettings().near_duplicate)
    app = open_page("chunks", project, chunks_tab="Copies")
    assert not app.exception
    assert "1 group" in words(app)
    assert sum(EVIL in element.value for element in app.text) == 12


def test_copies_are_looked_for_again_after_the_passages_changed(project: Project) -> None:
    app = open_page("chunks", with_documents(project, text=EVIL), chunks_tab="Copies")
    app.button(key="find_copies").click().run()
    assert not app.exception
    assert project.alike_found_for()


def test_a_switch_of_cleaning_is_shown_before_and_after_and_reads_the_files_again(project: Project) -> None:
    ingest.ingest(
        project, [("shop.csv", b"title,body\nLamp,<p>Stands on any <b>desk</b></p>\nKettle,<p>Boils water in <i>minutes</i></p>\n")]
    )
    app = open_page("documents", project)
    app.button(key="clean_show").click().run()
    assert "Stands on any <b>desk</b>" in str(app.dataframe[-1].value["Without it"].tolist())
    assert "Stands on any desk" in app.dataframe[-1].value["With it"].tolist()
    app.checkbox(key="clean_html").uncheck()
    next(button for button in app.button if button.label == "Read the files with these settings").click().run()
    assert not app.exception
    assert not project.recipe().clean.html
    assert "<b>desk</b>" in project.text(project.documents()[0].id)


def checked(project: Project) -> Project:
    """Give a project pairs of a language model that were measured, two of them faulty, and one of a person's."""
    with_pairs(project)
    with project.write() as db:
        db.execute("UPDATE pairs SET generator = 'llm' WHERE generator = 'sentence'")
    project.save_measures(
        Measure(p.id, "d", kind="asked", words=9, refers=2 * (p.id in ("q1", "q3")), copied=8 * (p.id == "q2")) for p in project.pairs()
    )
    project.apply_gate(GateSettings(), "me")
    return project


def test_moved_limits_say_what_they_would_do_and_do_it_when_applied(project: Project) -> None:
    app = open_page("pairs", checked(project), pairs_tab="Quality")
    assert not app.exception
    assert "set aside **0** more and give back **0**" in words(app)
    next(slider for slider in app.slider if slider.label == "Copied wording").set_value(1.0).run()
    assert "give back **1**" in words(app)
    assert project.pair("q2").state is PairState.ASIDE
    app.button(key="gate_apply").click().run()
    assert project.pair("q2").state is PairState.KEPT
    app.button(key="undo").click().run()
    assert project.pair("q2").state is PairState.ASIDE
    assert not app.exception


def test_a_reason_leads_to_its_pairs(project: Project) -> None:
    app = open_page("pairs", checked(project), pairs_tab="Quality")
    next(button for button in app.button if button.label == "Refers to its passage: 2, 1 of them kept").click().run()
    assert not app.exception
    assert list(app.data_editor[0].value["Why"]) == ["refers to its passage"] * 2


def test_pairs_that_were_not_checked_are_said_and_can_be(project: Project) -> None:
    app = open_page("pairs", with_pairs(project), pairs_tab="Quality")
    assert "**12** pairs have not been checked" in words(app)
    assert app.button(key="gate_check")


def test_all_that_fit_the_filters_are_decided_in_one_step_and_undone(project: Project) -> None:
    app = open_page("pairs", with_pairs(project))
    app.selectbox(key="pairs_kind").set_value("sentence").run()
    app.button(key="many_Drop").click().run()
    assert project.count_pairs(PairFilter(state=PairState.DROPPED)) == 8
    app.button(key="undo").click().run()
    assert project.count_pairs(PairFilter(state=PairState.KEPT)) == 12
    assert not app.exception


def test_one_pair_at_a_time_is_read_whole_and_decided(project: Project) -> None:
    app = open_page("pairs", with_pairs(project), pairs_view="One at a time")
    app.button(key="one_Next").click().run()
    shown = [text.value for text in app.text]
    assert shown[-2:] == ["When does the ferry leave? (1)", "Passage 1. The ferry leaves at seven. Bring a ticket."]
    app.button(key="one_Drop").click().run()
    assert project.pair("q1").state is PairState.DROPPED
    assert "3 of 12" in words(app)


def test_what_is_decided_among_the_kept_ones_makes_room_for_the_next(project: Project) -> None:
    app = open_page("pairs", with_pairs(project), pairs_view="One at a time")
    app.selectbox(key="pairs_state").set_value(PairState.KEPT).run()
    app.button(key="one_Drop").click().run()
    assert "1 of 11" in words(app)
    assert app.text[-2].value == "When does the ferry leave? (1)"


def test_pages_without_text_are_named_with_what_installs_text_recognition(
    project: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    ingest.ingest(project, [("scan.pdf", scan(3))])
    app = open_page("documents", project)
    assert not app.exception
    assert "**3 pages** hold no text" in words(app)
    assert "install tesseract" in words(app)


def test_a_file_of_labels_is_taken_and_what_matches_nothing_is_said(project: Project) -> None:
    app = open_page("chunks", with_documents(project), chunks_tab="Themes")
    app.file_uploader(key="labels_given").upload("mine.csv", f"guide.pdf,boats,travel\n{EVIL[:60]},x,\n".encode()).run()
    app.button(key="take_labels").click().run()
    assert not app.exception
    assert "travel · boats" in project.theme_names().values()
    assert project.theme_table() == [("travel · boats", "guide.pdf", 12)]
    assert "1 label passed over" in app.warning[0].value


def test_themes_are_merged_nested_and_deleted_by_hand(project: Project) -> None:
    app = open_page("chunks", with_documents(project), chunks_tab="Themes")
    app.selectbox(key="theme_to_arrange").set_value("t0").run()
    app.selectbox(key="parent_of_t0").set_value("t1").run()
    app.button(key="nest_theme").click().run()
    assert {theme.id: theme.parent for theme in project.themes()} == {"t0": "t1", "t1": ""}
    app.multiselect(key="themes_to_merge").set_value(["t1"]).run()
    app.button(key="merge_themes").click().run()
    assert [(theme.id, theme.parent, theme.origin) for theme in project.themes()] == [("t0", "", "person")]
    app.button(key="delete_theme").click().run()
    assert not app.exception
    assert (project.themes(), project.theme_table()) == ([], [("Unclassified", "guide.pdf", 12)])


def test_many_themes_with_parts_are_drawn_by_what_they_belong_to(project: Project) -> None:
    with_documents(project)
    labels.take(project, [labels.Label(f"c{i}", f"part {i}", "whole") for i in range(12)])
    app = open_page("chunks", project, chunks_tab="Themes")
    assert not app.toggle(key="themes_top").value
    app.toggle(key="themes_top").set_value(True).run()
    assert not app.exception
    assert project.theme_table(top=True) == [("whole", "guide.pdf", 12)]
    for i in range(charts.BARS):
        project.add_theme(f"New {i}")
    assert open_page("chunks", project, chunks_tab="Themes").toggle(key="themes_top").value
