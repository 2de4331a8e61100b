// Tracks: charts of a word, one under another, with one cursor and one zoom over all of them.
import { Chart, colourOf, decades, isDark } from "./charts.js";

const SHORTEST = 8, // tokens in the window, at least
  AROUND = { left: 52, right: 10, top: 20, bottom: 20 };

// Ticks at round numbers, about so many of them.
function rounded(min, max, about = 4) {
  const apart = (max - min) / about,
    power = 10 ** Math.floor(Math.log10(apart)),
    step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= apart) ?? power;
  const digits = Math.max(0, -Math.floor(Math.log10(step)));
  const first = Math.ceil(min / step),
    count = Math.floor(max / step) - first + 1;
  return Array.from({ length: Math.max(0, count) }, (_, k) => {
    const value = (first + k) * step;
    return [value, step >= 1 ? value.toLocaleString("en").replace("-", "−") : value.toFixed(digits).replace("-", "−")];
  });
}

// The axis of a track over what is seen of it.
function axisOf(track, [from, to]) {
  if (track.domain) {
    const [min, max] = track.domain;
    return { min, max, ticks: rounded(min, max, 2), title: "" };
  }
  let [least, greatest] = [Infinity, -Infinity];
  for (const { values } of track.lines) {
    for (let at = from; at < to; at++) {
      if (values[at] < least) least = values[at];
      if (values[at] > greatest) greatest = values[at];
    }
  }
  if (track.log) return { ...decades(Math.max(least, 1e-300), Math.max(greatest, least), ""), title: "" };
  for (const value of track.seen?.(from, to) ?? []) {
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
  }
  if (!Number.isFinite(least) || !Number.isFinite(greatest)) [least, greatest] = [-1, 1];
  const room = Math.max((greatest - least) * 0.08, Math.abs(greatest) * 1e-6, 1e-9),
    [min, max] = [least - room, greatest + room];
  if (track.around && max - min > 12) {
    const ticks = [-10000, -1000, -100, -10, -1, 0, 1, 10, 100, 1000, 10000]
      .filter((value) => value >= min && value <= max)
      .map((value) => [value, value.toLocaleString("en").replace("-", "−")]);
    return { min, max, around: 0.5, ticks, title: "" };
  }
  return { min, max, ticks: rounded(min, max), title: "" };
}

