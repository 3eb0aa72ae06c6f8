/* A keyboard wedge scanner is a very fast typist who ends with Enter; every screen listens. */
import { fold } from "./decimals.js";
import { say, words } from "./words.js";

const FASTEST_HAND_MS = 45;
const SHORTEST_CODE = 4;
const GROUP_SEPARATOR = "\u001d";
let burst = { text: "", last: 0, field: null, before: "" };
let audio = null;

/** A tone for yes (one, high) or no (two, low). */
function tone(yes) {
  try {
    audio ??= new AudioContext();
    const notes = yes ? [[880, 0, 0.12]] : [[220, 0, 0.18], [180, 0.24, 0.3]];
    for (const [pitch, after, length] of notes) {
      const voice = new OscillatorNode(audio, { frequency: pitch, type: yes ? "sine" : "square" });
      const volume = new GainNode(audio, { gain: 0.15 });
      voice.connect(volume).connect(audio.destination);
      voice.start(audio.currentTime + after);
      voice.stop(audio.currentTime + after + length);
    }
  } catch {
    audio = null; // No sound device: the colour and the words remain.
  }
}

function destination() {
  const active = document.activeElement;
  if (active?.matches?.("[data-scan]")) return active;
  const within = document.querySelector("dialog[open]") ?? document;
  const fields = [...within.querySelectorAll("[data-scan]")].filter((field) => !field.disabled && !field.readOnly);
  return fields.find((field) => !field.value) ?? fields.at(-1) ?? null;
}

function expected(field, text) {
  const codes = field.dataset.scanExpect;
  return !codes || codes.split(" ").some((part) => text === part || text.includes(part));
}

function deliver(text) {
  const readable = text.replaceAll(GROUP_SEPARATOR, " ");
  const field = destination();
  if (!field) {
    const search = document.querySelector("[data-search]");
    if (search && !document.body.classList.contains("touch")) {
      search.value = readable;
      search.focus();
      return;
    }
    tone(false);
    say(words("nothing_to_scan", { text: readable }), "unknown");
    return;
  }
  const yes = expected(field, text);
  tone(yes);
  say(words(yes ? "scanned" : "not_expected", { text: readable }), yes ? "inside" : "action");
  if (!yes) return;
  field.value = text;
  field.focus();
  field.dispatchEvent(new Event("input", { bubbles: true }));
  field.dispatchEvent(new Event("change", { bubbles: true }));
  if ("scanSubmit" in field.dataset) field.form?.requestSubmit();
}

function hear(event) {
  if (event.isComposing || event.altKey || event.metaKey) return;
  const separator = (event.ctrlKey && event.key === "]") || event.key === GROUP_SEPARATOR;
  if (event.ctrlKey && !separator) return;
  const pause = event.timeStamp - burst.last;
  if (event.key === "Enter" || event.key === "Tab") {
    if (burst.text.length >= SHORTEST_CODE && pause < FASTEST_HAND_MS * 2) {
      event.preventDefault();
      event.stopPropagation();
      // What the scanner typed into an unrelated field is taken out again.
      if (burst.field) burst.field.value = burst.before;
      deliver(fold(burst.text));
    }
    burst = { text: "", last: 0, field: null, before: "" };
    return;
  }
  if (!separator && event.key.length !== 1) return;
  if (pause > FASTEST_HAND_MS) {
    const field = event.target.matches?.("input, textarea") ? event.target : null;
    burst = { text: "", last: 0, field, before: field?.value ?? "" };
  }
  if (separator) event.preventDefault();
  burst.text += separator ? GROUP_SEPARATOR : event.key;
  burst.last = event.timeStamp;
}

export function start() {
  document.addEventListener("keydown", hear, { capture: true });
  document.addEventListener("change", (event) => {
    if (!event.target.matches?.("[data-scan], [data-keypad], [inputmode=decimal], [inputmode=none]")) return;
    const folded = fold(event.target.value);
    if (folded !== event.target.value) event.target.value = folded;
  });
}
