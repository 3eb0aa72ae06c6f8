/* One signal on a time axis: trace, limits, what was outside, what is unknown; uPlot draws, the readings are ours. */
import { words } from "./words.js";

const MOST = 4000; // points of one signal; beyond, the server gives fewer
const LATE_S = 10;
const TABLE_ROWS = 20;
const LEAST_S = 60; // what a plot shows at least
const CALM = matchMedia("(prefers-reduced-motion: reduce)");
const CALM_STEP_S = 10;

/** Returns what writes a time (s since 1970) as hh:mm:ss of a zone. */
export function clock(zone) {
  const format = new Intl.DateTimeFormat("en-GB", { timeZone: zone, timeStyle: "medium", hourCycle: "h23" });
  return (at) => format.format(new Date(at * 1000));
}

const probe = document.createElement("i");
probe.hidden = true;
document.body.append(probe);

/** The colour of a token as the scheme has it now: a canvas knows no custom properties. */
function colour(token) {
  probe.style.color = `var(--${token})`;
  return getComputedStyle(probe).color;
}

/** Returns a time in words, in seconds, minutes or hours. */
export function duration(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  return whole < 3600 ? words("minutes", { m: Math.trunc(whole / 60), s: whole % 60 })
    : words("hours", { h: Math.trunc(whole / 3600), m: Math.trunc(whole / 60) % 60 });
}

const figure = (value) => (Math.abs(value) >= 1000 ? Math.round(value).toLocaleString("en").replace(/,/g, "\u2009")
  : String(Number(value.toPrecision(4))));

const [HIGH, APART, ABOVE, BELOW] = [15, 12, -4, 13]; // px: a line of words, two side by side, their foot from a limit

/** Returns where the word of each limit ({ y, width }) stands, in their order: none over another, as charts.py does. */
export function placed(limits, { left, right, bottom }) {
  const boxes = new Map();
  const meets = (left, right) => left.x < right.end && right.x < left.end && Math.abs(left.y - right.y) < HIGH;
  for (const limit of [...limits].sort((left, right) => left.y - right.y)) {
    const tried = [];
    for (const x of [left, ...[...boxes.values()].map((box) => box.end + APART)]) {
      for (const y of [limit.y + ABOVE, limit.y + BELOW]) {
        if (x + limit.width <= right && y <= bottom) tried.push({ x, y, end: x + limit.width });
      }
    }
    const free = tried.filter((place) => ![...boxes.values()].some((box) => meets(place, box)));
    const clear = free.filter((place) => !limits.some((other) => other !== limit && other.y > place.y - HIGH + 2 && other.y < place.y + 2));
    boxes.set(limit, clear[0] ?? free[0] ?? tried[0] ?? { x: left, y: limit.y + ABOVE, end: left + limit.width });
  }
  return limits.map((limit) => boxes.get(limit));
}

