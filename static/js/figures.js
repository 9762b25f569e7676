// Yen and 万円 as people type them, read the way the server reads them, only to show at once what was understood.
const UNITS = { "": 1, 千: 1e3, 百万: 1e6, 万: 1e4, 千万: 1e7, 億: 1e8, 十億: 1e9, 兆: 1e12 };

/** Without separators, units and blanks; ▲ △ − and brackets as a minus in front. */
export function figure(text) {
  const s = text.normalize("NFKC").replace(/[\s,円¥\\%]/g, "");
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
