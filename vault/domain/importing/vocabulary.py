"""Words as people write them in lists, and the words of Kura's own lists that they mean."""

from __future__ import annotations

import difflib
import re
from functools import lru_cache

from vault.domain import insurers
from vault.domain.policies import KINDS
from vault.domain.policies import choices as c
from vault.domain.values import fold, plain

_KINDS = """
終身 | 終身保険 低解約終身 低解約返戻金型終身 一時払終身 積立終身 利率変動型終身 積立利率変動型終身 無配当終身 有配当終身 終身生命保険
定期 | 定期保険 無解約定期 生活障害保障型定期 災害保障期間付定期 定期生命保険 無配当定期
長期平準定期 | 長期平準 長平 長平定期 長期定期 長期平準定期保険 100歳定期
逓増定期 | 逓増 逓増定期保険
収入保障 | 収保 収入保障保険 家族収入 家族収入保険 生活保障 逓減定期
養老 | 養老保険 福利厚生養老 特別養老
定期付養老・終身 | 定期付終身 定期保険特約付終身 定期付養老 定特終身 定期付終身保険 アカウント型
学資 | 学資保険 こども保険 子供保険 子ども保険 教育資金
個人年金 | 年金 個人年金保険 年金保険 定額年金
変額 | 変額保険 変額終身 変額年金 変額個人年金 変額有期
外貨建 | 外貨 外貨建保険 ドル建 ドル 米ドル建 外貨建終身 ドル終身 米ドル建終身 外貨建養老 外貨建年金 ドル建終身
医療 | 医療保険 終身医療 入院 入院保険 女性医療 引受緩和医療 緩和型医療 定期医療 疾病入院
がん | 癌 がん保険 癌保険 終身がん ガン治療 ガン診断
介護 | 介護保険 民間介護 認知症 認知症保険
就業不能 | 就業不能保険 働けない保険
特定疾病 | 三大疾病 3大疾病 特定疾病保障 特定疾病保険 三大疾病保障 重大疾病 7大疾病 八大疾病
団体定期 | 総合福祉団体定期 総福 団定 グループ保険 団体定期保険 総合福祉団体定期保険
団信 | 団体信用生命 団体信用 団体信用生命保険
共済 (総合保障) | 共済 生命共済 総合共済 県民共済 都民共済 府民共済 こくみん共済 総合保障型
自動車 | 自動車保険 任意 任意保険 自動車任意 任意自動車 車 自動車(任意) ノンフリート フリート 車保険 個人用自動車 総合自動車 自動車総合 バイク 原付 ドライバー保険 ミニフリート 自動車(フリート)
自賠責 | 自賠 自賠責保険 強制 強制保険 自動車損害賠償責任
火災 | 火災保険 住宅火災 住宅総合 店舗総合 企業火災 財産 財産保険 住まい 火災総合 企業財産 普通火災 家財 家財保険 火災地震 住まいの保険 企業総合 店舗 すまい
地震 | 地震保険
施設・PL・請負・受託賠責 | 賠責 賠償 賠償責任 賠償責任保険 企業賠責 施設賠責 施設 施設賠償 施設賠償責任 PL PL保険 生産物 生産物賠責 生産物賠償責任 請負 請負賠責 受託 受託賠責 受託者賠償 請負業者賠償 企業賠償 事業賠償 総合賠償 会社役員以外賠責 管理者賠償 店舗賠責
サイバー | サイバー保険 サイバーリスク 情報漏えい 個人情報漏えい 個人情報漏洩
D&O | 役員賠責 役員賠償 会社役員賠償 役員賠償責任 会社役員賠償責任
業務災害 | 業務災害補償 業災 業務災害総合 業務災害総合保険 業務災害補償保険 任意労災
労災上乗せ | 労災 労働災害 労働災害総合 労災総合 労災上乗 法定外労災 政府労災上乗せ 使用者賠償
工事 | 工事保険 建設工事 建設工事保険 組立 組立保険 土木工事 土木
運送 | 運送保険 貨物 貨物保険 動産 動産総合 物流 外航貨物 内航貨物 運送業者貨物
取引信用 | 取引信用保険 信用 信用保険
傷害 (損害) | 傷害 傷害保険 普通傷害 家族傷害 交通傷害 団体傷害 傷害総合 こども傷害 積立普通傷害以外傷害 けが ケガ 国内旅行 ゴルファー ゴルファー保険
所得補償 | 所得補償保険 長期障害所得補償 GLTD 団体長期障害所得補償
海外旅行 | 海外旅行保険 海外旅行傷害 海旅 旅行 旅行保険
ペット | ペット保険
個人賠責 | 個人賠償 個人賠償責任 個人賠償責任保険 日常生活賠償 自転車 自転車保険
積立 | 積立保険 積立傷害 積立火災 積立普通傷害 積立型
その他 | その他損保 新種 新種保険 船舶 保証 ボイラ 費用 費用保険 天候
"""
# Longer words first: 長期平準定期 is no 定期, 自動車損害賠償 no 自動車.
_MODES = {
    c.MONTHLY: r"月払い?|月々|月|毎月|月1回|12回(?:払い?)?|月掛|分割12回|月額|分割|12|月一回",
    c.HALF_YEARLY: r"半年払い?|半年|年2回(?:払い?)?|半期|2回(?:払い?)?|6か月|6ヶ月|2",
    c.YEARLY: r"年払い?|年|毎年|年1回(?:払い?)?|1回(?:払い?)?|年一括(?:払い?)?|年間一括|年額|年一回|1",
    c.SINGLE: r"一時払い?|一時|一時払込|一括(?:払い?)?|全期一括|長期一括(?:払い?)?|一括払込",
    c.PREPAID: r"前納|全期前納(?:払い?)?|前納払い?",
}
_ROUTES = {
    "口座振替": "口座振替|口座|口振|引落|引き落とし|銀行口座|預金口座", "クレジットカード": "クレジットカード|クレジット|カード|クレカ|クレジット払い?",
    "団体": "団体|団体扱い?", "集金": "集金|集金扱い?", "送金": "送金|払込票|払込用紙|コンビニ", "振込": "振込|銀行振込|振り込み|現金|直接",
    "給与天引き": "給与天引き?|給与控除|天引き?|給与引去り?",
}  # fmt: skip
_STATES = {
    c.APPLIED: "申込中|申込|申し込み中|申込手続中|成立前|手続中", c.IN_FORCE: "有効|継続|継続中|成立|保有|契約中|有効中|有|○|有効契約|払込中",
    c.PAID_UP_TERM: "払込満了|払込終了|払込完了|払込済み?|払満|払込満期", c.PAID_UP: "払済み?|払済保険", c.EXTENDED: "延長|延長定期|延長保険",
    c.LAPSED: "失効|失効中", c.ENDED: "消滅|終了|死亡|転換|取消|解除|無効", c.MATURED: "満期|満期終了|満期消滅|満了", c.CANCELLED: "解約|解約済み?|中途解約",
}  # fmt: skip
_HANDLED = {
    c.OWN: "自社|当社|自社扱い?|弊社|○|自", c.OTHER_AGENCY: "他代理店|他社|他社扱い?|他|他店", c.DIRECT: "直販|直扱い?|直接|ダイレクト|通販|営業職員",
}  # fmt: skip
_CURRENCIES = {"USD": "USD|米ドル|ドル|US\\$|米国ドル", "AUD": "AUD|豪ドル|オーストラリアドル", "EUR": "EUR|ユーロ",
               "": "JPY|円|日本円|円建て?"}  # fmt: skip
