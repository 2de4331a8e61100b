"use strict";
// The explorer: a model's states on any brackets, computed here. `cells` holds the step function of each cell.
const byId = (id) => document.getElementById(id);
const control = { cell: byId("explorer-cell"), run: byId("explorer-run"), epoch: byId("explorer-epoch"), word: byId("explorer-word"), j: byId("explorer-j") };
const LONGEST = 20000, TABLE_ROWS = 200;

for (const model of Object.values(MODELS)) {
  const bytes = Uint8Array.from(atob(model.weights), (letter) => letter.charCodeAt(0));
  model.floats = new Float32Array(bytes.buffer);
}

function weightsOf(name, run, epoch) {
  const model = MODELS[name], at = (model.runs.findIndex((known) => known.run === run) * (model.epochs + 1) + epoch) * model.size;
  return model.floats.subarray(at, at + model.size);
}

// Every value of every token: {names, values: one array a name, depth, target, first_failure}; null for a word that closes nothing.
function trace(name, run, epoch, word) {
  const cell = cells[MODELS[name].cell], weights = weightsOf(name, run, epoch);
  const values = cell.names.map(() => new Float32Array(word.length)), depths = new Int32Array(word.length);
  let state = cell.start(weights), depth = 0, first_failure = word.length;
  for (let at = 0; at < word.length; at++) {
    const closing = word[at] === ")" ? 1 : 0;
    depth += closing ? -1 : 1;
    if (depth < 0) return null;
    let now;
    [state, now] = cell.step(weights, closing, state);
    now.forEach((value, k) => { values[k][at] = value; });
    depths[at] = depth;
    const [may_open, may_close] = now.slice(-2);
    const right = may_open >= 0.5 && (may_close >= 0.5) === (depth > 0);
    if (!right && first_failure === word.length) first_failure = at;
  }
  return { names: cell.names, values, depth: depths, first_failure };
}
window.longcount = { trace };

function zigzag(j, length = 2000) {
  const word = "(".repeat(j) + ")".repeat(j);
  return word.repeat(Math.max(1, Math.round(length / word.length)));
}

function fill(select, entries) {
  select.replaceChildren(...entries.map(([value, text]) => new Option(text, value)));
}

function chooseCell() {
  const model = MODELS[control.cell.value];
  fill(control.run, model.runs.map((known) => [known.run, `${known.run} (best epoch ${known.best}, ${known.told})`]));
  control.epoch.max = model.epochs;
  chooseRun();
}

function chooseRun() {
  const known = MODELS[control.cell.value].runs.find((one) => one.run === Number(control.run.value));
  control.epoch.value = known.best;
  show();
}

function series(traced, names, shift) {
  const rows = [];
  names.forEach((name) => {
    const at = traced.names.indexOf(name);
    traced.values[at].forEach((value, token) => rows.push({ token, name: shift || name, value }));
  });
  return rows;
}

const failureRule = (traced, length) => traced.first_failure < length
  ? [{ data: { values: [{ token: traced.first_failure, what: "first failure" }] }, mark: { type: "rule", color: "#d33a3a", strokeWidth: 1.5 },
       encoding: { x: { field: "token", type: "quantitative" }, tooltip: [{ field: "what" }, { field: "token" }] } }]
  : [];

function lines(rows, title, traced, length, scale, range) {
  const names = [...new Set(rows.map((row) => row.name))];
  return {
    height: 120, layer: [
      { data: { values: rows }, params: [zoom],
        mark: { type: "line", strokeWidth: 1.3, point: length <= 80 ? { size: 18 } : false, clip: true },
        encoding: {
          x: { field: "token", type: "quantitative", title: "token", scale: { domain: [0, Math.max(1, length - 1)], nice: false } },
          y: { field: "value", type: "quantitative", title, scale },
          color: { field: "name", type: "nominal", title: null, scale: { domain: names, range: range.slice(0, names.length) } },
          tooltip: [{ field: "token" }, { field: "name" }, { field: "value", type: "quantitative", format: ".6g" }] } },
      ...failureRule(traced, length)] };
}
const zoom = { name: "zoom", select: { type: "interval", translate: "[pointerdown[event.pointerType === 'mouse'], window:pointerup] > window:pointermove!", zoom: "wheel![event.shiftKey]" }, bind: "scales" };
const COLOURS = ["#3a7fc1", "#d9730d", "#2a9d68", "#8e5bc0", "#bf4a73", "#a88a1c"];

