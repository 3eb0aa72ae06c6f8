/* Live regions: the same page is fetched and only [data-live] is exchanged; entries and focus stay. */
import { report } from "./connection.js";
import { reload } from "./reload.js";
import { say, words } from "./words.js";

let running = false;

function busy(region) {
  const active = document.activeElement;
  return region.contains(active) && active.matches("input, select, textarea");
}

function exchange(region, fresh) {
  if (region.innerHTML === fresh.innerHTML) return;
  const focused = region.contains(document.activeElement) ? document.activeElement : null;
  const where = focused && (focused.id ? `#${CSS.escape(focused.id)}` : focused.href && `a[href="${CSS.escape(focused.getAttribute("href"))}"]`);
  const open = [...region.querySelectorAll("details")].map((each) => each.open);
  region.innerHTML = fresh.innerHTML;
  region.querySelectorAll("details").forEach((each, index) => { if (open[index]) each.open = true; });
  if (where) region.querySelector(where)?.focus({ preventScroll: true });
}

async function refresh() {
  if (running || document.hidden || document.querySelector("dialog[open]")) return;
  running = true;
  try {
    // The header tells the server that no person did this: it must not keep an idle session awake.
    const answer = await fetch(location.href, {
      headers: { "X-Live-Refresh": "1" }, cache: "no-store", signal: AbortSignal.timeout(10_000),
    });
    if (answer.redirected && new URL(answer.url).pathname !== location.pathname) {
      reload();
      return;
    }
    report(true);
    if (answer.ok) swap(await answer.text());
  } catch {
    report(false);
  } finally {
    running = false;
  }
}

function swap(text) {
  const fresh = new DOMParser().parseFromString(text, "text/html");
  for (const region of document.querySelectorAll("[data-live][id]")) {
    const newer = fresh.getElementById(region.id);
    if (!newer) continue;
    if (!busy(region)) exchange(region, newer);
    else if (region.textContent !== newer.textContent) say(words("changed"), "unknown");
  }
  document.dispatchEvent(new Event("gatekeeper:swapped"));
}

export function start() {
  const pace = document.querySelector("[data-refresh-seconds]")?.dataset.refreshSeconds;
  if (Number(pace) > 0) setInterval(refresh, Math.max(2, Number(pace)) * 1000);
}
