"""`kura pack`, `kura unpack`: what the operator is told."""

from __future__ import annotations

from gettext import NullTranslations

from vault.services.packing import Packed
from vault.services.unpacking import Unpacked


def told_packed(found: Packed, words: NullTranslations) -> list[str]:
    """After packing: the code, once."""
    lines = [
        words.gettext("荷造りしました: %(files)s ファイル、%(size)s バイト") % {"files": found.files, "size": found.size},
        f"{words.gettext('開封コード')}: {found.code}",
        words.gettext("開封コードは一度しか表示されません。荷物とは別の道で運んでください。"),
        words.gettext("荷物には鍵の入れ物も入っています。利用者のパスワードと登録端末がなければ中は読めませんが、念のため全体を封印しています。"),
        words.gettext("この証券蔵は閉じたままです。新しいサーバーで kura unpack を実行し、受領番号が出てから kura destroy --moved で消去してください。"),
    ]
    return lines + _missing(found.missing, words)


def told_unpacked(found: Unpacked, words: NullTranslations) -> list[str]:
    """After unpacking: the receipt for the old server."""
    lines = [
        words.gettext("荷物をすべて確かめ、証券蔵を新しい場所に置きました。"),
        f"{words.gettext('受領番号')}: {found.receipt}",
        words.gettext("kura serve で始め、利用者がログインできることを確かめてから、古いサーバーで kura destroy --moved 受領番号 を実行してください。"),
    ]
    return lines + _missing(found.missing, words)


def _missing(number: int, words: NullTranslations) -> list[str]:
    if not number:
        return []
    return [words.gettext("古いサーバーにも無かった、または壊れていた書類: %(n)s件") % {"n": number}]
