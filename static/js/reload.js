/* A page that shows itself anew never takes a person back who is on the way to another one. */
const PATIENCE_MS = 10_000; // a way that leads nowhere, such as to a file that is kept, is forgotten

let left = -Infinity;
addEventListener("beforeunload", () => { left = performance.now(); });
addEventListener("pageshow", () => { left = -Infinity; });

export function reload() {
  if (performance.now() - left > PATIENCE_MS) location.reload();
}
