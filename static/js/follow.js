/* A running batch record, followed: asks for what is new, keeps what it has, and says how old that is. */
import { report } from "./connection.js";
import { Drawing, clock, duration } from "./plots.js";
import { reload } from "./reload.js";
import { say, words } from "./words.js";

const EVERY_MS = 500;
const HIDDEN_MS = 5_000;
const PATIENCE_MS = 5_000;
const AWAY_S = 60; // longer away than this: the whole window is asked for again
const BEHIND_S = 10;

const page = document.querySelector("[data-follow]");
const minutes = Number(page.dataset.minutes);
const tell = clock(page.dataset.zone);
const drawings = new Map(
  [...page.querySelectorAll(".plot")].map((sheet) => {
    const drawing = new Drawing(sheet, { seconds: minutes * 60, timeText: tell });
    return [drawing.key, drawing];
  }),
);
const alarms = page.querySelector("#alarms");
const heard = new Set([...alarms.querySelectorAll("[data-alarm]")].map((one) => one.dataset.alarm));

let cursor = null;
let etag = "";
let version = "";
let skew = 0; // the server's clock less this tablet's, s
let answered = null; // when the server last answered, s of this tablet
let lost = null; // since when it does not
let judgedTo = {};
let clocks = null; // how the server reads the clocks of the skids

const here = () => Date.now() / 1000;
const now = () => here() + skew;

function address() {
  const asked = new URLSearchParams({ minutes, alarms: version });
  if (cursor !== null) asked.set("since", cursor);
  return `${page.dataset.follow}?${asked}`;
}

async function look() {
  // The first header tells the server that no person did this: it must not keep an idle session awake.
  const headers = { "X-Live-Refresh": "1", ...(etag && { "If-None-Match": etag }) };
  const answer = await fetch(address(), { headers, cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
  if (answer.redirected || answer.status === 401 || answer.status === 403) {
    reload();
    return;
  }
  if (answer.status !== 304) {
    if (!answer.ok) throw new Error(answer.statusText);
    const found = await answer.json();
    etag = answer.headers.get("ETag") ?? "";
    take(found);
  }
  answered = here();
  connected();
}

function take(found) {
  if (found.running.join(" ") !== page.dataset.running.trim()) {
    reload(); // a phase began or ended: other plots
    return;
  }
  skew = found.now / 1e6 - here();
  cursor = found.cursor;
  judgedTo = found.judgedTo;
  let again = clocks !== null && clocks !== found.clocks.version; // a correction moves what is drawn already
  clocks = found.clocks.version;
  for (const [key, drawing] of drawings) {
    drawing.receive(found.traces[key], found.whole);
    drawing.states(found.states[key]);
    drawing.clocks(found.clocks);
    drawing.excursions = found.excursions.filter((one) => one.plot === key);
    again ||= drawing.late;
  }
  if (again && !found.whole) [cursor, etag] = [null, ""]; // what came late is put in its place by the server
  if (found.alarms.html !== undefined) showAlarms(found.alarms);
  draw();
}

function showAlarms(found) {
  version = found.version;
  const focused = alarms.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  const open = alarms.querySelector("details[open]") !== null;
  alarms.innerHTML = found.html;
  if (open) alarms.querySelector(":scope > details")?.setAttribute("open", "");
  if (focused) alarms.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  for (const one of alarms.querySelectorAll("[data-alarm]")) {
    if (heard.has(one.dataset.alarm)) continue;
    heard.add(one.dataset.alarm);
    page.querySelector("#announced").textContent = one.dataset.announcement;
    if (one.dataset.level === "action") say(one.dataset.announcement, "action", 8);
  }
}

function connected() {
  report(true);
  lost = null;
  page.querySelector("#not-followed").hidden = true;
}

function disconnected() {
  report(false);
  lost ??= now();
  if (answered !== null && here() - answered > AWAY_S) [cursor, etag] = [null, ""];
  page.querySelector("#not-followed").hidden = false;
  const said = page.querySelector("#not-followed [role=status]");
  const text = words("not_followed", { at: tell(lost) });
  if (said.textContent !== text) said.textContent = text;
  tellOld();
}

/** How old all of it is, beside the sentence and not in it: a voice would read it out every second. */
function tellOld() {
  if (lost === null || answered === null) return;
  page.querySelector("[data-old]").textContent = words("all_old", { time: duration(here() - answered) });
}

function draw() {
  tellOld();
  for (const drawing of drawings.values()) drawing.draw(now(), { connected: lost === null });
  const note = page.querySelector("#not-judged");
  const behind = [...drawings.values()].filter((one) => one.newest && judgedTo[one.phase] !== undefined
    && one.newest - (judgedTo[one.phase] ?? 0) / 1e6 > Math.max(BEHIND_S, one.maxGap ?? 0));
  const since = Math.min(...behind.map((one) => (judgedTo[one.phase] ?? 0) / 1e6));
  note.hidden = behind.length === 0;
  const text = behind.length ? words("judged_until", { at: since ? tell(since) : "–" }) : "";
  if (note.textContent !== text) note.textContent = text;
}

async function follow() {
  try {
    await look();
  } catch {
    disconnected();
  }
  setTimeout(follow, document.hidden ? HIDDEN_MS : EVERY_MS);
}

addEventListener("offline", disconnected);
document.addEventListener("visibilitychange", draw);
setInterval(draw, 1000);
if (drawings.size) follow();
