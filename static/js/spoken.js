// Words found by the letters of how they are said: nih, にほ, ニホ and 日 all begin 日本生命.
import { fold } from "./text.js";

const ROWS = {
  あ: "a", い: "i", う: "u", え: "e", お: "o", か: "ka", き: "ki", く: "ku", け: "ke", こ: "ko", さ: "sa", し: "si shi", す: "su", せ: "se", そ: "so",
  た: "ta", ち: "ti chi", つ: "tu tsu", て: "te", と: "to", な: "na", に: "ni", ぬ: "nu", ね: "ne", の: "no", は: "ha", ひ: "hi", ふ: "hu fu", へ: "he", ほ: "ho",
  ま: "ma", み: "mi", む: "mu", め: "me", も: "mo", や: "ya", ゆ: "yu", よ: "yo", ら: "ra", り: "ri", る: "ru", れ: "re", ろ: "ro", わ: "wa", を: "wo", ん: "n",
  が: "ga", ぎ: "gi", ぐ: "gu", げ: "ge", ご: "go", ざ: "za", じ: "zi ji", ず: "zu", ぜ: "ze", ぞ: "zo", だ: "da", ぢ: "di ji", づ: "du zu", で: "de", ど: "do",
  ば: "ba", び: "bi", ぶ: "bu", べ: "be", ぼ: "bo", ぱ: "pa", ぴ: "pi", ぷ: "pu", ぺ: "pe", ぽ: "po", ゔ: "vu",
  ぁ: "a", ぃ: "i", ぅ: "u", ぇ: "e", ぉ: "o", ゃ: "ya", ゅ: "yu", ょ: "yo",
};
const SMALL = { ゃ: "ya", ゅ: "yu", ょ: "yo", ぁ: "a", ぃ: "i", ぅ: "u", ぇ: "e", ぉ: "o" };
const SOFT = { shi: "sh", chi: "ch", ji: "j", fu: "f", tsu: "ts", vu: "v" };

/** One kana, with a small one behind it, in the spelling asked for: 0 as on the keyboard (si), 1 as on signs (shi). */
function syllable(kana, small, spelling) {
  const all = (ROWS[kana] || kana).split(" "), plain = all[spelling] ?? all[0];
  if (!small) return plain;
  const tail = SMALL[small], soft = SOFT[plain];
  if (/^y/.test(tail)) return soft ? soft + tail.slice(1) : plain.replace(/i$/, "") + tail;
  return (soft || plain.replace(/[aiueo]$/, "")) + tail;
}

function romaji(said, spelling) {
  let out = "", double = false;
  for (let i = 0; i < said.length; i++) {
    if (said[i] === "っ") { double = true; continue; }
    if (said[i] === "ー") continue;
    const small = SMALL[said[i + 1]] && ROWS[said[i]] && !SMALL[said[i]] ? said[++i] : "";
    const piece = syllable(said[small ? i - 1 : i], small, spelling);
    out += double ? piece[0] + piece : piece;
    double = false;
  }
  return out.replace(/nn+/g, "n");
}

const NAMES = /[\s・･()]/g;
const LETTERS = /^[a-z']+$/;
const KANA = /^[ぁ-ゖー]+$/;

/** A word with all that it may be found by; `said` as the server tells it, readings with blanks between; `gloss` what it is
 *  called in the language of the page. */
export function findable(word, said = "", gloss = "") {
  const readings = said.toLowerCase().split(" ").filter(Boolean).map((each) => fold(each.replace(NAMES, "")));
  const letters = new Set(readings.flatMap((each) => [romaji(each, 0), romaji(each, 1)]));
  const names = said.split(" ").filter((each) => /[A-Zァ-ヶ一-鿿]/.test(each));
  return { word, text: fold(word), names, letters: [...letters], readings: gloss ? [...readings, fold(gloss)] : readings };
}

/** Which of the words somebody may mean by what he has typed so far, those that begin so first; and whether it was typed
 *  by its sound, so that he cannot have meant it literally. */
export function meant(words, typed) {
  const text = fold(typed), letters = text.replace(/nn+/g, "n"), sound = LETTERS.test(text) || KANA.test(text);
  if (!text) return { found: words, sound: false };
  const own = words.filter((w) => w.text.startsWith(text));
  const begins = [...own, ...words.filter((w) => !own.includes(w) && (w.readings.some((r) => r.startsWith(text))
    || (LETTERS.test(letters) && w.letters.some((l) => l.startsWith(letters)))))];
  const within = text.length > 1 && !LETTERS.test(text) ? words.filter((w) => !begins.includes(w) && w.text.includes(text)) : [];
  return { found: [...begins, ...within], sound: sound && begins.length > 0 };
}

/** Whether a word is already there, under its own name or literally under another of its names. */
export const isWhole = (words, typed) => words.some((w) => w.text === fold(typed) || w.names.includes(typed.normalize("NFKC").replace(/\s/g, "")));