_SEX = {"男": "男|男性|M|male|1", "女": "女|女性|F|female|2"}
_POSITIONS = {
    "役員": r"役員|.*取締役.*|代表.*|社長|会長|副社長|専務.*|常務.*|監査役.*|理事.*|理事長|.*執行役.*|院長|オーナー|事業主",
    "部課長等特定使用人": r".*部長|.*課長|.*次長|工場長|.*支店長|店長|.*所長",
    "一般": r"従業員|社員|一般|使用人|職員|パート.*|アルバイト|一般社員|正社員|係長|主任",
}
_NOISE = re.compile("保険$|特約付.*$")
_RELATIONS = {"二男": "次男", "二女": "次女", "長子": "子", "こども": "子", "子供": "子", "妻(配偶者)": "妻", "世帯主": "本人",
              "契約者": "本人", "契約者本人": "本人", "主人": "夫", "ご主人": "夫", "奥様": "妻", "ご本人": "本人"}  # fmt: skip


@lru_cache(maxsize=1)
def _kind_words() -> dict[str, str]:
    found: dict[str, str] = {}
    for line in _KINDS.strip().splitlines():
        kind, _, words = line.partition("|")
        for word in (kind.strip(), *words.split()):
            found[fold(word)] = kind.strip()
    for kind in KINDS:
        found.setdefault(fold(kind), kind)
    return found


