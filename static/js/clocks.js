/* Hold times run down on the server's clock: a tablet's own clock may be wrong. */
import { words } from "./words.js";

const served = Date.parse(document.body.dataset.now ?? "");
const skew = Number.isNaN(served) ? 0 : served - Date.now();

function duration(seconds) {
  const whole = Math.abs(Math.trunc(seconds));
  const [h, m, s] = [Math.trunc(whole / 3600), Math.trunc(whole / 60) % 60, whole % 60];
  return h ? words("hours", { h, m }) : words("minutes", { m, s });
}

function tick() {
  for (const clock of document.querySelectorAll("[data-deadline]")) {
    const left = (Date.parse(clock.dataset.deadline) - Date.now() - skew) / 1000;
    if (Number.isNaN(left)) continue;
    const warn = Number(clock.dataset.warnSeconds ?? 900);
    clock.textContent = words(left < 0 ? "over" : "left", { time: duration(left) });
    clock.classList.toggle("action", left < 0);
    clock.classList.toggle("alert", left >= 0 && left <= warn);
  }
}

export function start() {
  tick();
  setInterval(tick, 1000);
  document.addEventListener("gatekeeper:swapped", tick);
}
