/* Forms: one key for each intended write, one sending of it, and a draft that survives a lost connection. */
import { ask } from "./connection.js";
import { say, words } from "./words.js";

const PREFIX = `gatekeeper:draft:${document.body.dataset.person ?? ""}:`;
const SENT = "gatekeeper:sent";
const DRAFT_DAYS = 7;

/** A random key; randomUUID is missing on plain-http pages of a local network. */
export function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function keyField(form) {
  let field = form.elements.namedItem("idempotency_key");
  if (!field) {
    field = Object.assign(document.createElement("input"), { type: "hidden", name: "idempotency_key" });
    form.append(field);
  }
  field.value ||= newKey();
  return field;
}

const draftName = (form) => `${PREFIX}${location.pathname}:${form.dataset.draft}`;

function read(name) {
  try {
    return JSON.parse(localStorage.getItem(name));
  } catch {
    return null;
  }
}

function mine() {
  return Object.keys(localStorage).filter((name) => name.startsWith(PREFIX));
}

function count() {
  for (const badge of document.querySelectorAll("[data-unrecorded]")) {
    const drafts = mine().length;
    badge.hidden = !drafts;
    badge.textContent = words("unrecorded", { count: drafts });
  }
}

// Never a password, a file or a token: an entry is stored, a signature is not.
const storable = (field) => field.name && !["password", "file", "submit", "button", "hidden"].includes(field.type)
  && !field.closest("[data-signing]");

function store(form) {
  const values = [...form.elements].filter(storable).map((field) => [
    field.name, field.value, ["checkbox", "radio"].includes(field.type) ? field.checked : null,
  ]);
  const draft = { values, key: keyField(form).value, at: Date.now() };
  try {
    localStorage.setItem(draftName(form), JSON.stringify(draft));
  } catch {
    // Storage full or forbidden: the form still works, only the draft is lost.
  }
  count();
}

function restore(form) {
  const draft = read(draftName(form));
  if (!draft) return;
  keyField(form).value = draft.key;
  for (const [name, value, checked] of draft.values) {
    restoreField(form.elements.namedItem(name), value, checked);
  }
  offerToDiscard(form);
}

function restoreField(control, value, checked) {
  const fields = control instanceof RadioNodeList ? [...control] : [control];
  for (const field of fields.filter(Boolean)) {
    if (checked === null) field.value = value;
    else if (field.value === value) field.checked = checked;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

function offerToDiscard(form) {
  const note = document.createElement("p");
  note.className = "note unknown cluster";
  note.append(Object.assign(document.createElement("span"), { textContent: words("restored") }));
  const discard = Object.assign(document.createElement("button"), { type: "button", textContent: words("discard") });
  discard.addEventListener("click", () => {
    localStorage.removeItem(draftName(form));
    location.reload();
  });
  note.append(discard);
  form.prepend(note);
}

/** Drops the draft that this tab sent, once a page of its author came back without a refusal: it is recorded. */
function dropRecorded() {
  const name = sessionStorage.getItem(SENT);
  sessionStorage.removeItem(SENT);
  // After a lock the draft stays: the log-in page, which names nobody, answered instead.
  const answered = document.body.dataset.person && !document.querySelector("[data-invalid]");
  if (name && answered) localStorage.removeItem(name);
}

function forgetOld() {
  const oldest = Date.now() - DRAFT_DAYS * 86_400_000;
  for (const name of Object.keys(localStorage).filter((each) => each.startsWith("gatekeeper:draft:"))) {
    if ((read(name)?.at ?? 0) < oldest) localStorage.removeItem(name);
  }
}

function release(form) {
  delete form.dataset.sending;
  for (const button of form.querySelectorAll('[aria-busy="true"]')) button.removeAttribute("aria-busy");
}

async function guard(event) {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sending === "yes") {
    event.preventDefault();
    return;
  }
  keyField(form);
  if ("draft" in form.dataset && form.dataset.sending !== "connected") {
    event.preventDefault();
    form.dataset.sending = "yes";
    store(form);
    const connected = await ask();
    release(form);
    if (!connected) {
      say(words("not_sent"), "unknown", 15);
      return;
    }
    sessionStorage.setItem(SENT, draftName(form));
    form.dataset.sending = "connected";
    form.requestSubmit(event.submitter);
    return;
  }
  form.dataset.sending = "yes";
  event.submitter?.setAttribute("aria-busy", "true");
}

export function start() {
  dropRecorded();
  forgetOld();
  for (const form of document.querySelectorAll("form[data-draft]")) restore(form);
  count();
  document.addEventListener("submit", guard);
  document.addEventListener("input", (event) => {
    const form = event.target.form;
    if (form && "draft" in form.dataset && storable(event.target)) store(form);
  });
  document.addEventListener("change", (event) => {
    if ("submitOnChange" in event.target.dataset) event.target.form?.requestSubmit();
  });
  addEventListener("pageshow", (event) => {
    if (event.persisted) document.querySelectorAll("form").forEach(release);
  });
  document.querySelector("[data-invalid]")?.focus();
}