@lru_cache(maxsize=4096)
def kind(text: str) -> str | None:
    """The kind that a text says in other words, and nothing else; None where none is meant for certain."""
    words, folded = _kind_words(), fold(text)
    return words.get(folded) or words.get(_NOISE.sub("", folded)) or words.get(fold(_NOISE.sub("", plain(text))))


@lru_cache(maxsize=4096)
def kind_within(text: str) -> str | None:
    """The kind whose word stands in a longer text, the one that stands last, and of those the longest."""
    folded = fold(text)
    found = [(folded.rfind(word) + len(word), len(word), kind) for word, kind in _kind_words().items()
             if len(word) > 1 and word in folded]
    return max(found)[2] if found else None


def of_insurer(kind: str, insurer: str) -> str:
    """傷害 of a life insurer is another kind than that of a non-life insurer."""
    if kind == "傷害 (損害)" and insurers.kind(insurer) == "生命":
        return "傷害"
    return kind


def kind_proposals(text: str) -> list[str]:
    """Kinds that an unknown word may mean, likeliest first; all others after them."""
    near = difflib.get_close_matches(fold(text), _kind_words(), n=5, cutoff=0.4) if text else []
    within = kind_within(text) if text else None
    return list(dict.fromkeys([*([within] if within else []), *(_kind_words()[word] for word in near), *KINDS]))


def insurer_proposals(text: str, most: int = 8) -> list[str]:
    """Insurers that an unknown name may mean, likeliest first."""
    names = {fold(name): name for name in insurers.proposals()}
    wanted = fold(text)
    holding = [name for key, name in names.items() if len(wanted) > 1 and (wanted in key or key in wanted)]
    near = [names[key] for key in difflib.get_close_matches(wanted, names, n=most, cutoff=0.5)]
    return list(dict.fromkeys(holding + near))[:most]


def _listed(lists: dict[str, str], text: str) -> str | None:
    """The word of ours whose pattern is the whole text, whatever its width; None where none is."""
    bare = re.sub(r"\s", "", plain(text))
    return next((word for word, shape in lists.items() if re.fullmatch(shape, bare, re.IGNORECASE)), None)


def mode(text: str) -> str | None:
    """月, 半年, 年, 一時 or 前納."""
    return _listed(_MODES, re.sub("[(].*[)]$", "", plain(text)))


def mode_and_route(text: str) -> tuple[str | None, str]:
    """月払(口振) says both."""
    bare = plain(text)
    if found := re.fullmatch(r"(.+?)[(/・ ]+(.+?)\)?", bare):
        first, second = mode(found[1]), route(found[2])
        if first and second:
            return first, second
    return mode(text), ""


def route(text: str) -> str | None:
    return _listed(_ROUTES, text)


def state(text: str, nonlife: bool) -> tuple[str, str] | None:
    """State and reason of the end: a life policy that was cancelled has ended, a non-life one is cancelled."""
    found = _listed(_STATES, text)
    if found is None or nonlife or found not in (c.MATURED, c.CANCELLED, c.ENDED):
        return (found, "") if found else None
    bare = plain(text)
    return c.ENDED, next((reason for reason in c.END_REASONS if reason in bare), "満期" if found == c.MATURED else "")


def handled_by(text: str) -> str | None:
    return _listed(_HANDLED, text)


def currency(text: str) -> str | None:
    """Its code; empty for yen."""
    return _listed(_CURRENCIES, text)


def sex(text: str) -> str | None:
    return _listed(_SEX, text)


def position(text: str) -> str | None:
    """役員, 部課長等特定使用人 or 一般 of a title."""
    return _listed(_POSITIONS, text)


def relationship(text: str) -> str:
    """The usual word for it, or what was typed."""
    return _RELATIONS.get(plain(text), text)
