/* The badge says whether the server answers. It is polled, because a tablet often believes that it is online. */
import { words } from "./words.js";

const EVERY_MS = 20_000;
let connected = navigator.onLine;

export const isConnected = () => connected;

/** Shows the state; live refresh reports its own successes and failures here. */
export function report(now) {
  connected = now;
  for (const badge of document.querySelectorAll("[data-connection]")) {
    const text = words(now ? "connected" : "disconnected");
    badge.hidden = false;
    badge.className = `mark ${now ? "inside" : "action"}`;
    if (badge.textContent !== text) badge.textContent = text;
  }
}

/** Asks the server once and returns whether it answered within three seconds. */
export async function ask() {
  const url = document.body.dataset.ping;
  if (!navigator.onLine || !url) {
    report(navigator.onLine);
    return connected;
  }
  try {
    report((await fetch(url, { method: "HEAD", cache: "no-store", signal: AbortSignal.timeout(3000) })).ok);
  } catch {
    report(false);
  }
  return connected;
}

export function start() {
  if (!document.querySelector("[data-connection]")) return;
  report(connected);
  addEventListener("online", ask);
  addEventListener("offline", () => report(false));
  setInterval(ask, EVERY_MS);
}
