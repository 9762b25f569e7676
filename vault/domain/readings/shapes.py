"""From the text beside a label to what a person would type into the box; None where it says no such thing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from vault.domain.policies import choices as c
from vault.domain.values import compact, plain

_DATE = re.compile(
    r"(?:(?:明治|大正|昭和|平成|令和|[MTSHR])(?:元|\d{1,2})|\d{4})年(?:\([^()]*\))?\d{1,2}月\d{1,2}日"
    r"|\d{4}[/.-]\d{1,2}[/.-]\d{1,2}(?!\d)|[MTSHR]\d{1,2}[/.-]\d{1,2}[/.-]\d{1,2}(?!\d)"
)
_TIME = re.compile(r"(午前|午後)?(\d{1,2})(?:時|:00)")
_MONEY = re.compile(
    r"(?<![\d.,])(?:US\$|A\$|[¥\\$€])?\d[\d,]*(?:\.\d+)?(?:[億万千百]+\d*[\d,]*(?:万|千)?)*"
    r"(?:円|米ドル|豪ドル|ドル|ユーロ)?"
)
# 1.000万円: a comma that was read as a point.
_POINTS = re.compile(r"(?<![\d.,])(\d{1,3})((?:[.,]\d{3})+)(?=[万千億円])")
# What may stand before an amount of cover; anything else makes it another fact.
_BEFORE = r"(?:1?日(?:につき|あたり)|日額|月額|1回(?:につき)?|1名(?:につき)?|1事故(?:につき)?|総額|各|最高)?"
_SENTENCE = re.compile(r"。|(?<![円\d])、|ます|ください|とき|場合|について")
_NUMBER = re.compile(r"[0-9A-Za-z][0-9A-Za-z /.-]*(?:組 ?第?[0-9 -]+号)?")
# 様 is often read as 欄 or 槍, with which no name ends.
_TAIL = re.compile(r"(?:様|殿|御中|さま|[欄槍槇](?= |$)|\(|生年月日|昭和|平成|大正|明治|令和|\d{4}年).*$")
_NO_NAME = re.compile(r"\d{3}|[〒円%/]|\d[年月日歳]|[都道府県市区町村].*\d|保険期間|払込|契約日|証券番号")
# Pieces of sentences; 「みずほの会」 is none, 「証券 を」 is.
_PARTICLE = re.compile(r"を|です|ます|した|くだ|または|および|による|(?:^| )[がのにはでと](?: |$)|^[はがのにで]")
_CORPORATE = re.compile("会社|法人|組合|協会|商店|工業|信用金庫|銀行|公庫|㈱")
_GLOSS = re.compile(r"(?i)policy|insured|benefi|owner|holder|name|issue|term|mode|premium|date|sum|payment")


def _first(pattern: re.Pattern[str], text: str) -> str | None:
    found = pattern.search(text)
    return found[0] if found else None


def _dated(text: str) -> str:
    """日 is what readers of scans see most in it."""
    # 2026/01/15 16:00 keeps its blank.
    bare = " ".join(compact(part) for part in re.split(r"(?<=\d)\s+(?=\d{1,2}:)", text))
    return re.sub(r"(?<=月)(\d{1,2})[昌目曰旧]", r"\1日", bare)


def _days(text: str) -> list[str]:
    return [re.sub(r"\([^()]*\)", "", found) for found in _DATE.findall(_dated(text))]


def _day(text: str) -> str | None:
    found = _days(text)
    return found[0] if len(found) == 1 else None


def _first_of_two(text: str) -> str | None:
    found = _days(text)
    return found[0] if len(found) == 2 else None


def _second_day(text: str) -> str | None:
    found = _days(text)
    return found[1] if len(found) == 2 else None


def _time_after(text: str, number: int) -> str | None:
    parts = _DATE.split(_dated(text))
    after = parts[number].lstrip() if len(parts) > number else ""
    if after.startswith("正午"):
        return "12時"
    found = _TIME.match(after)
    if not found:
        return None
    return f"{int(found[2]) + (12 if found[1] == '午後' and int(found[2]) < 12 else 0)}時"


def _term(text: str) -> str | None:
    found = re.match(
        r"(?:終身|(?:満)?\d{1,3}歳(?:まで|満了|払済|満期)?|\d{1,2}年(?:間|満了|満期)?(?!\d|\()|全期|保険期間に同じ)", compact(text)
    )
    return None if found is None or _days(text) else found[0]


def _start_of_annuity(text: str) -> str | None:
    return _day(text) or _first(re.compile(r"\d{2}歳"), compact(text))


def _mended(text: str) -> str:
    bare = re.sub(r"US+[S$](?=\d)", "US$", compact(text))
    bare = re.sub(r"(?<=\d[,.]\d{3})[幅四内由田]", "円", bare)
    return _POINTS.sub(lambda found: found[1] + found[2].replace(".", ","), bare)


def _amounts(text: str) -> list[str]:
    return [found for found in _MONEY.findall(_mended(text)) if re.search(r"[万千億円ドル$€¥\\]", found)]


def _yen(text: str) -> str | None:
    found = [re.sub(r"^(?:US\$|A\$|[¥\\$€])|(?:円|米ドル|豪ドル|ドル|ユーロ)$", "", each) for each in _amounts(text)]
    # Below a hundred it is a piece of a number that was not read whole.
    return found[0] if found and len(found[0]) > 2 else None


def amount(text: str) -> str | None:
    """An amount of cover with its unit, or that there is no limit."""
    if re.match("(?:金額)?無制限", compact(text)):
        return "無制限"
    found = _amounts(text)
    if not found or not re.match(_BEFORE + re.escape(found[0]), _mended(text)):
        return None
    return re.sub(r"^(?:US\$|A\$|[$€])|(?:米ドル|豪ドル|ドル|ユーロ)$", "", found[0])


def _mode(text: str) -> str | None:
    bare = compact(text)
    patterns = {
        c.HALF_YEARLY: "半年払|半年に1回|年2回", c.MONTHLY: "月払|毎月|月々|12回|月額", c.YEARLY: "(?<!半)年払|年1回",
        c.SINGLE: "一時払|一括払|1回払", c.PREPAID: "前納",
    }  # fmt: skip
    found = [mode for mode, pattern in patterns.items() if re.search(pattern, bare)]
    return found[0] if len(found) == 1 else None


def _route(text: str) -> str | None:
    bare = compact(text)
    patterns = {
        "口座振替": "座振替|口振|口座引", "クレジットカード": "クレジット|カード払", "団体": "団体", "集金": "集金",
        "送金": "送金", "振込": "振込", "給与天引き": "給与(?:天引|控除)",
    }  # fmt: skip
    found = [route for route, pattern in patterns.items() if re.search(pattern, bare)]
    return found[0] if len(found) == 1 else None


def _number(text: str) -> str | None:
    told = plain(text).strip(" -./")
    told = re.sub(r"\s*-\s*", "-", told)
    found = _NUMBER.fullmatch(told)
    dated = re.search("[年/]", told) and _days(told)
    return told if found and sum(map(str.isdigit, told)) >= 4 and len(told) <= 30 and not dated else None


def _solid(text: str) -> str:
    """Without the blanks that a reader of scans sees between Japanese letters."""
    return re.sub(r"(?<=[^\x00-\x7f]) (?=[^\x00-\x7f])", "", text)


def product(text: str) -> str | None:
    """The name of a thing: a line of insurance, a car."""
    told = plain(text)
    told = _solid(told) if told.count(" ") > 1 else told
    return told if 2 <= len(told) <= 40 and re.search(r"[^\W\d]{2}", told) else None


def _person(text: str) -> str | None:
    told = plain(text)
    ended = bool(re.search("様|殿|御中|[欄槍]$", told))
    name = _TAIL.sub("", told).strip(" 　・,.:|")
    name = _solid(name) if name.count(" ") > 1 else name
    if not 2 <= len(name) <= 40 or any(pattern.search(name) for pattern in (_GLOSS, _NO_NAME, _PARTICLE)):
        return None
    proper = re.search(r"[^\W\d_a-zA-Z]", name) is not None
    return name if ended or _CORPORATE.search(name) or (proper and len(name) <= 20) else None


def _annuity(text: str) -> str | None:
    bare = compact(text)
    if found := re.search(r"(\d{1,2})年保証期間付終身", bare):
        return found[0]
    if found := re.search(r"(\d{1,2})年確定|確定(\d{1,2})年", bare):
        return f"確定{found[1] or found[2]}年"
    return next((kind for kind in ("夫婦連生", "終身", "有期") if kind in bare), None)


def _counted(pattern: str) -> Callable[[str], str | None]:
    shape = re.compile(pattern)

    def read(text: str) -> str | None:
        found = shape.search(compact(text))
        return found[1] if found else None

    return read


def _registration(text: str) -> str | None:
    told = plain(text)
    found = re.fullmatch(r"\S{2,6} ?\d{2,3} ?[ぁ-んA-Z] ?\d{1,2}(?:[ -]?\d{1,2})?", told)
    return told if found else None


def _use(text: str) -> str | None:
    return next((use for use in c.USES if use.split("・")[0] in compact(text)), None)


def _place(text: str) -> str | None:
    told = _solid(plain(text))
    return told if re.search("[都道府県市区町村]", told) and 5 <= len(told) <= 100 else None


def _structure(text: str) -> str | None:
    found = re.match(r"([MTH]|[123]級|[イロ])(?:構造)?$", compact(text))
    return found[1] if found else None


# Shape -> reader.
SHAPES: Mapping[str, Callable[[str], str | None]] = {
    "number": _number,
    "product": product,
    "day": _day,
    "first-day": lambda text: next(iter(_days(text)), None),
    "first-of-two": _first_of_two,
    "second-day": _second_day,
    "first-time": lambda text: _time_after(text, 1),
    "second-time": lambda text: _time_after(text, 2),
    "term": _term,
    "start-of-annuity": _start_of_annuity,
    "yen": _yen,
    "amount": amount,
    "life-amount": amount,
    "mode": _mode,
    "route": _route,
    "person": _person,
    "annuity": _annuity,
    "age": _counted(r"(\d{1,3})歳"),
    "days": _counted(r"^(\d{1,3})日"),
    "grade": _counted(r"^(\d{1,2})等?級"),
    "long-years": _counted(r"\(?([2-9]|[1-3]\d)年間?\)?$"),
    "years": _counted(r"^(\d{1,2})年$"),
    "registration": _registration,
    "use": _use,
    "place": _place,
    "structure": _structure,
    "built": _counted(r"^((?:明治|大正|昭和|平成|令和)?\d{1,4}年(?:\d{1,2}月)?)$"),
    "square": _counted(r"^(\d[\d,]*(?:\.\d+)?)(?:㎡|m2?|平米)"),
}


def read(shape: str, text: str) -> str | None:
    """What `shape` finds in `text`; nothing in a sentence, which speaks of contracts and not of this one."""
    return None if _SENTENCE.search(text) else SHAPES[shape](text)
