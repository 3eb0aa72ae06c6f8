/* Warns at entry. The server judges again: this is a warning, not a verdict. */
import { compare, decimal, fold } from "./decimals.js";
import { words } from "./words.js";

const CHECKS = [
  ["action", "actionLow", -1, "action_low"],
  ["action", "actionHigh", 1, "action_high"],
  ["alert", "alertLow", -1, "alert_low"],
  ["alert", "alertHigh", 1, "alert_high"],
];

/** [state, sentence] of a text against the limits in a data set; null when nothing is entered. */
export function judge(text, limits) {
  if (!fold(text)) return null;
  const value = decimal(text);
  if (!value) return ["unknown", words("not_a_number")];
  for (const [state, key, side, word] of CHECKS) {
    const limit = limits[key] ? decimal(limits[key]) : null;
    if (limit && compare(value, limit) === side) return [state, words(word, { limit: limits[key] })];
  }
  return ["inside", words("inside")];
}

function show(field) {
  const input = field.querySelector("input");
  const output = field.querySelector("[data-verdict]");
  const verdict = judge(input.value, field.dataset);
  output.hidden = !verdict;
  output.className = `mark ${verdict?.[0] ?? ""}`;
  if (output.textContent !== (verdict?.[1] ?? "")) output.textContent = verdict?.[1] ?? "";
  follow(input);
}

function follow(input) {
  const scale = input.id && document.querySelector(`[data-scale-for="${CSS.escape(input.id)}"]`);
  if (!scale) return;
  const [low, high] = [Number(scale.dataset.low), Number(scale.dataset.high)];
  const at = Number(fold(input.value));
  const drawn = decimal(input.value) && high > low;
  // Only a drawing: here binary numbers do.
  const x = drawn ? Math.min(100, Math.max(0, ((at - low) / (high - low)) * 100)) : -100;
  const marker = scale.querySelector("[data-marker]");
  marker.setAttribute("x", `${x.toFixed(2)}%`);
  marker.toggleAttribute("hidden", !drawn);
}

export function start() {
  const showAll = () => document.querySelectorAll("[data-limits]").forEach(show);
  document.addEventListener("input", (event) => {
    const field = event.target.closest("[data-limits]");
    if (field && !event.isComposing) show(field);
  });
  document.addEventListener("gatekeeper:swapped", showAll);
  showAll();
}
