// A passkey in place of the password: made, asked before a sensitive act, and asked to end the lock.
// What these buttons say appears only where the browser knows passkeys; without them everything asks for the password.
import { conclude, renew, say as sayAtLock, token } from "./lock.js";
import { say } from "./text.js";

const MINUTES = 2 * 60_000;
const ALGORITHMS = [-8, -7, -257]; // Ed25519, ECDSA, and RSA for older Windows

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(Array.from(new Uint8Array(buffer), (b) => String.fromCharCode(b)).join(""))
  .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

/** What the server says no to, in its own sentence. */
class Refused extends Error {}

/** The answer is a page, read and not run: XMLHttpRequest parses one without putting it anywhere. */
function post(url, fields) {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    request.open("POST", url);
    request.responseType = "document";
    request.setRequestHeader("X-Kura-Csrf", token());
    request.addEventListener("load", () => {
      const page = request.response;
      if (request.status !== 200) return fail(new Refused(page?.getElementById("answer")?.textContent || ""));
      done({ asked: page?.getElementById("question")?.dataset, csrf: request.getResponseHeader("X-Kura-Csrf") });
    });
    request.addEventListener("error", fail);
    request.send(new URLSearchParams(fields));
  });
}

const listed = (asked) => asked.credentials.split(" ").filter(Boolean).map((id) => ({ type: "public-key", id: bytes(id) }));
const evaluated = (salt) => ({ prf: { eval: { first: bytes(salt) } } });
const output = (credential) => credential.getClientExtensionResults().prf?.results?.first;

/** Asks an authenticator; with a salt also what it makes of that, which is then as secret as a password. */
const get = (asked, allowCredentials) => navigator.credentials.get({ publicKey: {
  challenge: bytes(asked.challenge), rpId: asked.rp, userVerification: "required", timeout: MINUTES, allowCredentials,
  extensions: asked.salt ? evaluated(asked.salt) : {},
} });

async function answer(asked) {
  const found = await get(asked, listed(asked));
  const { clientDataJSON, authenticatorData, signature } = found.response;
  const evaluates = asked.salt && output(found);
  return {
    challenge: asked.challenge, credential: text(found.rawId), client_data: text(clientDataJSON),
    authenticator_data: text(authenticatorData), signature: text(signature), ...evaluates && { output: text(evaluates) },
  };
}

const create = (asked, { site, name }) => navigator.credentials.create({ publicKey: {
  challenge: bytes(asked.challenge), rp: { id: asked.rp, name: site }, user: { id: bytes(asked.user), name, displayName: name },
  pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: "public-key", alg })), timeout: MINUTES, attestation: "none",
  authenticatorSelection: { residentKey: "preferred", userVerification: "required" },
  excludeCredentials: listed(asked), extensions: evaluated(asked.salt),
} });

/** Some evaluate only when they are used: then it is used once, under a challenge that the server never hears of. */
async function evaluate(made, asked) {
  if (output(made) || !made.getClientExtensionResults().prf?.enabled) return output(made);
  const own = { ...asked, challenge: text(crypto.getRandomValues(new Uint8Array(32))) };
  return get(own, [{ type: "public-key", id: made.rawId }]).then(output, () => undefined);
}

async function add(form) {
  const { password, challenge, client_data, attestation, output: evaluates } = form.elements;
  const { asked } = await post(form.dataset.question, { purpose: "add", password: password.value });
  const made = await create(asked, form.dataset);
  const found = await evaluate(made, asked);
  challenge.value = asked.challenge;
  client_data.value = text(made.response.clientDataJSON);
  attestation.value = text(made.response.attestationObject);
  evaluates.value = found ? text(found) : "";
  form.submit();
}

async function prove(button) {
  const { asked } = await post(button.dataset.question, { purpose: "prove" });
  const { csrf } = await post(button.dataset.passkeyProve, await answer(asked));
  renew(csrf);
  const field = button.closest(".field"), { form } = button, done = document.createElement("p");
  done.className = "good";
  done.textContent = button.dataset.done;
  field.replaceChildren(done); // with the password's box: an empty one would be asked for
  say(button.dataset.done);
  [...form.elements].find((el) => el.matches("button[type=submit]"))?.focus(); // it may stand at the head of the page
}

async function unlock(button) {
  const { asked } = await post(button.dataset.question, {});
  const { csrf } = await post(button.dataset.passkeyUnlock, await answer(asked));
  conclude(csrf);
}

/** Runs it once at a time; says what went wrong and leaves the password as the way. */
async function run(act, el, button, tell, retry = button) {
  let next;
  button.disabled = true;
  tell("");
  try {
    await act(el);
  } catch (error) {
    const known = error.name === "InvalidStateError" && el.dataset.known;
    tell((error instanceof Refused && error.message) || known || el.dataset.failed);
    next = error instanceof Refused ? retry : button;
  } finally {
    button.disabled = false;
  }
  next?.focus(); // a disabled button takes none
  next?.select?.();
}

function tellIn(box) {
  return (said) => { box.hidden = !said; box.textContent = said; };
}

function tellBelow(button) {
  const box = document.createElement("p");
  box.className = "fault";
  box.setAttribute("role", "alert");
  box.hidden = true;
  button.parentElement.after(box);
  return tellIn(box);
}

export function wire() {
  if (!window.PublicKeyCredential || !window.isSecureContext) return;
  document.querySelectorAll("[data-passkeys]").forEach((el) => { el.hidden = false; });
  document.querySelectorAll("[data-no-passkeys]").forEach((el) => { el.hidden = true; });
  for (const form of document.querySelectorAll("form[data-passkey-add]")) {
    form.addEventListener("submit", (e) => {
      e.preventDefault();
      run(add, form, form.querySelector("[type=submit]"), tellIn(document.getElementById("error")), form.elements.password);
    });
    form.elements.password.focus(); // it was hidden when the page looked for its first box
  }
  for (const button of document.querySelectorAll("[data-passkey-prove]")) {
    const tell = tellBelow(button);
    button.addEventListener("click", () => run(prove, button, button, tell));
  }
  for (const button of document.querySelectorAll("[data-passkey-unlock]")) {
    button.addEventListener("click", () => run(unlock, button, button, sayAtLock));
  }
}
