"""The closed lists of a policy. Their values are the words of the paper and need no translation to be right."""

from __future__ import annotations

APPLIED, IN_FORCE, PAID_UP_TERM, PAID_UP, EXTENDED, LAPSED, ENDED = (
    "申込中", "有効", "払込満了", "払済", "延長", "失効", "消滅",
)  # fmt: skip
MATURED, CANCELLED = "満期", "解約"
LIFE_STATES = (APPLIED, IN_FORCE, PAID_UP_TERM, PAID_UP, EXTENDED, LAPSED, ENDED)
NONLIFE_STATES = (APPLIED, IN_FORCE, MATURED, CANCELLED, LAPSED)
STATES = (*LIFE_STATES, MATURED, CANCELLED)
LIVING = frozenset({IN_FORCE, PAID_UP_TERM, PAID_UP, EXTENDED})
# What a list keeps apart; an application is not over, only not counted yet.
OVER = frozenset({LAPSED, ENDED, MATURED, CANCELLED})
END_REASONS = ("満期", "解約", "死亡", "転換", "取消")

MONTHLY, HALF_YEARLY, YEARLY, SINGLE, PREPAID = "月", "半年", "年", "一時", "前納"
MODES = (MONTHLY, HALF_YEARLY, YEARLY, SINGLE, PREPAID)
PAYMENTS_A_YEAR = {MONTHLY: 12, HALF_YEARLY: 2, YEARLY: 1}
ROUTES = ("口座振替", "クレジットカード", "団体", "集金", "送金", "振込", "給与天引き")

OWN, OTHER_AGENCY, DIRECT = "自社", "他代理店", "直販"
HANDLED_BY = (OWN, OTHER_AGENCY, DIRECT)
GROUP_HANDLING = ("個別", "団体扱", "集団扱")
NO_NUMBER = ("申込中", "不明", "なし")

POLICYHOLDER, INSURED, NAMED_INSURED = "契約者", "被保険者", "記名被保険者"
DEATH_BENEFICIARY, SURVIVAL_BENEFICIARY = "死亡受取人", "満期・生存受取人"
BENEFIT_RECIPIENT, ANNUITY_RECIPIENT, CLAIMANT = "給付金受取人", "年金受取人", "指定代理請求人"
PAYER, PLEDGEE, OWNER, RECIPIENT = "保険料負担者", "質権者", "所有者", "保険金受取人"
LIFE_ROLES = (
    POLICYHOLDER, INSURED, PAYER, DEATH_BENEFICIARY, SURVIVAL_BENEFICIARY, BENEFIT_RECIPIENT,
    ANNUITY_RECIPIENT, CLAIMANT, PLEDGEE,
)  # fmt: skip
NONLIFE_ROLES = (POLICYHOLDER, INSURED, NAMED_INSURED, OWNER, PAYER, RECIPIENT, PLEDGEE)
ROLES = tuple(dict.fromkeys((*LIFE_ROLES, *NONLIFE_ROLES)))
BENEFICIARIES = (
    DEATH_BENEFICIARY, SURVIVAL_BENEFICIARY, BENEFIT_RECIPIENT, ANNUITY_RECIPIENT, RECIPIENT,
)  # fmt: skip
# Who is meant without being named.
CLASSES = ("法定相続人", "被保険者の遺族", "契約者法人", "役員・従業員")

