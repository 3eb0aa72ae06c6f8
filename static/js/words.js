/* What the scripts say: the page brings the sentences in the person's language. */
const sentences = new Map();
for (const item of document.getElementById("words")?.content.children ?? []) {
  sentences.set(item.dataset.word, item.textContent);
}

export function words(name, values = {}) {
  return (sentences.get(name) ?? name).replace(/\{(\w+)\}/g, (whole, key) => values[key] ?? whole);
}

const toast = document.createElement("p");
toast.className = "toast";
toast.hidden = true;
toast.setAttribute("role", "status");
document.body.append(toast);
let hiding;

/** Says a sentence at the foot of the screen; state is inside, alert, action or unknown. */
export function say(text, state = "", seconds = 5) {
  clearTimeout(hiding);
  toast.className = `toast ${state}`;
  toast.hidden = false;
  // A modal dialog makes the rest of the page inert and covers it: speak from inside it.
  (document.querySelector("dialog[open]") ?? document.body).append(toast);
  toast.textContent = text;
  if (seconds) hiding = setTimeout(() => { toast.hidden = true; }, seconds * 1000);
}

export function hush() {
  clearTimeout(hiding);
  toast.hidden = true;
}
