/* The screen locks when nobody touches it; the server locks too, this only shows it in time. */
import { hush, say, words } from "./words.js";

const SHARED = "gatekeeper:touched";
const WARNING_SECONDS = 30;
let warned = false;

function touched() {
  localStorage.setItem(SHARED, String(Date.now()));
  if (warned) hush();
  warned = false;
}

function lock() {
  const form = document.querySelector("form[data-lock]");
  if (form) form.requestSubmit();
  else location.reload();
}

export function start() {
  const limit = Number(document.body.dataset.idleSeconds);
  if (!(limit > 0)) return;
  touched();
  let last = 0;
  for (const kind of ["pointerdown", "keydown", "wheel"]) {
    addEventListener(kind, () => {
      // Once a second is enough; a scanner types faster than storage likes.
      if (Date.now() - last > 1000) touched();
      last = Date.now();
    }, { passive: true, capture: true });
  }
  const timer = setInterval(() => {
    const seconds = Math.ceil(limit - (Date.now() - Number(localStorage.getItem(SHARED))) / 1000);
    if (seconds <= 0) {
      clearInterval(timer);
      lock();
    } else if (seconds <= Math.min(WARNING_SECONDS, limit / 2)) {
      warned = true;
      say(words("locking", { seconds }), "alert", 0);
    }
  }, 1000);
}