COVERS = (
    "死亡", "災害死亡", "高度障害", "入院日額 疾病", "入院日額 災害", "入院日額 女性", "入院日額 成人病", "手術", "通院",
    "先進医療", "がん診断", "三大疾病", "就業不能", "介護", "収入保障月額", "満期・祝金",
)  # fmt: skip
NONLIFE_COVERS = (
    "対人賠償", "対物賠償", "自損事故", "無保険車傷害", "人身傷害", "搭乗者傷害", "車両", "対物超過", "弁護士費用", "個人賠償",
    "ファミリーバイク", "建物", "家財", "地震(建物)", "地震(家財)", "1名", "1事故", "期間中", "死亡・後遺障害", "使用者賠償",
)  # fmt: skip
# Names of main covers and riders as papers print them, each with its kind of cover and its unit.
COVER_KINDS: dict[str, tuple[str, str]] = {
    "死亡保険金": ("死亡", "一時金"),
    "災害死亡保険金": ("災害死亡", "一時金"),
    "高度障害保険金": ("高度障害", "一時金"),
    "満期保険金": ("満期・祝金", "一時金"),
    "入院給付金": ("入院日額 疾病", "日額"),
    "災害入院給付金": ("入院日額 災害", "日額"),
    "手術給付金": ("手術", "一時金"),
    "通院給付金": ("通院", "日額"),
    "がん診断給付金": ("がん診断", "一時金"),
    "がん入院給付金": ("入院日額 疾病", "日額"),
    "特定疾病保険金": ("三大疾病", "一時金"),
    "介護一時金": ("介護", "一時金"),
    "介護年金": ("介護", "年額"),
    "就業不能給付金": ("就業不能", "月額"),
    "収入保障年金": ("収入保障月額", "月額"),
    "学資金": ("満期・祝金", "一時金"),
}
RIDER_KINDS: dict[str, tuple[str, str]] = {
    "災害割増特約": ("災害死亡", "一時金"),
    "傷害特約": ("災害死亡", "一時金"),
    "定期保険特約": ("死亡", "一時金"),
    "終身保険特約": ("死亡", "一時金"),
    "収入保障特約": ("収入保障月額", "月額"),
    "入院特約": ("入院日額 疾病", "日額"),
    "疾病入院特約": ("入院日額 疾病", "日額"),
    "災害入院特約": ("入院日額 災害", "日額"),
    "女性疾病入院特約": ("入院日額 女性", "日額"),
    "成人病入院特約": ("入院日額 成人病", "日額"),
    "生活習慣病入院特約": ("入院日額 成人病", "日額"),
    "通院特約": ("通院", "日額"),
    "手術特約": ("手術", "一時金"),
    "先進医療特約": ("先進医療", "一時金"),
    "がん診断特約": ("がん診断", "一時金"),
    "がん入院特約": ("入院日額 疾病", "日額"),
    "抗がん剤治療特約": ("がん診断", "月額"),
    "三大疾病保障特約": ("三大疾病", "一時金"),
    "特定疾病保障特約": ("三大疾病", "一時金"),
    "介護保障特約": ("介護", "一時金"),
    "就業不能特約": ("就業不能", "月額"),
    "リビング・ニーズ特約": ("", ""),
    "指定代理請求特約": ("", ""),
    "保険料払込免除特約": ("", ""),
    "年金支払特約": ("", ""),
    "税制適格特約": ("", ""),
    "対物超過修理費用特約": ("", ""),
    "弁護士費用特約": ("", ""),
    "個人賠償責任特約": ("", ""),
    "ファミリーバイク特約": ("", ""),
    "車両新価特約": ("", ""),
    "類焼損害特約": ("", ""),
    "臨時費用特約": ("", ""),
}
COVER_NAMES, RIDERS = tuple(COVER_KINDS), tuple(RIDER_KINDS)
UNITS = ("一時金", "日額", "月額", "年額", "倍", "1名", "1事故", "期間中")
CHANGES = ("減額", "払済", "延長", "転換", "復活", "名義変更", "期間変更", "受取人変更", "更新", "その他")
DEDUCTIONS = (
    "新一般", "旧一般", "介護医療", "新個人年金", "旧個人年金", "地震", "旧長期損害", "対象外",
)  # fmt: skip
ENDOWMENT_PATTERNS = (
    "全額資産(法人・法人)",
    "1/2資産・1/2福利厚生費(遺族・法人)",
    "1/2資産・1/2給与",
    "全額給与(個人・個人)",
)
CURRENCIES = ("USD", "AUD", "EUR", "NZD", "GBP", "CNY", "CHF", "CAD")
ANNUITIES = (
    "確定5年", "確定10年", "確定15年", "終身", "10年保証期間付終身", "15年保証期間付終身", "有期", "夫婦連生",
)  # fmt: skip
SURGERIES = ("倍率(10・20・40倍)", "倍率(入院10倍・外来5倍)", "定額", "公的医療保険連動")

RENEWAL_STATES = ("未着手", "案内済", "手続中", "更改済", "非継続")
NON_RENEWAL = ("他社", "廃車", "売却", "不要")
USES = ("日常・レジャー", "通勤・通学", "業務")
LICENCES = ("ゴールド", "ブルー", "グリーン")
AGE_LIMITS = ("全年齢", "21歳以上", "26歳以上", "30歳以上", "35歳以上")
DRIVER_LIMITS = ("限定なし", "本人", "本人・配偶者", "家族")
SUBJECTS = ("建物", "家財", "設備・什器", "商品・製品", "屋外設備")
STRUCTURES = ("M", "T", "H", "1級", "2級", "3級", "イ", "ロ")
VALUATIONS = ("新価(再調達価額)", "時価")
EARTHQUAKE_DISCOUNTS = ("免震", "耐震等級3", "耐震等級2", "耐震等級1", "耐震診断", "建築年", "なし")
BASES = ("売上高", "賃金総額", "請負金額", "延床面積", "人数", "輸送高", "その他")
SETTLEMENTS = ("確定精算あり", "確定精算なし")
