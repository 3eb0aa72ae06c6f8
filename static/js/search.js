/* "/" and Ctrl K go to the search field from anywhere. */
export function start() {
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches?.("input, textarea, select, [contenteditable]");
    const requested = (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey)
      || (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey));
    const field = requested && document.querySelector("[data-search]");
    if (!field || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    field.focus();
    field.select();
  });
}
