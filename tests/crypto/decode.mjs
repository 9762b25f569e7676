// A second reader of Kura's envelopes, written from SECURITY.md alone, on WebCrypto alone.
// Reads {"key": hex, "sealed": hex, "context": {"office": hex, "kind": "...", "fields": [hex or number or decimal
// text with a leading #, ...]}} from standard input; prints the data as hex, or a sentence and exits with 1.

import { pathToFileURL } from "node:url";

const { subtle } = globalThis.crypto;
const TAG = 16, CHUNK = 16384 + TAG, HEAD = 18, BODY = HEAD + 24 + 32;
const ascii = (text) => new TextEncoder().encode(text);
const refuse = (sentence) => { throw new Error(sentence); };

function unhex(text) {
  if (!/^([0-9a-f]{2})*$/.test(text)) refuse("This is not hex.");
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const number = (value, size) => unhex(BigInt(value).toString(16).padStart(2 * size, "0"));
const joined = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));
const same = (a, b) => a.length === b.length && a.reduce((found, byte, i) => found | (byte ^ b[i]), 0) === 0;

function field(value) {
  if (typeof value === "number") return number(value, 8);
  return value.startsWith("#") ? number(value.slice(1), 8) : unhex(value);
}

function encoded({ office, kind, fields }, version, suite) {
  const parts = [ascii("kura/1"), number(version, 8), number(suite, 8), unhex(office), ascii(kind), ...fields.map(field)];
  return joined([parts.length], ...parts.map((part) => joined(number(part.length, 4), part)));
}

async function expand(key, info, size) { // HKDF-Expand with SHA-512; WebCrypto's HKDF would extract first
  const mac = await subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-512" }, false, ["sign"]);
  let out = new Uint8Array(0), block = out;
  for (let i = 1; out.length < size; i++) {
    block = new Uint8Array(await subtle.sign("HMAC", mac, joined(block, info, [i])));
    out = joined(out, block);
  }
  return out.slice(0, size);
}

function padded(size, kind) {
  let step = 256;
  if (kind === "document") while (step * 32 <= 8 + size) step *= 2;
  return Math.ceil((8 + size) / step) * step;
}

function unpadded(plain, kind) {
  if (plain.length < 8) refuse("There is no length in it.");
  const size = Number(new DataView(plain.buffer).getBigUint64(0));
  if (size > plain.length - 8 || plain.length !== padded(size, kind)) refuse("The padding has another size.");
  if (plain.subarray(8 + size).some((byte) => byte)) refuse("The padding is not zero.");
  return plain.subarray(8, 8 + size);
}

export async function open({ key: keyText, sealed: sealedText, context }) {
  const key = unhex(keyText), sealed = unhex(sealedText);
  if (key.length !== 32) refuse("A key has 32 bytes.");
  if (sealed.length < BODY + TAG) refuse("It is too short.");
  if (sealed[0] !== 1 || sealed[1] !== 1) refuse("It is of another version or suite.");
  if (!same(sealed.subarray(2, HEAD), await expand(key, ascii("kura key id"), 16))) refuse("It is of another key.");
  const salt = sealed.subarray(HEAD, HEAD + 24), commitment = sealed.subarray(HEAD + 24, BODY);
  const label = joined(ascii("c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM"), [0]);
  const derived = await expand(key, joined(label, salt, encoded(context, sealed[0], sealed[1])), 32 + 12 + 32);
  if (!same(commitment, derived.subarray(44))) refuse("The commitment is another: wrong key or context.");
  const secret = await subtle.importKey("raw", derived.subarray(0, 32), "AES-GCM", false, ["decrypt"]);
  const base = BigInt("0x" + hex(derived.subarray(32, 44)));
  const pieces = [];
  for (let at = BODY, i = 0n, last = false; !last; at += CHUNK, i++) {
    const chunk = sealed.subarray(at, at + CHUNK);
    last = chunk.length < CHUNK; // the last chunk is always short, so what ends with a whole one was cut
    if (chunk.length < TAG) refuse("It was cut.");
    const iv = number(base ^ i, 12); // the counter as a 96-bit big-endian number
    const opened = subtle.decrypt({ name: "AES-GCM", iv, tagLength: 128 }, secret, chunk);
    pieces.push(new Uint8Array(await opened.catch(() => refuse(`Chunk ${i} is not what was sealed.`))));
  }
  const plain = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  pieces.reduce((at, piece) => (plain.set(piece, at), at + piece.length), 0);
  return hex(unpadded(plain, context.kind));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  let text = "";
  for await (const part of process.stdin) text += part;
  try {
    console.log(await open(JSON.parse(text)));
  } catch (error) {
    console.error(error.message);
    process.exitCode = 1;
  }
}
