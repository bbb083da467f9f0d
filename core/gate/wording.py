"""What the words of a question give away: that they were copied from the passage, or that they cannot stand without it."""

from __future__ import annotations

import regex

from core.text import words

LOOSELY, OUTRIGHT = 1, 2

# Nobody who has not seen the passage can know which text is meant. "The text of the law" and "a text message" name one.
_OUTRIGHT = r"""
(?:this|that|above|following|preceding|given|provided|according\ to\ the|(?:in|from|of|by|does|on|with)\ the|this\ short)
  \ (?:(?:above|given|provided|following|short)\ )?(?:passage|text|excerpt|paragraph|snippet|extract)s?\b(?!\ (?:of|message|messages|box|field|file|editor)\b|[-–])
|\bthe\ (?:(?:above|given|provided|following)\ )?(?:passage|excerpt|snippet)\b(?!\ of)
|\bthis\ (?:document|article|section|chapter|page|report|context|content|information|material)\b
|\b(?:described|mentioned|stated|listed|shown|given|discussed)\ (?:here|above|below)\b|\babove-?mentioned\b|\baforementioned\b
|\b(?:dies\p{L}*|d(?:er|en|em|es)|im|laut|obig\p{L}*|folgend\p{L}*|vorliegend\p{L}*|gegeben\p{L}*|zum|vom)
  \ (?:(?:obig|folgend|vorliegend|gegeben)\p{L}*\ )?(?:Text(?:es|s|e|abschnitt|auszug|stelle)?|Abschnitt(?:s|es)?|Passage|Textpassage|Auszug|Absatz(?:es)?)\b(?!\ \d)
|\b(?:diese[mnrs]?\ (?:Dokuments?|Artikels?|Kapitels?)|oben\ (?:genannt|erwähnt|beschrieben)\p{L}*)\b
|\b(?:ce|cet|cette|le|la|du|au|selon|dans)\ (?:passage|texte|extrait|paragraphe)\b(?!\ (?:de|du|\d))|\b(?:ce\ document|cet\ article|ci-dessus|ci-dessous)\b
|\b(?:este|esta|el|la|del|al|dicho|según)\ (?:texto|pasaje|párrafo|fragmento|extracto)\b(?!\ (?:de|\d))|\beste\ (?:documento|artículo)\b
|\b(?:questo|questa|il|nel|del|dal|al|secondo)\ (?:testo|brano|passaggio|paragrafo|estratto)\b(?!\ (?:di|\d))|\bquesto\ (?:documento|articolo)\b
|\b(?:este|esta|neste|nesta|deste|desta|o|no|do|ao|segundo)\ (?:texto|trecho|excerto|parágrafo)\b(?!\ (?:de|\d))|\beste\ (?:documento|artigo)\b
|\b(?:deze|dit|de|het|volgens)\ (?:bovenstaande\ )?(?:tekst|passage|alinea|tekstfragment)\b(?!\ van)|\bdit\ (?:document|artikel)\b
|\b(?:denna|den\ här|i|enligt)\ (?:texten?|stycket)\b|\b(?:denne|i|ifølge)\ (?:teksten?|avsnittet)\b
|\b(?:ten|tym|tego|tej|w|według|powyższ\p{L}*)\ (?:tekst\p{L}{0,3}|fragment\p{L}{0,3}|akapi\p{L}{0,3})\b
|\b(?:этот|этом|этого|этому|данн\p{L}+|в|согласно)\ (?:текст\p{L}{0,3}|отрыв\p{L}{1,4}|абзац\p{L}{0,3}|фрагмент\p{L}{0,3})\b
|\b(?:bu|yukarıdaki|verilen)\ (?:meti?n\p{L}*|parça\p{L}*|paragraf\p{L}*|pasaj\p{L}*)
|(?:本|该|此|这段|这篇|这个|上述|以上|上面的?|下列|下面的?|给定的?|提供的?)(?:文本|段落|段文字|文字|短文|文章|片段|节选|段话|话)|本文(?!化|明)|文中|上文|下文|原文中
|(?:この|上記の|以下の|次の|上の)(?:文章|テキスト|段落|一節|文書|記事|抜粋|本文)|この文(?!化|字|明|学|脈)|本文(?:中|に|で|の|によ)|文中
|(?:이|위|다음|본|해당|주어진)\ ?(?:글|텍스트|지문|본문|단락|문단|문서)(?:에|의|은|을|이|에서|\b)|본문에|지문에
|(?:هذا|هذه|في|حسب|بحسب|وفقا)\ (?:النص|المقطع|الفقرة)|للنص
|(?:इस|उपर्युक्त|दिए\ गए)\ (?:पाठ|गद्यांश|अनुच्छेद|लेख)
|\b(?:đoạn\ văn|đoạn\ trích|văn\ bản\ (?:này|trên))\b
"""
_LOOSELY = r"""
\b(?:the|given|provided)\ (?:(?:given|provided|current)\ )?context\b(?!\ of)|\bcontext\ provided\b
|\b(?:in|by|from|does|within|throughout|according\ to|of)\ the\ (?:(?:given|provided|current)\ )?(?:document|article|section|chapter|page|author|text)s?\b
  (?!\ (?:of|by|on|titled|entitled|called|named|published|about|for)\b|\ [\d"“])
|\b(?:im|laut|dem|des)\ (?:Dokument|Kontext|Artikel|Verfasser|Autor)s?\b(?!\ \d)|\b(?:le|du|selon\ le)\ (?:document|contexte)\b(?!\ de)
|\b(?:el|del|según\ el)\ (?:documento|contexto)\b(?!\ de)|\b(?:il|nel|del)\ (?:documento|contesto)\b(?!\ di)|\b(?:o|no|do)\ (?:documento|contexto)\b(?!\ de)
|上下文|该文件|文件中|文档中|文脈|文書中
"""
_FORMS = {
    level: regex.compile(form.replace("\n", ""), regex.IGNORECASE | regex.VERBOSE)
    for level, form in ((OUTRIGHT, _OUTRIGHT), (LOOSELY, _LOOSELY))
}


def refers(query: str) -> int:
    """Say whether a query speaks of its passage, in fifteen or so languages: 2 outright ("this text"), 1 loosely ("the context"), 0 not."""
    flat = " ".join(query.split())
    return next((level for level, form in _FORMS.items() if form.search(flat)), 0)


def longest_run(query: str, passage: str) -> int:
    """Return how many words of a query, in a row, stand so in a passage; case and marks do not count, a Chinese sign is a word."""
    own, whole = words(query), f" {' '.join(words(passage))} "
    start = longest = 0
    while start + longest < len(own):
        if f" {' '.join(own[start : start + longest + 1])} " in whole:
            longest += 1
        else:
            start += 1
    return longest
