// Dates as people type them. The server reads them again; this is only to show at once what was understood.
const ERAS = { m: 1867, t: 1911, s: 1925, h: 1988, r: 2018, 明: 1867, 大: 1911, 昭: 1925, 平: 1988, 令: 2018 };
const WORDS = [[/明治/g, "m"], [/大正/g, "t"], [/昭和/g, "s"], [/平成/g, "h"], [/令和/g, "r"]];

/** "H20.6.1", "平成20年6月1日", "2008/6/1", "20080601", "H200601" → {y, m, d}, or null. */
export function parseDate(text) {
  let s = text.normalize("NFKC").toLowerCase().replace(/\s/g, "").replace(/元/, "1");
  for (const [word, letter] of WORDS) s = s.replace(word, letter);
  const parts = /^([mtshr明大昭平令]?)(\d{1,4})[年./\-](\d{1,2})[月./\-](\d{1,2})日?$/.exec(s)
    || /^([mtshr明大昭平令])(\d{2})(\d{2})(\d{2})$/.exec(s) || /^()(\d{4})(\d{2})(\d{2})$/.exec(s);
  if (!parts) return null;
  const [y, m, d] = parts.slice(2).map(Number);
  const date = { y: y + (ERAS[parts[1]] || 0), m, d };
  if (!parts[1] && parts[2].length < 4) return null;
  const real = new Date(Date.UTC(date.y, m - 1, d));
  return real.getUTCMonth() === m - 1 && real.getUTCDate() === d ? date : null;
}

export const iso = ({ y, m, d }) => `${y}-${String(m).padStart(2, "0")}-${String(d).padStart(2, "0")}`;

/** 平成20年6月1日; in English the era and its year only (Heisei 20), since nobody writes its months so. */
export function inEra({ y, m, d }) {
  const lang = document.documentElement.lang || "ja", whole = { month: "long", day: "numeric" };
  const parts = new Intl.DateTimeFormat(`${lang}-u-ca-japanese`, { era: "long", year: "numeric", ...(lang === "ja" ? whole : {}), timeZone: "UTC" });
  const at = new Date(Date.UTC(y, m - 1, d)), said = (type) => parts.formatToParts(at).find((part) => part.type === type)?.value;
  return lang === "ja" ? parts.format(at) : `${said("era")} ${said("year")}`;
}

/** Whole years between a birth date and a day. */
export const age = (birth, at) => at.y - birth.y - (at.m < birth.m || (at.m === birth.m && at.d < birth.d) ? 1 : 0);

export function today() {
  const now = new Date();
  return { y: now.getFullYear(), m: now.getMonth() + 1, d: now.getDate() };
}