export class Tracks {
  // `told` is called with the token at the cursor and the window whenever either changes.
  constructor(element, told) {
    Object.assign(this, { element, told, tracks: [], charts: [], length: 0, at: 0, window: [0, 1] });
    this.cursor = Object.assign(document.createElement("div"), { className: "cursor" });
    this.pointers();
    new ResizeObserver(() => this.draw()).observe(element);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.draw());
  }

  // Tracks: {title, label, height, lines: [{name, values}], ...} of a word; `failure` is its first wrong token.
  show(tracks, { length, failure, letters }, view = {}) {
    const same = length === this.length;
    Object.assign(this, { tracks, length, failure, letters });
    if (!same || view.to) this.window = [view.from ?? 0, Math.min(length, view.to ?? length)];
    this.at = Math.min(view.at ?? (same ? this.at : Math.min(failure, length - 1)), length - 1);
    this.element.replaceChildren(this.cursor);
    this.charts = tracks.map(({ height, label }, k) => {
      const place = Object.assign(document.createElement("div"), { className: "track" });
      place.setAttribute("role", "img");
      place.setAttribute("aria-label", label);
      this.element.append(place);
      return new Chart(place, height, k === tracks.length - 1 ? { ...AROUND, bottom: 34 } : AROUND);
    });
    this.draw();
    this.moved();
  }

  draw() {
    const [from, to] = this.window,
      dark = isDark();
    if (!this.element.clientWidth) return;
    const xs = Float64Array.from({ length: to - from }, (_, at) => from + at + 0.5);
    this.tracks.forEach((track, k) => {
      const chart = this.charts[k],
        last = k === this.tracks.length - 1;
      chart.begin(this.tokenAxis(last), axisOf(track, [from, to]));
      const seen = (values) => values.slice(from, to);
      if (track.mountain) this.mountain(chart, track, seen);
      if (track.band) chart.band(xs, seen(track.band.low), seen(track.band.high), chart.quiet);
      if (track.edge) chart.line(xs, seen(track.edge), chart.red, 1, 0.9, [4, 3]);
      for (const value of track.rules ?? []) chart.line([from, to], [value, value], chart.quiet, 1, 1, [3, 3]);
      let at = AROUND.left + 4;
      const wide = (text) => chart.pen.measureText(text ?? "").width + 12;
      const names = track.lines.reduce((sum, { name }) => sum + wide(name), 0);
      // On a phone the names say more than the title.
      if (track.lines.length < 2 || at + wide(track.title) + names < this.element.clientWidth) {
        chart.text(at, 0, track.title, chart.quiet, "left");
        at += wide(track.title);
      }
      track.lines.forEach(({ name, values }, line) => {
        const colour = colourOf({ run: line }, false, dark);
        chart.line(xs, seen(values), colour, 1.6);
        if (name && at < this.element.clientWidth - 60) chart.text(at, 0, name, colour, "left");
        at += wide(name);
      });
      if (this.failure < this.length) {
        const x = this.failure + 0.5;
        chart.within((pen) => {
          pen.fillStyle = chart.red;
          pen.fillRect(chart.x(x) - 0.8, 0, 1.6, chart.height);
        });
      }
    });
    this.place();
  }

  // Counters in units of their own fill the track: the tallest stands for the greatest count of the word.
  mountain(chart, { mountain, domain, inUnits }, seen) {
    if (inUnits) return chart.mountain(Array.from(seen(mountain)), 0, this.window[0]);
    const [low, high] = [chart.height - AROUND.bottom, AROUND.top + 6],
      most = domain ? 1 : mountain.reduce((a, b) => Math.max(a, b), 1);
    const y = chart.y;
    chart.y = (value) => low + (value / most) * (high - low);
    chart.mountain(Array.from(seen(mountain)), 0, this.window[0]);
    chart.y = y;
  }

  tokenAxis(last) {
    const [from, to] = this.window,
      room = this.element.clientWidth / (to - from);
    if (room >= 14) {
      const ticks = Array.from({ length: to - from }, (_, k) => [from + k + 0.5, this.letters[from + k]]);
      return { min: from, max: to, ticks, title: last ? `tokens ${from} to ${to - 1}` : "" };
    }
    const ticks = rounded(from, to - 1, Math.max(2, this.element.clientWidth / 110))
      .filter(([value]) => Number.isInteger(value))
      .map(([value, text]) => [value + 0.5, text]);
    return { min: from, max: to, ticks, title: last ? "token" : "" };
  }

  place() {
    const chart = this.charts[0],
      [from, to] = this.window;
    this.cursor.hidden = !chart?.x || this.at < from || this.at >= to;
    if (!this.cursor.hidden) this.cursor.style.left = `${chart.x(this.at + 0.5)}px`;
  }

  moved() {
    this.place();
    this.told(this.at, this.window);
  }

  // Put the cursor at a token; the window follows where it has to.
  go(token) {
    this.at = Math.max(0, Math.min(this.length - 1, token));
    const [from, to] = this.window;
    if (this.at < from || this.at >= to) this.look(this.at - Math.floor((to - from) / 2), to - from);
    this.moved();
  }

  // See `width` tokens from `from` on.
  look(from, width) {
    const wide = Math.max(Math.min(SHORTEST, this.length), Math.min(this.length, Math.round(width))),
      start = Math.max(0, Math.min(this.length - wide, Math.round(from)));
    this.window = [start, start + wide];
    this.draw();
    this.told(this.at, this.window);
  }

  // See more or less, around a token.
  zoom(factor, around = this.at) {
    const [from, to] = this.window;
    this.look(around - (around - from) * factor, (to - from) * factor);
  }

  tokenAt({ clientX }) {
    const box = this.element.getBoundingClientRect(),
      [from, to] = this.window,
      share = (clientX - box.left - AROUND.left) / (box.width - AROUND.left - AROUND.right);
    return from + Math.max(0, Math.min(to - from - 1, Math.floor(share * (to - from))));
  }

  // A mouse tells the token under it, drags the window and, with Shift, zooms; a finger moves the cursor.
  pointers() {
    const { element } = this;
    let drag = null;
    element.addEventListener("pointerdown", (event) => {
      element.setPointerCapture(event.pointerId);
      drag = { x: event.clientX, from: this.window[0], mouse: event.pointerType === "mouse" };
      if (!drag.mouse) this.go(this.tokenAt(event));
    });
    element.addEventListener("pointermove", (event) => {
      if (drag?.mouse) {
        const [from, to] = this.window,
          moved = ((drag.x - event.clientX) / (element.clientWidth - AROUND.left - AROUND.right)) * (to - from);
        if (to - from < this.length) this.look(drag.from + moved, to - from);
      } else if (drag || event.pointerType === "mouse") {
        this.at = this.tokenAt(event);
        this.moved();
      }
    });
    for (const end of ["pointerup", "pointercancel"]) element.addEventListener(end, () => (drag = null));
    element.addEventListener("dblclick", () => this.look(0, this.length));
    element.addEventListener(
      "wheel",
      (event) => {
        if (!event.shiftKey) return;
        event.preventDefault();
        this.zoom((event.deltaY || event.deltaX) > 0 ? 1.25 : 0.8, this.tokenAt(event));
      },
      { passive: false },
    );
  }
}
