/* The live page of a running batch record: polls for new readings, draws them and says how old they are. */
import { report } from "./connection.js";
import { Drawing, clock, duration } from "./plots.js";
import { reload } from "./reload.js";
import { say, words } from "./words.js";

const EVERY_MS = 500;
const HIDDEN_MS = 5_000;
const PATIENCE_MS = 5_000;
const AWAY_S = 60; // after a longer interruption the whole window is fetched again
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
const announced = new Set([...alarms.querySelectorAll("[data-alarm]")].map((alarm) => alarm.dataset.alarm));

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
  const query = new URLSearchParams({ minutes, alarms: version });
  if (cursor !== null) query.set("since", cursor);
  return `${page.dataset.follow}?${query}`;
}

async function poll() {
  // The first header tells the server that no person did this: it must not keep an idle session awake.
  const headers = { "X-Live-Refresh": "1", ...(etag && { "If-None-Match": etag }) };
  const answer = await fetch(address(), { headers, cache: "no-store", signal: AbortSignal.timeout(PATIENCE_MS) });
  if (answer.redirected || answer.status === 401 || answer.status === 403) {
    reload();
    return;
  }
  if (answer.status !== 304) {
    if (!answer.ok) throw new Error(answer.statusText);
    const body = await answer.json();
    etag = answer.headers.get("ETag") ?? "";
    update(body);
  }
  answered = here();
  connected();
}

function update(body) {
  if (body.running.join(" ") !== page.dataset.running.trim()) {
    reload(); // a phase began or ended: other plots
    return;
  }
  skew = body.now / 1e6 - here();
  cursor = body.cursor;
  judgedTo = body.judgedTo;
  let again = clocks !== null && clocks !== body.clocks.version; // a correction moves what is drawn already
  clocks = body.clocks.version;
  for (const [key, drawing] of drawings) {
    drawing.receive(body.traces[key], body.whole);
    drawing.states(body.states[key]);
    drawing.clocks(body.clocks);
    drawing.excursions = body.excursions.filter((excursion) => excursion.plot === key);
    again ||= drawing.late;
  }
  if (again && !body.whole) [cursor, etag] = [null, ""]; // what came late is put in its place by the server
  if (body.alarms.html !== undefined) showAlarms(body.alarms);
  draw();
}

function showAlarms(list) {
  version = list.version;
  const focused = alarms.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  const open = alarms.querySelector("details[open]") !== null;
  alarms.innerHTML = list.html;
  if (open) alarms.querySelector(":scope > details")?.setAttribute("open", "");
  if (focused) alarms.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  for (const alarm of alarms.querySelectorAll("[data-alarm]")) {
    if (announced.has(alarm.dataset.alarm)) continue;
    announced.add(alarm.dataset.alarm);
    page.querySelector("#announced").textContent = alarm.dataset.announcement;
    if (alarm.dataset.level === "action") say(alarm.dataset.announcement, "action", 8);
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
  const status = page.querySelector("#not-followed [role=status]");
  const text = words("not_followed", { at: tell(lost) });
  if (status.textContent !== text) status.textContent = text;
  showAge();
}

/** The age of what is drawn, beside the sentence and not in it: a screen reader would read it out every second. */
function showAge() {
  if (lost === null || answered === null) return;
  page.querySelector("[data-old]").textContent = words("all_old", { time: duration(here() - answered) });
}

function draw() {
  showAge();
  for (const drawing of drawings.values()) drawing.draw(now(), { connected: lost === null });
  const note = page.querySelector("#not-judged");
  const behind = [...drawings.values()].filter((row) => row.newest && judgedTo[row.phase] !== undefined
    && row.newest - (judgedTo[row.phase] ?? 0) / 1e6 > Math.max(BEHIND_S, row.maxGap ?? 0));
  const since = Math.min(...behind.map((row) => (judgedTo[row.phase] ?? 0) / 1e6));
  note.hidden = behind.length === 0;
  const text = behind.length ? words("judged_until", { at: since ? tell(since) : "–" }) : "";
  if (note.textContent !== text) note.textContent = text;
}

async function follow() {
  try {
    await poll();
  } catch {
    disconnected();
  }
  setTimeout(follow, document.hidden ? HIDDEN_MS : EVERY_MS);
}

addEventListener("offline", disconnected);
document.addEventListener("visibilitychange", draw);
setInterval(draw, 1000);
if (drawings.size) follow();