export class Drawing {
  constructor(sheet, { seconds, timeText }) {
    const described = JSON.parse(sheet.querySelector("script").textContent);
    Object.assign(this, described, { sheet, seconds, timeText, t: [], v: [], gaps: [], excursions: [], late: false });
    this.phase = this.key.slice(0, this.key.lastIndexOf("-"));
    this.newest = null;
    this.end = Date.now() / 1000;
    this.canvas = sheet.querySelector(".canvas");
    this.rows = sheet.querySelector("tbody");
    this.table = sheet.querySelector("details");
    this.table.addEventListener("toggle", () => this.fillTable());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.plot?.redraw(false, true));
    new ResizeObserver(() => this.fit()).observe(this.canvas);
  }

  /** Adds what the server sent: the whole window, or what is new in it. */
  receive(data, whole) {
    if (!data) return;
    const t = data.t.map((at) => at / 1e6);
    const gaps = data.gaps.map(([from, to]) => [from / 1e6, to / 1e6]);
    this.late = false;
    if (whole) {
      Object.assign(this, { t, v: data.v, gaps, newest: null });
    } else {
      const first = t.find((_at, place) => data.v[place] !== null);
      if (this.newest !== null && first - this.newest > (this.maxGap ?? Infinity)) this.gaps.push([this.newest, first]);
      this.gaps.push(...gaps.filter(([, to]) => this.newest === null || to > this.newest));
      t.forEach((at, place) => this.put(at, data.v[place]));
    }
    if (data.newest !== null && data.newest / 1e6 >= (this.newest ?? 0)) {
      this.newest = data.newest / 1e6;
      this.sheet.querySelector("[data-value]").textContent = figure(data.last);
    }
    this.late ||= this.t.length > MOST;
    this.fillTable();
  }

  put(at, value) {
    let place = this.t.length;
    while (place > 0 && this.t[place - 1] > at) place -= 1;
    if (place > 0 && this.t[place - 1] === at) {
      this.v[place - 1] = value;
      return;
    }
    if (this.newest !== null && this.newest - at > LATE_S) this.late = true;
    this.t.splice(place, 0, at);
    this.v.splice(place, 0, value);
  }

  clocks({ corrected, held }) {
    const states = { corrected: corrected.includes(this.source), held: held.includes(this.source) };
    for (const [kind, is] of Object.entries(states)) this.sheet.querySelector(`[data-clock="${kind}"]`).hidden = !is;
  }

  states(rules) {
    for (const { rule, mark, word } of rules ?? []) {
      const element = this.sheet.querySelector(`[data-rule="${CSS.escape(rule)}"] .mark`);
      if (!element) continue;
      element.className = `mark ${mark}`;
      if (element.textContent !== word) element.textContent = word;
    }
  }

  /** Draws the window that ends now (s of the server's clock). */
  draw(now, { connected }) {
    this.connected = connected;
    this.end = CALM.matches ? Math.ceil(now / CALM_STEP_S) * CALM_STEP_S : now;
    this.now = now;
    const from = this.end - this.seconds;
    let expired = 0;
    while (expired < this.t.length && this.t[expired] < from - 60) expired += 1;
    if (expired) [this.t, this.v] = [this.t.slice(expired), this.v.slice(expired)];
    this.gaps = this.gaps.filter(([, to]) => to > from);
    this.showAge(connected);
    if (!this.plot) this.begin();
    this.plot?.setData(this.columns());
  }

  showAge(connected) {
    const age = this.newest === null ? null : this.now - this.newest;
    const stale = age === null || !connected || age > Math.max(this.maxGap ?? Infinity, 1);
    const mark = this.sheet.querySelector("[data-age]");
    const word = age === null ? "no_reading" : stale ? "no_reading_for" : "reading_ago";
    const text = words(word, { time: duration(age ?? 0) });
    mark.className = `mark ${stale ? "unknown" : "plain"}`;
    if (age !== null && stale && connected) mark.className = "mark alert";
    if (mark.textContent !== text) mark.textContent = text;
    this.sheet.classList.toggle("stale", stale);
  }

  /** The silence that lasts: from the last reading until now; without a connection nothing later is known. */
  get silence() {
    const lasts = this.newest !== null && (!this.connected || this.now - this.newest > (this.maxGap ?? Infinity));
    return lasts ? [[this.newest, this.now]] : [];
  }

  columns() {
    const [t, v] = [[], []];
    const cuts = this.gaps.map(([from]) => from).sort((left, right) => left - right);
    let cut = 0;
    this.t.forEach((at, place) => {
      while (cut < cuts.length && cuts[cut] < at) {
        if (t.length && t.at(-1) < cuts[cut] + 1e-6) { t.push(cuts[cut] + 1e-6); v.push(null); }
        cut += 1;
      }
      t.push(at);
      v.push(this.v[place]);
    });
    return [t, v];
  }

  begin() {
    const { uPlot, devicePixelRatio } = window;
    if (!uPlot || !this.canvas.clientWidth) return;
    const font = `12px ${getComputedStyle(document.body).fontFamily}`;
    const axis = { stroke: () => colour("quiet"), font, grid: { stroke: () => colour("line"), width: 1 }, ticks: { show: false } };
    const times = (_plot, splits) => splits.map((at) => (this.end - this.from > 900 ? this.timeText(at).slice(0, 5) : this.timeText(at)));
    this.ratio = devicePixelRatio;
    this.plot = new uPlot({
      ...this.size,
      cursor: { drag: { x: false, y: false }, sync: { key: "live" }, points: { show: false } },
      legend: { show: false },
      scales: { x: { time: true, range: () => [this.from, this.end] }, y: { range: (_plot, low, high) => this.range(low, high) } },
      axes: [{ ...axis, values: times, space: 90 }, { ...axis, size: 64, values: (_plot, splits) => splits.map(figure) }],
      series: [{}, {
        stroke: () => colour("ink"), width: 2, points: { show: false },
        ...(this.stepped && { paths: uPlot.paths.stepped({ align: 1 }) }),
      }],
      hooks: { drawAxes: [(plot) => this.under(plot)], draw: [(plot) => this.nameLimits(plot)] },
    }, this.columns(), this.canvas);
  }

  /** A phase that began within the window is drawn from its start on. */
  get from() {
    return Math.max(this.end - this.seconds, Math.min(this.begun, this.end - LEAST_S));
  }

  get size() { return { width: this.canvas.clientWidth, height: this.canvas.clientHeight }; }

  fit() {
    if (this.plot && this.canvas.clientWidth) this.plot.setSize(this.size);
  }

  range(low, high) {
    const values = [...this.levels.map((level) => level.value), ...[low, high].filter((value) => value !== null && Number.isFinite(value))];
    if (!values.length) return [0, 1];
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const room = (most - least || Math.abs(most) || 1) * 0.08;
    return [least - room, most + 2 * room]; // the highest limit's word stands above it
  }

  /** What lies under the trace: parts outside, gaps, limits; their words lie over it. */
  under(plot) {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    // Action over alert, whichever came first.
    for (const excursion of this.excursions.toSorted((a, b) => b.level.localeCompare(a.level))) this.fill(plot, excursion);
    for (const gap of [...this.gaps, ...this.silence]) this.hatch(plot, gap);
    for (const level of this.levels) this.limit(plot, level);
    ctx.restore();
  }

  fill(plot, excursion) {
    const from = excursion.from / 1e6;
    const to = excursion.to === null ? Math.max(this.newest ?? from, from) : excursion.to / 1e6;
    const beyond = excursion.high ? Math.max : Math.min;
    const points = this.t.map((at, place) => [at, this.v[place]]).filter(([at, v]) => v !== null && at >= from && at <= to);
    const x = (at) => plot.valToPos(at, "x", true);
    const y = (value) => plot.valToPos(value, "y", true);
    const { ctx, bbox } = plot;
    ctx.fillStyle = colour(excursion.level);
    ctx.globalAlpha = 0.3;
    ctx.beginPath();
    ctx.moveTo(x(from), y(excursion.limit));
    for (const [at, value] of points) ctx.lineTo(x(at), y(beyond(value, excursion.limit)));
    ctx.lineTo(x(to), y(excursion.limit));
    ctx.fill();
    ctx.globalAlpha = 1;
    // Where it lies is values at the foot as well, however little it is beyond.
    const thick = 5 * this.ratio;
    ctx.fillRect(x(from), bbox.top + bbox.height - thick, Math.max(x(to) - x(from), 2 * this.ratio), thick);
  }

  hatch(plot, [from, to]) {
    const { ctx, bbox } = plot;
    const [left, right] = [plot.valToPos(from, "x", true), plot.valToPos(to, "x", true)];
    ctx.save();
    ctx.beginPath();
    ctx.rect(left, bbox.top, Math.max(right - left, 1), bbox.height);
    ctx.clip();
    ctx.strokeStyle = colour("unknown");
    ctx.lineWidth = this.ratio;
    ctx.beginPath();
    for (let x = Math.max(left, bbox.left) - bbox.height; x < Math.min(right, bbox.left + bbox.width); x += 8 * this.ratio) {
      ctx.moveTo(x, bbox.top + bbox.height);
      ctx.lineTo(x + bbox.height, bbox.top);
    }
    ctx.stroke();
    ctx.font = this.font;
    const [word, begins] = [words("unknown_gap"), Math.max(left, bbox.left) + 4 * this.ratio];
    if (begins + ctx.measureText(word).width < Math.min(right, bbox.left + bbox.width)) {
      this.write(plot, word, begins, bbox.top + bbox.height - 10 * this.ratio, "unknown");
    }
    ctx.restore();
  }

  limit(plot, level) {
    const { ctx, bbox } = plot;
    const y = plot.valToPos(level.value, "y", true);
    ctx.strokeStyle = colour(level.state);
    ctx.lineWidth = 1.5 * this.ratio;
    ctx.setLineDash([6 * this.ratio, 4 * this.ratio]);
    ctx.beginPath();
    ctx.moveTo(bbox.left, y);
    ctx.lineTo(bbox.left + bbox.width, y);
    ctx.stroke();
    ctx.setLineDash([]);
  }

  nameLimits(plot) {
    const { ctx, bbox } = plot;
    const r = this.ratio;
    ctx.font = this.font;
    const limits = this.levels.map((level) => ({
      y: plot.valToPos(level.value, "y", true) / r, width: ctx.measureText(level.label).width / r,
    }));
    const edges = { left: bbox.left / r + 5, right: (bbox.left + bbox.width) / r, bottom: (bbox.top + bbox.height) / r };
    this.named = placed(limits, edges);
    this.named.forEach(({ x, y }, place) => this.write(plot, this.levels[place].label, x * r, y * r, this.levels[place].state));
  }

  get font() { return `${12 * this.ratio}px ${getComputedStyle(document.body).fontFamily}`; }

  write(plot, text, x, y, token) {
    const { ctx } = plot;
    ctx.font = this.font;
    ctx.textAlign = "left";
    ctx.textBaseline = "alphabetic";
    ctx.lineWidth = 4 * this.ratio;
    ctx.strokeStyle = colour("sheet");
    ctx.strokeText(text, x, y);
    ctx.fillStyle = colour(token);
    ctx.fillText(text, x, y);
  }

  fillTable() {
    if (!this.table.open) return;
    const rows = [];
    for (let place = this.t.length - 1; place >= 0 && rows.length < TABLE_ROWS; place -= 1) {
      rows.push([this.timeText(this.t[place]), this.v[place] === null ? words("unknown_gap") : figure(this.v[place])]);
    }
    this.rows.replaceChildren(...rows.map((cells) => {
      const row = document.createElement("tr");
      row.append(...cells.map((text) => Object.assign(document.createElement("td"), { textContent: text })));
      return row;
    }));
  }
}