let turn = 0;
async function show() {
  const mine = ++turn;
  const name = control.cell.value, run = Number(control.run.value), epoch = Number(control.epoch.value);
  byId("explorer-epoch-told").textContent = epoch;
  const word = control.word.value.replace(/\s/g, "");
  const message = byId("explorer-message");
  const foreign = word.search(/[^()]/);
  const complain = (text) => { message.className = "bad"; message.textContent = text; };
  if (foreign >= 0) return complain(`“${word[foreign]}” at position ${foreign} is not a bracket.`);
  if (!word) return complain("Give at least one bracket.");
  if (word.length > LONGEST) return complain(`At most ${LONGEST.toLocaleString("en")} brackets here; this has ${word.length.toLocaleString("en")}.`);
  const traced = trace(name, run, epoch, word);
  if (traced === null) return complain("A bracket closes that none has opened; the networks were trained on balanced words.");
  const length = word.length, failed = traced.first_failure < length;
  message.className = failed ? "bad" : "";
  const reason = () => {
    const at = traced.first_failure, may_close = traced.values.at(-1)[at] >= 0.5;
    if (traced.values.at(-2)[at] < 0.5) return "it says that “(” may not follow";
    return may_close ? "depth is 0, and it says that “)” may follow" : `depth is ${traced.depth[at]}, and it says that “)” may not follow`;
  };
  message.textContent = failed ? `First failure at token ${traced.first_failure} of ${length}: ${reason()}.` : `Right at all ${length} tokens.`;
  const { names } = traced, model = MODELS[name];
  const gates = names.filter((one) => !model.state.includes(one) && !one.startsWith("may_"));
  const depth = Array.from(traced.depth, (value, token) => ({ token, depth: value }));
  const counter = lines(series(traced, model.state), "state", traced, length, { zero: false }, COLOURS);
  const x = counter.layer[0].encoding.x;
  counter.layer.unshift({ data: { values: depth }, mark: { type: "area", color: "#7d8590", opacity: 0.25, interpolate: "step-after" },
    encoding: { x, y: { field: "depth", type: "quantitative", title: "depth", axis: { orient: "right", titleColor: "#7d8590", grid: false } } } });
  counter.resolve = { scale: { y: "independent" } };
  const outputs = lines(series(traced, ["may_close"], "may “)” follow?"), "output", traced, length, { domain: [0, 1] }, ["#3a7fc1", "#7d8590"]);
  outputs.height = 90;
  const target = Array.from(traced.depth, (value, token) => ({ token, name: "target", value: value > 0 ? 1 : 0 }));
  outputs.layer[0].data.values = [...target, ...outputs.layer[0].data.values];
  outputs.layer[0].encoding.color.scale = { domain: ["may “)” follow?", "target"], range: ["#3a7fc1", "#7d8590"] };
  outputs.layer.push({ data: { values: [{ half: 0.5 }] }, mark: { type: "rule", color: "#7d8590", strokeDash: [3, 3] }, encoding: { y: { field: "half", type: "quantitative" } } });
  const charts = [["explorer-counter", counter], ["explorer-outputs", outputs]];
  if (gates.length) charts.splice(1, 0, ["explorer-gates", lines(series(traced, gates), "gates", traced, length, { zero: false }, COLOURS)]);
  else byId("explorer-gates").replaceChildren();
  for (const [id, specification] of charts) {
    if (mine !== turn) return;
    drawn.delete(byId(id));
    await draw(byId(id), specification);
  }
  tabulate(traced, word);
  byId("explorer").dataset.shown = `${name} ${run} ${epoch} ${length}`;
}

function tabulate(traced, word) {
  const from = Math.max(0, Math.min(traced.first_failure - TABLE_ROWS / 2, word.length - TABLE_ROWS)), end = Math.min(word.length, from + TABLE_ROWS);
  const row = (cellsOf, kind) => { const tr = document.createElement("tr"); tr.append(...cellsOf.map((text) => { const td = document.createElement(kind); td.textContent = text; return td; })); return tr; };
  const told = traced.names.map((name) => name.replace("may_open", "may (").replace("may_close", "may )"));
  const table = byId("explorer-table");
  table.tHead.replaceChildren(row(["token", "bracket", "depth", ...told, "target )"], "th"));
  const rows = [];
  for (let at = from; at < end; at++) {
    const tr = row([at, word[at], traced.depth[at], ...traced.values.map((list) => list[at].toPrecision(6)), traced.depth[at] > 0 ? 1 : 0], "td");
    if (at === traced.first_failure) tr.className = "failure";
    rows.push(tr);
  }
  table.tBodies[0].replaceChildren(...rows);
}

if (Object.keys(MODELS).length) {
  fill(control.cell, Object.entries(MODELS).map(([name, model]) => [name, model.title]));
  control.word.value = zigzag(25, 200);
  let waiting;
  const soon = () => { clearTimeout(waiting); waiting = setTimeout(show, 60); };
  control.cell.addEventListener("change", chooseCell);
  control.run.addEventListener("change", chooseRun);
  control.epoch.addEventListener("input", soon);
  control.word.addEventListener("input", soon);
  control.j.addEventListener("input", () => { byId("explorer-j-told").textContent = control.j.value; control.word.value = zigzag(Number(control.j.value)); soon(); });
  for (const button of document.querySelectorAll("#explorer button")) button.addEventListener("click", () => {
    control.word.value = { shallow: "()".repeat(200), zigzag: zigzag(500), example: "(()())((()))" }[button.dataset.word];
    soon();
  });
  const opened = new IntersectionObserver((entries) => { if (entries.some((entry) => entry.isIntersecting)) { opened.disconnect(); chooseCell(); } }, { rootMargin: "800px" });
  opened.observe(byId("explorer"));
} else {
  byId("explorer").hidden = true;
}
