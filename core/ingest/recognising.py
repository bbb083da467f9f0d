"""Pages without text become readable: a copy of the file with recognised text is kept beside it and read instead."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from core.errors import UserError
from core.ingest.reading import read, save
from core.loaders import recognising
from core.loaders.cleaning import listed, one_line
from core.project import Project
from core.schema import File, Progress, silent

ASKED = "recognise"
"""The project's own setting that lists the files to recognise, so that a crash forgets none."""
TOLD = " Text recognition "


def unrecognised(project: Project) -> list[File]:
    """Return the files with pages that show something and have no text, and that were not recognised yet."""
    return [file for file in project.files() if file.textless and not file.recognised]


def ask(project: Project, files: Sequence[File]) -> None:
    """Note that these files' pages are to be recognised; a background run does it (`recognise_asked`)."""
    project.set_meta(ASKED, json.dumps([file.id for file in files]))


def recognise_asked(project: Project, progress: Progress = silent) -> list[File]:
    """Recognise the files that were asked for, each taken off the list once it is done."""
    asked = json.loads(project.meta(ASKED, "[]"))
    files = [file for file in unrecognised(project) if file.id in asked]
    done = []
    for number, file in enumerate(files):
        done += recognise(project, [file], partial(_part, progress, number, len(files)))
        ask(project, files[number + 1 :])
    ask(project, [])
    return done


def _part(progress: Progress, number: int, total: int, fraction: float, text: str) -> None:
    progress((number + fraction) / total, text)


def recognise(project: Project, files: Sequence[File], progress: Progress = silent) -> list[File]:
    """Recognise the pages of files that have no text, and return the files as they are after it.

    A file on which it fails stays as it was and says why. Raises `UserError` where nothing of it is installed.
    """
    if lines := recognising.missing():
        raise UserError("Text recognition is not installed.", f"Install it with: {' && '.join(lines)}")
    languages = project.recipe().ocr.languages
    done = []
    for number, file in enumerate(files):
        text = f"Recognising {listed(file.textless, 'page')} of {one_line(file.name, 60)}"
        done.append(_one(project, file, languages, partial(progress, number / len(files), text)))
    progress(1.0, f"{len(files)} recognised")
    return done


def _one(project: Project, file: File, languages: Sequence[str], watch: Callable[[], None]) -> File:
    watch()
    before = file.detail.split(TOLD)[0]
    try:
        made = recognising.recognise(project.blob(file.sha256).read_bytes(), file.textless, languages, watch)
    except UserError as error:
        failed = replace(file, detail=f"{before}{TOLD}failed: {error.message} {error.hint}")
        project.save_file(failed)
        return failed
    copy = replace(file, recognised=project.put_blob(made))
    parsed = read(project, copy)
    said = {page.number for document in parsed.documents for page in document.pages if page.text}
    found = [number for number in file.textless if number in said]
    if not found:  # kept as it was, and not offered again
        nothing = replace(copy, detail=f"{before}{TOLD}found no text to speak of on {listed(file.textless, 'page')}.")
        project.save_file(nothing)
        return nothing
    return save(project, copy, replace(parsed, detail=f"{parsed.detail}{TOLD}read {listed(found, 'page')}."))
