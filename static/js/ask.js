// Asking the server: an answer is a page, read and not run; XMLHttpRequest parses one without putting it anywhere.
import { token } from "./lock.js";

/** Whoever asked has to sign in again, or unlock the page, before it goes on. */
export class Locked extends Error {}

/** Calls back whenever the page's lock has ended: with another session, for which no address of a picture was made. */
export function afterLock(then) {
  const root = document.documentElement;
  let was = false;
  new MutationObserver(() => {
    const is = root.classList.contains("locked");
    if (was && !is) then();
    was = is;
  }).observe(root, { attributes: true, attributeFilter: ["class"] });
}

/** Resolves to {status, part}: the part of the answer that is meant for scripts, or null. Rejects when nothing came. */
export function ask(method, url, fields = null, signal = null) {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    request.responseType = "document";
    request.setRequestHeader("X-Kura-Csrf", token());
    request.addEventListener("load", () => {
      const part = request.response?.querySelector("[data-answer]");
      // Who is not signed in is led to another page, or refused.
      if (!part && (request.status === 403 || (request.status === 200 && !request.responseURL.endsWith(url)))) return fail(new Locked());
      done({ status: request.status, part });
    });
    request.addEventListener("error", () => fail(new TypeError("network")));
    request.addEventListener("abort", () => fail(new DOMException("aborted", "AbortError")));
    signal?.addEventListener("abort", () => request.abort());
    request.send(fields && new URLSearchParams(fields));
  });
}
