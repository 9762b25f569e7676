"""Two spellings of one name or number are the same when their folded forms are equal."""

from __future__ import annotations

import unicodedata

# Variants that offices mix freely in names; the right-hand form is what the older one folds to.
_VARIANTS = (
    "髙高 﨑崎 嵜崎 碕崎 邉辺 邊辺 齋斉 齊斉 斎斉 濵浜 濱浜 嶋島 嶌島 嶹島 澤沢 廣広 "
    "國国 圀国 眞真 瀨瀬 德徳 惠恵 櫻桜 龍竜 藏蔵 萬万 榮栄 豐豊 學学 圓円 鐵鉄 銕鉄 "
    "曾曽 礒磯 𠮷吉 冨富 峯峰 槇槙 桒桑 栁柳 桺柳 薮藪 篭籠 鷗鴎 檜桧 巖巌 嚴厳 彌弥 "
    "莊荘 庄荘 祿禄 實実 壽寿 條条 淨浄 穗穂 與与 來来 勳勲 勛勲 敎教 淸清 靜静 顯顕 "
    "傳伝 靑青 緖緒 賴頼 盧芦 蘆芦 籔藪 關関 瀧滝 禮礼 辯弁 辨弁 瓣弁 佛仏 體体 當当 "
    "會会 團団 圖図 鹽塩 黑黒 黃黄 增増 寬寛 晧皓 曻昇 橫横 步歩 每毎 淵渕 渊渕 濟済 "
    "溪渓 爲為 瑤瑶 產産 甁瓶 畫画 畠畑 疊畳 稻稲 籐藤 粹粋 繩縄 纖繊 聰聡 聲声 萠萌 "
    "藝芸 藥薬 蟲虫 覺覚 觀観 譽誉 讀読 變変 豫予 貳弐 賣売 辭辞 遙遥 遞逓 鄕郷 醫医 "
    "釋釈 錄録 鍊錬 險険 隨随 雜雑 霸覇 靈霊 餘余 驛駅 驗験 鷄鶏 麥麦 默黙 齒歯 槗橋 "
    "𣘺橋 髮髪 惪徳 昻昂 吞呑 硏研 閒間 舘館 劔剣 劍剣 廏厩 埜野 檢検 舩船 桝枡 喆哲 "
    "邨村 杦杉 靏鶴 靍鶴 亰京 龜亀 羗羌 淺浅 戶戸 內内 吳呉 ヶケ ヵカ "
    "亞亜 惡悪 壹壱 隱隠 營営 衞衛 應応 價価 假仮 懷懐 擴拡 嶽岳 樂楽 勸勧 卷巻 歡歓 氣気 歸帰 舊旧 據拠 擧挙 峽峡 狹狭 堯尭 曉暁 區区 驅駆 "
    "薰薫 羣群 徑径 經経 螢蛍 輕軽 繼継 縣県 權権 獻献 恆恒 鑛鉱 號号 棧桟 蠶蚕 贊賛 殘残 絲糸 兒児 寫写 收収 從従 澁渋 處処 敍叙 奬奨 將将 "
    "燒焼 證証 乘乗 孃嬢 讓譲 愼慎 盡尽 數数 專専 戰戦 錢銭 禪禅 雙双 壯壮 爭争 總総 裝装 屬属 續続 對対 帶帯 臺台 單単 擔担 斷断 晝昼 廳庁 "
    "聽聴 轉転 點点 燈灯 黨党 獨独 屆届 發発 祕秘 拂払 竝並 寶宝 寳宝 滿満 譯訳 樣様 亂乱 兩両 綠緑 勞労 郞郎 灣湾 彥彦 鴈雁 凉涼 啟啓 噐器 "
    "圡土 壷壺 姬姫 尙尚 巢巣 彈弾 徵徴 悅悦 戲戯 拔抜 搖揺 效効 敕勅 旣既 晉晋 曆暦 枩松 楳梅 樓楼 歷歴 歲歳 冰氷 沒没 淚涙 渴渇 溫温 濕湿 "
    "爐炉 犧犠 狀状 珎珍 畧略 皋皐 稱称 穩穏 竈竃 糺糾 絕絶 緣縁 縱縦 罐缶 肅粛 脫脱 舍舎 莖茎 薗園 蘓蘇 蟬蝉 觸触 謠謡 躰体 鎭鎮 陷陥 雞鶏 "
    "顏顔 餠餅 鬪闘 麴麹 齡齢"
)


class _Table(dict[int, "str | int | None"]):
    """`str.translate` asks once per character and then finds the answer kept."""

    def __missing__(self, point: int) -> str | int | None:
        answer = self[point] = _folded(chr(point))
        return answer


def _folded(char: str) -> str | None:
    if char == "ー" or "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef":
        return None
    if unicodedata.category(char) in {"Pc", "Pd", "Ps", "Pe", "Pi", "Pf", "Po", "Zs", "Zl", "Zp", "Cc", "Cf"}:
        return None
    if char in "−~～〜∼":
        return None
    if "ぁ" <= char <= "ゖ" or char in "ゝゞ":
        return chr(ord(char) + 0x60)
    return char


_TABLE = _Table({ord(pair[0]): pair[1] for pair in _VARIANTS.split()})


def fold(text: str) -> str:
    """For comparing and searching only: never stored in place of what was typed, never printed.

    Case, width, hiragana, variant kanji, selectors (葛󠄀), every separator and hyphen (with ー, which people
    type for one) and every space stop mattering. Folding twice changes nothing more.
    """
    if text.isascii() and text.isalnum():
        return text.lower()
    once = unicodedata.normalize("NFKC", text).casefold().translate(_TABLE)
    # Dropping a separator can bring two characters together that compose, so it settles in a second pass.
    while (again := unicodedata.normalize("NFKC", once).casefold().translate(_TABLE)) != once:
        once = again
    return once


def plain(text: str) -> str:
    """Width folded and outer space gone; the first step of reading a number or a date."""
    return unicodedata.normalize("NFKC", text).strip()


def compact(text: str) -> str:
    """`plain` without any space inside, every kind of hyphen as `-`, for numbers, dates and terms."""
    return "".join(
        "-" if char in "−ー―" or unicodedata.category(char) == "Pd" else char
        for char in plain(text)
        if not char.isspace()
    )


def kana(text: str) -> str:
    """Full-width katakana of hiragana and half-width kana, single spaces; other characters stay."""
    wide = unicodedata.normalize("NFKC", text)
    turned = "".join(chr(ord(c) + 0x60) if "ぁ" <= c <= "ゖ" or c in "ゝゞ" else c for c in wide)
    return " ".join(unicodedata.normalize("NFKC", turned).split())
