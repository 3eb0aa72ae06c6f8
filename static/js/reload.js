/* A page that reloads itself never interrupts a person who is leaving it. */
const PATIENCE_MS = 10_000; // leaving that opens no page, such as a download, is forgotten

let left = -Infinity;
addEventListener("beforeunload", () => { left = performance.now(); });
addEventListener("pageshow", () => { left = -Infinity; });

export function reload() {
  if (performance.now() - left > PATIENCE_MS) location.reload();
}
