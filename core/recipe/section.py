"""What all sections of a recipe have in common."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """Refuse what is not known and keep what was checked."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


def written(section: Section) -> dict[str, Any]:
    """Return a section as plain data without what was left empty; it parses to an equal section."""
    plain = section.model_dump(mode="json")
    for name, field in type(section).model_fields.items():
        value = getattr(section, name)
        if isinstance(value, Section):
            plain[name] = written(value)
        elif isinstance(value, tuple):
            plain[name] = [written(one) if isinstance(one, Section) else shown for one, shown in zip(value, plain[name], strict=True)]
        if plain[name] in (None, "", [], {}) and value == field.get_default(call_default_factory=True):
            del plain[name]
    return plain
