/* A signing section of the page becomes a dialog; without this script it stays a section that its link leads to. */
import { words } from "./words.js";

function makeDialog(section) {
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-labelledby", section.getAttribute("aria-labelledby") ?? "");
  section.removeAttribute("aria-labelledby");
  section.replaceWith(dialog);
  dialog.append(section);
  const close = Object.assign(document.createElement("button"), { type: "button", textContent: words("close") });
  close.addEventListener("click", () => dialog.close());
  section.querySelector("[data-close-place]")?.replaceWith(close);
  // A signature that was not made leaves nothing behind.
  dialog.addEventListener("close", () => {
    for (const field of dialog.querySelectorAll('input[type="password"]')) field.value = "";
  });
  if ("open" in section.dataset) open(dialog);
}

function open(dialog) {
  dialog.showModal();
  const first = dialog.querySelector("[data-invalid], input:not([type=hidden]), select, textarea");
  first?.focus();
}

export function start() {
  document.querySelectorAll("[data-signing]").forEach(makeDialog);
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("[data-opens]");
    const dialog = link && document.getElementById(link.dataset.opens)?.closest("dialog");
    if (!dialog || link.getAttribute("aria-disabled") === "true") return;
    event.preventDefault();
    open(dialog);
  });
}
