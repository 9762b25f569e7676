"""The client and the person of a row, as forms."""

from __future__ import annotations

import re
from typing import Any

from vault.domain.clients import LEGAL_FORMS
from vault.domain.fields import Fault
from vault.domain.importing import meanings, vocabulary
from vault.domain.importing.cells import Texts
from vault.domain.importing.tables import CORPORATION, HOUSEHOLD
from vault.domain.relationships import HEAD
from vault.domain.values import fold, plain

Form = dict[str, Any]
_SHORT = {"株": "株式会社", "有": "有限会社", "同": "合同会社", "資": "合資会社", "名": "合名会社", "医": "医療法人", "福": "社会福祉法人",
          "社福": "社会福祉法人", "学": "学校法人", "宗": "宗教法人", "特非": "特定非営利活動法人", "一社": "一般社団法人", "税": "税理士法人",
          "公社": "公益社団法人", "一財": "一般財団法人", "公財": "公益財団法人", "弁": "弁護士法人"}  # fmt: skip
_SHORT_FORM = re.compile("[(](" + "|".join(_SHORT) + ")[)]")
_FORMS = sorted(LEGAL_FORMS, key=len, reverse=True)
_OTHER_BODIES = re.compile("組合$|組合連合会$|協会$|法人|自治会$|町内会$|NPO|社団|財団|^[^ ]*(?:市役所|町役場)$")
_CORPORATE_HEADING = re.compile("法人|会社|企業|顧問先|事業所|商号")
_SAME = ("client_number", "handler", "postal_code", "address", "mail", "accounting_code", "notes")
_OWN = {HOUSEHOLD: ("trade_name",), CORPORATION: ("corporate_number", "representative")}


def legal_form(name: str) -> str:
    """株式会社 of 株式会社青葉製作所, ㈱青葉 or 青葉(株); empty where the name does not tell."""
    told = plain(name)
    if found := _SHORT_FORM.search(told):
        return _SHORT[found[1]]
    return next((form for form in _FORMS if form in told), "")


def kind_of(texts: Texts, heading: str) -> str:
    """Whether the client of a row is a corporation: by its name, by what only corporations have, by the column's heading."""
    name = plain(texts.get("client.name"))
    if legal_form(name) or _OTHER_BODIES.search(name):
        return CORPORATION
    if any(texts.get(f"client.{box}") for box in ("corporate_number", "closing_day", "representative")):
        return CORPORATION
    if texts.get("client.birth") or texts.get("client.sex"):
        return HOUSEHOLD
    return CORPORATION if _CORPORATE_HEADING.search(heading) else HOUSEHOLD


def client(texts: Texts, kind: str) -> Form:
    """The form of the client, with what the row says only."""
    form: Form = {"name": meanings.name(texts.get("client.name")), "kana": texts.get("client.kana")}
    form |= {box: texts.get(f"client.{box}") for box in (*_SAME, *_OWN[kind])}
    numbers = (("client.telephone", "会社" if kind == CORPORATION else "自宅"), ("client.mobile", "携帯"))
    form["telephones"] = [{"number": texts.get(target), "place": place} for target, place in numbers if texts.get(target)]
    if kind == CORPORATION:
        form["closing_day"] = meanings.closing(texts.get("client.closing_day"))
        form["legal_form"] = legal_form(form["name"])
    return {box: told for box, told in form.items() if told}


def head(texts: Texts, kind: str) -> Form:
    """The person a household is named after, who is its head; a corporation has none."""
    name = meanings.name(texts.get("client.name"))
    if kind == CORPORATION or not name:
        return {}
    form = {"name": name, "kana": texts.get("client.kana"), "relationship": HEAD,
            "birth": birth(texts, "client.birth"), "sex": sex(texts.get("client.sex"))}
    return {box: told for box, told in form.items() if told}


def birth(texts: Texts, target: str) -> str:
    """The day as it would be typed; a bare number is told of."""
    told, serial = meanings.day(texts.get(target))
    if serial:
        texts.remark(target, Fault("day-of-number", {"typed": texts.get(target), "day": told}))
    return told


def sex(text: str) -> str:
    return vocabulary.sex(text) or text


def member(texts: Texts, kind: str, name: str) -> Form:
    """The person named in a row, with what it says of them."""
    if not name:
        return {}
    form = {"name": name, "birth": birth(texts, "member.birth"), "sex": sex(texts.get("member.sex"))}
    form |= {box: texts.get(f"member.{box}") for box in ("kana", "occupation", "joined", "notes")}
    said = vocabulary.relationship(texts.get("member.relationship"))
    if kind == HOUSEHOLD:
        form["relationship"] = said
    else:
        form |= _position(texts, said)
    return {box: told for box, told in form.items() if told}


def _position(texts: Texts, said: str) -> Form:
    """A corporation's list says 役員 or 専務 where a family's says 長男."""
    title = texts.get("member.title") or said
    told = texts.get("member.position") or title
    position = vocabulary.position(told) or ""
    known = {"title": "" if title == position else title, "position": position}
    if not position and told and told != title:
        known["position"] = told
    return known


def same_person(one: str, other: str) -> bool:
    """One name in two spellings: width, variant kanji and blanks do not matter."""
    return bool(one) and fold(one) == fold(other)
