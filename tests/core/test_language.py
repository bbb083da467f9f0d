from __future__ import annotations

import json
from pathlib import Path

import pytest

from core.text.language import language


@pytest.mark.parametrize(
    ("code", "body"),
    [
        ("en", "How do I get my money back for a lost card?"),
        ("de", "Die Kündigungsfrist beträgt vier Wochen zum Monatsende."),
        ("fr", "Comment demander un remboursement ?"),
        ("es", "¿Cómo puedo cancelar mi pedido?"),
        ("pl", "Jak mogę anulować zamówienie?"),
        ("ru", "Договор прекращается через тридцать дней."),
        ("ar", "كيف يمكنني إلغاء طلبي؟"),
        ("hi", "मैं अपना ऑर्डर कैसे रद्द करूं?"),
        ("th", "ฉันจะยกเลิกคำสั่งซื้อได้อย่างไร"),
        ("ko", "주문을 어떻게 취소하나요?"),
        ("ja", "注文をキャンセルするにはどうすればよいですか？"),
        ("zh", "如何取消订单？"),
    ],
)
def test_a_sentence_has_its_language(code: str, body: str) -> None:
    assert language(body) == code


@pytest.mark.parametrize(
    "body", ["", " \n ", "42", "12345 67-8", "card", "NIST AI RMF 1.0", "Dell UltraSharp U2412M", "\ud800\ud800", "\0" * 50]
)
def test_what_is_too_short_or_no_language_has_none(body: str) -> None:
    assert language(body) == ""


def test_line_breaks_change_nothing() -> None:
    assert language("Wer haftet\nbei Schäden\n\nan der Ware?") == language("Wer haftet bei Schäden an der Ware?") == "de"


def test_next_to_no_real_question_is_called_another_language(data: Path) -> None:
    found = {}
    for name in ("policyqa_dev", "medquad_nhlbi", "xquad_zh"):
        lines = (data / "retrieval" / name / "queries.jsonl").read_text("utf-8").splitlines()[:400]
        found[name] = [language(json.loads(line)["text"]) for line in lines]
    assert {*found["policyqa_dev"], *found["medquad_nhlbi"]} == {"en", ""}
    assert set(found["xquad_zh"]) == {"zh"}
