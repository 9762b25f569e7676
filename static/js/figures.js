// Yen and 万円 as people type them, read the way the server reads them, only to show at once what was understood.
const UNITS = { "": 1, 千: 1e3, 百万: 1e6, 万: 1e4, 千万: 1e7, 億: 1e8, 十億: 1e9, 兆: 1e12 };

const FIGURES = { 〇: 0, 零: 0, 一: 1, 壱: 1, 二: 2, 弐: 2, 三: 3, 参: 3, 四: 4, 五: 5, 六: 6, 七: 7, 八: 8, 九: 9 };
const SMALL = { 十: 10, 拾: 10, 百: 100, 千: 1000 };

/** A run of kanji numbers below 万 in figures: 五百 is 500; what is no number stays. */
function inFigures(run) {
  if (![...run].some((c) => c in FIGURES)) return run;
  if ([...run].every((c) => c in FIGURES)) return [...run].map((c) => FIGURES[c]).join("");
  let total = 0, figure = null, last = 10_000;
  for (const c of run) {
    if (c in FIGURES) {
      if (figure !== null) return run;
      figure = FIGURES[c];
    } else {
      if (SMALL[c] >= last) return run;
      last = SMALL[c];
      total += (figure ?? 1) * last;
      figure = null;
    }
  }
  return String(total + (figure ?? 0));
}

/** Without separators, units and blanks; ▲ △ − and brackets as a minus in front. */
export function figure(text) {
  const s = text.normalize("NFKC").replace(/^金(?=.)/, "").replace(/也$/, "").replace(/[\s,円¥\\%]/g, "").replace(/[〇零一壱二弐三参四五六七八九十拾百千]+/g, inFigures);
  const minus = /^(?:[-−‐▲△▼](.+)|\((.+)\))$/.exec(s);
  return minus ? `-${minus[1] || minus[2]}` : s;
}

/** 1億2000万 as a number, or null. */
export function sum(s) {
  let total = 0, last = Infinity, rest = s;
  while (rest) {
    const piece = /^(\d+(?:\.\d+)?)(千万|百万|十億|千|万|億|兆)?/.exec(rest);
    const unit = piece && UNITS[piece[2] || ""];
    if (!piece || unit >= last) return null;
    total += Number(piece[1]) * unit;
    last = unit;
    rest = rest.slice(piece[0].length);
  }
  return s ? total : null;
}

export const readYen = (text) => (figure(text).startsWith("-") ? null : sum(figure(text)));

/** A bare number is 万円. */
export function readAmount(text) {
  const s = figure(text), yen = sum(s);
  if (yen === null) return null;
  return /^[\d.]+$/.test(s) && !/円/.test(text) ? yen * 10000 : yen;
}
