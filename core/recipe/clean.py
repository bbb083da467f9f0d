"""How texts are cleaned as files are read."""

from __future__ import annotations

from pydantic import Field

from core.recipe.section import Section


class CleanSettings(Section):
    """What is put right in a text before it is cut. Changing one of these reads the files again; pairs stay."""

    unicode: bool = Field(
        True, title="One form of each letter", description="Unicode NFC: é as one sign, not e and an accent. Searches need them alike."
    )
    ligatures: bool = Field(
        True,
        title="Ligatures spelled out",
        description="ﬁ becomes fi, and the drawn shapes of Arabic and Hebrew letters become the letters.",
    )
    hyphens: bool = Field(True, title="Words joined at line ends", description="“infor-” and “mation” on the next line become one word.")
    html: bool = Field(True, title="HTML taken out", description="Tags in a table's cells or a saved web page go; their text stays.")
    boilerplate: bool = Field(
        True, title="Headers and footers set aside", description="Lines that return at the edge of pages, and page numbers."
    )
