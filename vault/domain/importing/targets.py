"""The boxes that a sheet can fill, each by the headings that people write over its column."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from vault.domain.importing.tables import CLIENTS, PEOPLE, POLICIES
from vault.domain.values import fold

_ALL = (POLICIES, PEOPLE, CLIENTS)
_FIELDS = {"client": "Client", "member": "Member", "policy": "Policy"}
# Boxes whose label says too little, or which are several boxes of a form.
_OWN_WORDS = frozenset({
    "client.name", "client.kana", "client.birth", "client.sex", "client.telephone", "client.mobile", "client.notes",
    "client.closing_day", "client.trade_name", "client.corporate_number", "client.representative", "member.kana",
    "member.birth", "member.sex", "member.relationship", "member.notes", "policy.begins", "policy.ends", "policy.insured",
    "policy.beneficiary", "policy.amount", "policy.registration", "policy.place", "policy.notes",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Target:
    """A box. `name` is client.*, member.* (the insured, or a person of a family) or policy.*; `sheets`: where it can stand."""

    name: str
    words: tuple[str, ...]
    sheets: tuple[str, ...] = _ALL

    @property
    def label(self) -> str:
        return label(self.name)


def label(name: str) -> str:
    """The catalogue key of a target's words, also of a box that no column fills but a fault names (policy.term)."""
    record, _, box = name.partition(".")
    return f"target.{name}" if name in _OWN_WORDS else f"field.{_FIELDS[record]}.{box}"


