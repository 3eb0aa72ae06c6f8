/* Number keys for gloves: fills the place that the page offers, or opens below the field. */
import { words } from "./words.js";

const KEYS = ["7", "8", "9", "4", "5", "6", "1", "2", "3", ".", "0", "⌫"];
const MORE_KEYS = ["−", "E"]; // for data-keypad="full": differences and titres
let target = null;

function type(input, key) {
  const from = input.selectionStart ?? input.value.length;
  const to = input.selectionEnd ?? from;
  const text = { "⌫": "", "−": "-" }[key] ?? key;
  const start = key === "⌫" && from === to ? Math.max(0, from - 1) : from;
  input.setRangeText(text, start, to, "end");
  input.dispatchEvent(new Event("input", { bubbles: true }));
}

function press(event) {
  const key = event.target.closest("button")?.dataset.key;
  if (!key || !target?.isConnected || target.readOnly || target.disabled) return;
  target.focus({ preventScroll: true });
  type(target, key);
}

function fill(place, keys) {
  const pad = document.createElement("div");
  pad.className = "pad n";
  for (const key of keys) {
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.key = key;
    button.textContent = key;
    if (key === "⌫") button.setAttribute("aria-label", words("delete"));
    pad.append(button);
  }
  // The field keeps its focus and its caret while keys are pressed.
  pad.addEventListener("pointerdown", (event) => event.preventDefault());
  pad.addEventListener("click", press);
  place.replaceChildren(pad);
  place.hidden = false;
}

function placeFor(input) {
  const offered = document.querySelector("[data-keypad-place]");
  if (offered && !input.closest("dialog")) return offered;
  const place = document.createElement("div");
  place.setAttribute("role", "group");
  place.setAttribute("aria-label", words("keypad"));
  input.closest(".field, label")?.after(place);
  return place;
}

const places = new WeakMap();

function aim(input) {
  target = input;
  if (!places.has(input)) places.set(input, placeFor(input));
  const place = places.get(input);
  const keys = input.dataset.keypad === "full" ? [...KEYS, ...MORE_KEYS] : KEYS;
  if (place.querySelectorAll("button").length !== keys.length) fill(place, keys);
}

export function start() {
  if (!document.body.classList.contains("touch")) return;
  const prepare = () => document.querySelectorAll("input[data-keypad]").forEach((input) => {
    input.inputMode = "none";
  });
  document.addEventListener("focusin", (event) => {
    if (event.target.matches?.("input[data-keypad]")) aim(event.target);
  });
  // The whole box is the target, not only its digits.
  document.addEventListener("click", (event) => event.target.closest?.(".entry")?.querySelector("input")?.focus());
  document.addEventListener("gatekeeper:swapped", prepare);
  prepare();
  const first = document.querySelector("input[data-keypad]");
  if (first && document.querySelector("[data-keypad-place]")) aim(first);
}