_WORDS = """
client.name | * | 契約者 契約者名 契約者氏名 ご契約者 ご契約者名 ご契約者様 保険契約者 保険契約者名 お客様名 お客様氏名 顧客名 顧客氏名 お客さま名 お名前 会員名 世帯名 世帯主 世帯主名 加入者 加入者名 法人名 会社名 企業名 事業所名 顧問先 顧問先名 法人名称 商号 法人・団体名 団体名 契約者(漢字) 契約者名(漢字) 漢字氏名 契約者漢字 取引先名
client.kana | * | 契約者カナ 契約者名カナ 契約者フリガナ 契約者ふりがな 契約者氏名カナ 契約者名フリガナ 顧客カナ 顧客名カナ お客様名カナ お客様カナ お客様フリガナ 法人名カナ 会社名カナ 世帯主カナ カナ氏名(契約者) 契約者(カナ) 契約者名(カナ) 契約者読み
client.client_number | * | お客様番号 顧客番号 顧客コード 顧客No 顧客ID お客様コード お客様No 会員番号 世帯番号 管理番号 顧問先番号 取引先コード 契約者番号 契約者コード
client.handler | * | 担当 担当者 担当者名 営業担当 営業担当者 担当営業 担当員 社内担当 主担当 当社担当
client.postal_code | * | 郵便番号 〒 郵便 〒番号 zip 契約者郵便番号 郵便No
client.address | * | 住所 ご住所 契約者住所 現住所 所在地 連絡先住所 本社所在地 お客様住所 住所1
client.telephone | * | 電話 電話番号 TEL 連絡先 自宅電話 自宅TEL 固定電話 ご連絡先 連絡先電話番号 契約者電話番号 会社電話 代表電話 電話1 自宅電話番号
client.mobile | * | 携帯 携帯電話 携帯番号 携帯電話番号 携帯TEL 電話2 モバイル 緊急連絡先
client.mail | * | メール メールアドレス E-mail mail Eメール 電子メール
client.birth | policies clients | 契約者生年月日 契約者の生年月日 契約者誕生日 代表者生年月日
client.sex | policies clients | 契約者性別 契約者の性別
client.closing_day | * | 決算月 決算日 決算 決算期 事業年度末 期末 決算月日
client.corporate_number | * | 法人番号 法人No
client.representative | * | 代表者 代表者名 代表者氏名 代表取締役
client.trade_name | * | 屋号
client.accounting_code | * | 顧問先コード 会計コード
client.notes | clients | 備考 メモ 摘要 特記事項 その他
member.name | people | 氏名 名前 お名前 家族 家族名 家族氏名 ご家族 ご家族名 ご家族氏名 社員名 従業員名 役員名 被保険者 被保険者名 構成員
member.kana | policies people | 被保険者カナ 被保険者名カナ 被保険者フリガナ 被保険者(カナ) 被保険者名(カナ) 家族カナ 氏名カナ カナ氏名 フリガナ(被保険者)
member.relationship | policies people | 続柄 続き柄 つづき柄 間柄 関係 本人との続柄 契約者との続柄 契約者との関係 続柄(契約者) 世帯主との続柄
member.birth | policies people | 被保険者生年月日 被保険者の生年月日 被保険者誕生日 家族生年月日
member.sex | policies people | 被保険者性別 被保険者の性別
member.occupation | people | 職業 勤務先 ご職業
member.position | people | 区分 役員区分 社員区分
member.title | people | 役職 肩書 職位 役職名
member.joined | people | 入社日 入社年月日 就任日
member.notes | people | 備考 メモ 摘要 特記事項
policy.insurer | policies | 保険会社 保険会社名 引受会社 引受保険会社 会社 保険者 元受会社 引受 保険会社等 共済団体 メーカー 保険社名
policy.policy_number | policies | 証券番号 証券No 証券NO. 証券 保険証券番号 契約番号 保険証券No 証書番号 証券記号番号 契約No 証券# 証券番号等 加入者証番号
policy.kind | policies | 種目 保険種目 保険種類 種類 保険の種類 契約種類 商品種類 種別 保険種別 商品種目 保険商品種類 主契約種類 契約種目
policy.product | policies | 商品名 商品 保険商品名 保険商品 保険名 保険名称 プラン プラン名 商品名称 保険種類名 契約内容 ペットネーム
policy.state | policies | 状態 契約状態 契約状況 ステータス 状況 有効区分 消滅区分 契約状態区分 異動状態
policy.state_date | policies | 異動日 解約日 失効日 消滅日 状態日 払済日
policy.begins | policies | 契約日 契約年月日 始期 始期日 保険始期 保険始期日 開始日 契約始期 契約開始日 保険開始日 加入日 加入年月日 成立日 責任開始日 補償開始日 保険期間始期 保険期間(自) 自 始期年月日 保障開始日
policy.ends | policies | 満期 満期日 終期 満期年月日 保険終期 終期日 保険満期日 終了日 契約満了日 満了日 契約終期 保険期間終期 保険期間(至) 至 期間満了日 満期年月
policy.term | policies | 保険期間 期間 保障期間 契約期間 保険期間年数 補償期間
policy.payment_term | policies | 払込期間 保険料払込期間 払込年数 払込満了 払込満了年齢 払込終了 払込期間満了 支払期間 払期間
policy.premium | policies | 保険料 P 保険料額 合計保険料 一回保険料 1回分保険料 1回保険料 払込保険料 月払保険料 年払保険料 月額保険料 掛金 掛け金 総保険料 支払保険料 毎回保険料 保険料合計 分割保険料 保険料(円) 保険料P 今回保険料 月保険料 年保険料
policy.mode | policies | 払方 払込方法 払い方 払込回数 払込 支払方法 支払回数 払方法 払込方 保険料払込方法 分割回数 支払い方法 払込方法(回数) 回数
policy.route | policies | 払込経路 払込方法(経路) 経路 収納方法 集金方法 口振区分 支払経路 収納経路 集金経路
policy.currency | policies | 通貨 契約通貨
policy.handled_by | policies | 取扱 取扱区分 自社他社 扱い 取扱い区分
policy.other_agency | policies | 代理店 取扱代理店 代理店名 他代理店
policy.solicitor | policies | 募集人 募集人名 取扱者 取扱担当 取扱担当者 取扱募集人
policy.insured | policies | 被保険者 被保険者名 被保険者氏名 記名被保険者 主たる被保険者 補償対象者 保障対象者 被保険者(漢字) 記名被保険者名
policy.beneficiary | policies | 受取人 死亡保険金受取人 保険金受取人 死亡受取人 受取人名 受取人氏名 給付金受取人 満期受取人 死亡保険受取人
policy.amount | policies | 保険金額 死亡保険金 保険金 保障額 主契約保険金額 S 死亡保障 保障金額 基本保険金額 契約金額 主契約保険金 死亡保険金額 支払限度額 S保険金額
policy.best_rate | policies | 最高解約返戻率 最高返戻率 ピーク返戻率 ピーク時返戻率 解約返戻率 返戻率 最高率 ピーク時解約返戻率
policy.application_date | policies | 申込日 申込年月日
policy.registration | policies | 登録番号 車両番号 車番 ナンバー 自動車登録番号 車両登録番号 標識番号
policy.place | policies | 物件所在地 所在地(物件) 保険の対象所在地 物件住所 建物所在地
policy.original_place | policies | 証券保管場所 保管場所 原本保管 証券原本
policy.notes | policies | 備考 メモ 摘要 特記事項 その他 コメント 備考欄 特約 備考1
"""

# Headings that say what, but not of whom: the name column before them tells.
WHOSE = {
    "name": "氏名 名前 お名前 姓名 名称 氏名漢字 漢字",
    "kana": "カナ フリガナ ふりがな 読み 読み仮名 ヨミガナ カナ名 カナ氏名 氏名カナ 氏名フリガナ 半角カナ シメイ よみ ヨミ フリカナ",
    "birth": "生年月日 誕生日 生年月 生まれ",
    "sex": "性別 男女",
}


def _parsed() -> tuple[Target, ...]:
    found = []
    for line in _WORDS.strip().splitlines():
        name, sheets, words = (part.strip() for part in line.split("|"))
        found.append(Target(name, tuple(words.split()), _ALL if sheets == "*" else tuple(sheets.split())))
    return tuple(found)


TARGETS = _parsed()


@cache
def by_word(sheet: str) -> dict[str, str]:
    """Target by folded heading, for a sheet of that kind."""
    return {fold(word): target.name for target in reversed(TARGETS) if sheet in target.sheets for word in target.words}


@cache
def whose() -> dict[str, str]:
    """name, kana, birth or sex by folded heading."""
    return {fold(word): box for box, words in WHOSE.items() for word in words.split()}
