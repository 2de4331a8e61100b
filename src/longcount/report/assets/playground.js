import { Chart, colourOf, decades, fitted, isDark, power, wordsAxis } from "./charts.js";
import { inflated, Programs, Tracer } from "./engine.js";
import { commandsOf, linkOf, safetensors, stateOf } from "./keeping.js";
import { read, RIGHT, tokensOf, wordOfParts } from "./languages.js";
import { Session } from "./session.js";

const byId = (id) => document.getElementById(id);
const data = JSON.parse(byId("data").textContent);
const programs = new Programs(data.programs);
const EPOCHS = 30; // of the paper's protocol
const FRAME = 30; // milliseconds of training between two looks, about
const FIRST = 20; // words before the second look
const LONGEST = 5000; // letters of a typed word
const TITLES = {
  mse: "squared error",
  bce: "cross-entropy",
  pytorch: "random weights",
  identity: "recurrent weights 1",
  signs: "signs of a counter",
  counter: "nearly a counter",
};
const charts = {
  count: new Chart(byId("count"), innerWidth < 700 ? 280 : 420),
  gates: new Chart(byId("gates"), 190),
  losses: new Chart(byId("losses"), 220),
  leaks: new Chart(byId("leaks"), 220),
};
const control = Object.fromEntries(
  ["cell", "language", "units", "networks", "team", "loss", "clip", "initialisation", "rate", "seed", "slope", "pace"]
    .map((name) => [name, byId(name)]),
);
const fill = (select, entries) => {
  const before = select.value;
  select.replaceChildren(...entries.map(([value, text]) => new Option(text, value)));
  if (entries.some(([value]) => String(value) === before)) select.value = before;
};
const distinct = (values) => [...new Set(values)];
const count = (number) => number.toLocaleString("en");

let model,
  session,
  tracer,
  word,
  running = false,
  looping = null,
  chosen = 0,
  limit,
  wordsAMillisecond = 1,
  beginning,
  trainedOn = 1,
  complaint = "";
const histories = new Map();

// ---- What is chosen ----

function modelChosen() {
  const of = (wanted) =>
    data.models.filter((one) => Object.entries(wanted).every(([name, value]) => one[name] === value));
  const cell = control.cell.value;
  fill(
    control.language,
    distinct(of({ cell }).map((one) => one.language.name)).map((name) => [name, languageTitle(name)]),
  );
  const named = of({ cell }).filter((one) => one.language.name === control.language.value);
  fill(control.units, named.map((one) => [one.hidden_size, one.hidden_size]));
  model = named.find((one) => one.hidden_size === Number(control.units.value));
  fill(control.loss, distinct(model.variants.map(({ loss }) => loss)).map((loss) => [loss, TITLES[loss] ?? loss]));
  const clips = distinct(model.variants.map(({ clip }) => clip));
  fill(control.clip, clips.map((clip) => [clip, clip === null ? "as it is" : `norm at most ${clip}`]));
  fill(control.initialisation, Object.keys(model.starts).map((name) => [name, TITLES[name]]));
  if (!model.course) control.team.value = "protocol";
  for (const option of control.team.options) option.disabled = option.value !== "protocol" && !model.course;
}

const languageTitle = (name) => {
  const { letters } = data.models.find((one) => one.language.name === name).language;
  return `${name.replaceAll("_", " ")}: ${[...letters].join(" ")}`;
};

function settingsChosen() {
  return {
    cell: model.cell,
    language: model.language.name,
    units: model.hidden_size,
    networks: Math.round(Math.min(64, Math.max(1, Number(control.networks.value) || 1))),
    team: control.team.value,
    loss: control.loss.value,
    clip: control.clip.value === "null" ? null : Number(control.clip.value),
    initialisation: control.initialisation.value,
    rate: rateChosen(),
    slope: 2 ** Number(control.slope.value),
    seed: Math.max(0, Math.round(Number(control.seed.value)) || 0),
  };
}

const rateChosen = () => (Number(control.rate.value) > 0 ? Math.min(Number(control.rate.value), 10) : model.rate);

function show(settings) {
  control.cell.value = settings.cell;
  modelChosen();
  for (const [name, value] of [["language", settings.language], ["units", settings.units]]) {
    control[name].value = value;
    modelChosen();
  }
  for (const name of ["networks", "team", "loss", "clip", "initialisation", "rate", "seed"]) {
    control[name].value = String(settings[name]);
  }
  control.slope.value = Math.log2(settings.slope);
  tellSlope();
}

function tellSlope() {
  const slope = 2 ** Number(control.slope.value);
  byId("slope-told").textContent = slope < 10 ? slope.toFixed(2).replace(/\.?0+$/, "") : slope.toFixed(0);
}

// ---- Training ----

const begin = (state = null) => (beginning = beginWhenDone(beginning, state));

async function beginWhenDone(before, state) {
  await before;
  running = false;
  await looping;
  await session?.end();
  const settings = state ? settingsOf(state) : settingsChosen();
  session = new Session(data, byId("worker").textContent, model, settings);
  tracer = await Tracer.create(programs, model);
  histories.clear();
  chosen = Math.min(chosen, settings.networks - 1);
  setWords();
  await session.begin(probes());
  const { count: words } = await countWords();
  session.perEpoch = words;
  limit = settings.team === "recipe" ? Infinity : EPOCHS * words;
  lookAtEverything();
  if (state) await replay(state);
}

async function countWords() {
  const { lengths } = data.words[model.language.name].training;
  const all = await inflated(lengths, Uint16Array);
  const [least, most] = [all.reduce((a, b) => Math.min(a, b)), all.reduce((a, b) => Math.max(a, b))];
  byId("trained-on").textContent = `${least} to ${most} letters`;
  trainedOn = most;
  return { count: all.length };
}

const settingsOf = ({ updates: _, events: __, ...settings }) => settings;
const probes = () => [...model.probes.map(({ parts }) => wordOfParts(parts))];

// A state of a link: what was done is done again.
async function replay({ updates, events }) {
  for (const { at, ...event } of events) {
    await trainTo(at);
    await session.act(event);
    if (event.rate) control.rate.value = event.rate;
    if (event.slope) control.slope.value = Math.log2(event.slope);
  }
  tellSlope();
  await trainTo(updates);
  await session.to(session.updates, true);
  drawAll(true);
}

async function trainTo(updates) {
  while (session.updates < updates) await advance(Math.min(updates, session.updates + wordsAFrame()));
}

const wordsAFrame = () => Math.max(4, Math.round(wordsAMillisecond * FRAME));

async function advance(updates, drawn = true) {
  const before = session.updates,
    started = performance.now(),
    epoch = (at) => Math.floor(at / session.perEpoch);
  await session.to(updates, epoch(updates) > epoch(before));
  const speed = (updates - before) / Math.max(1, performance.now() - started);
  wordsAMillisecond = 0.7 * wordsAMillisecond + 0.3 * speed;
  remember();
  if (drawn) drawAll();
}

const isDone = () => {
  const end = model.course ? (model.course.epochs.length - 1) * session.perEpoch : 0;
  return session.settings.team === "recipe" && session.networks.every(({ updates }) => updates >= end);
};

function nextUpdates() {
  const { updates } = session,
    most = updates + wordsAFrame();
  if (control.pace.value === "full") return most;
  if (control.pace.value === "slow") return updates + 8;
  return Math.min(most, Math.max(updates + FIRST, Math.round(updates * 1.06)));
}

async function run() {
  while (running) {
    const next = Math.min(nextUpdates(), session.updates < limit ? limit : Infinity);
    await advance(next);
    if (next === limit || isDone()) {
      if (next === limit) limit = Infinity;
      running = false;
    }
    await new Promise((resolve) => (document.hidden ? setTimeout(resolve, 100) : requestAnimationFrame(resolve)));
  }
  await session.to(session.updates, true);
  showRunning();
  drawAll(true);
}

function setRunning(now) {
  if (now === running) return;
  running = now;
  showRunning();
  if (running) looping = Promise.all([looping, beginning]).then(run);
}

function showRunning() {
  byId("start").textContent = running ? "Pause" : session?.updates ? "Go on" : "Start";
  byId("step").disabled = running;
}

async function stepEpoch() {
  if (running) return;
  await beginning;
  await trainTo((Math.floor(session.updates / session.perEpoch) + 1) * session.perEpoch);
  showRunning();
  drawAll(true);
}

// ---- What networks do with a word ----

function setWords() {
  const kinds = [["example", "an example"], ...model.probes.map(({ title }, k) => [`probe ${k}`, title])];
  fill(byId("word-kind"), [...kinds, ["own", "your own"]]);
  byId("word-title").textContent = `Letters ${[...model.language.letters].join(" ")}`;
  chooseWord();
}

function chooseWord() {
  const kind = byId("word-kind").value;
  if (kind === "own" && word?.model === model) return;
  if (kind === "own") byId("word-kind").value = "example";
  const text = kind.startsWith("probe") ? wordOfParts(model.probes[Number(kind.slice(6))].parts) : model.example;
  byId("word").value = text;
  setWord(text);
}

function setWord(text) {
  const letters = text.replace(/\s/g, "").slice(0, LONGEST),
    foreign = [...letters].find((letter) => !model.language.letters.includes(letter));
  complaint = "";
  if (foreign) return complain(`“${foreign}” is none of ${[...model.language.letters].join(" ")}.`);
  if (!letters) return complain("Give at least one letter.");
  const reading = read(model.language, letters);
  if (reading.outside !== null) {
    const at = reading.outside;
    return complain(`Letter ${at}, “${letters[at]}”, cannot stand there: no word goes on so.`);
  }
  const right = RIGHT.next_letters(reading, model.language);
  word = { model, letters, counts: reading.counts, right, tokens: tokensOf(model.language, letters) };
  drawAll(true);
}

// What is wrong with a word stays to be read until the next; the last good one is seen meanwhile.
function complain(text) {
  complaint = text;
  byId("word-told").className = "told bad";
  byId("word-told").textContent = text;
}

// The states, gates and outputs of a network on the word, and its first wrong letter.
function traced(network) {
  const { width, values } = tracer.run(network.weights, word.tokens),
    { states, gates, outputs } = model,
    length = word.letters.length;
  const column = (k) => Float32Array.from({ length }, (_, at) => values[at * width + k]);
  const first = states.length + gates.length;
  let wrong = -1;
  for (let at = 0; at < length && wrong < 0; at++) {
    const isWrong = (_, k) => (values[at * width + first + k] >= model.threshold) !== word.right[at][k];
    if (outputs.some(isWrong)) wrong = at;
  }
  return {
    counters: model.counters.map(column),
    gates: gates.map((_, k) => column(states.length + k)),
    outputs: outputs.map((_, k) => column(first + k)),
    wrong,
  };
}

// What is lost of the count at a letter: one less the gate that keeps it, or less the weight.
function leakOf(network, its) {
  const { keeps } = model;
  if (keeps.gates.length) {
    const gates = keeps.gates.map((k) => its.gates[k]);
    return mean(gates.map((gate) => mean(Array.from(gate, (value) => Math.abs(1 - value)))));
  }
  return keeps.weights.length ? mean(keeps.weights.map((k) => Math.abs(1 - network.weights[k]))) : null;
}

const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

function remember() {
  for (const network of session.networks) {
    if (!histories.has(network.index)) histories.set(network.index, { updates: [], losses: [], leaks: [] });
    const history = histories.get(network.index),
      last = history.updates.at(-1) ?? 0;
    if (network.loss === null || session.updates < Math.max(last * 1.015, last + 1)) continue;
    history.updates.push(session.updates);
    history.losses.push(Math.max(network.loss, 1e-12));
    history.leaks.push(Math.max(leakOf(network, traced(network)) ?? 1, 1e-9));
  }
}

// ---- What is seen ----

function lookAtEverything() {
  makeTable();
  makeWeights();
  byId("leak-told").textContent = model.keeps.gates.length
    ? `One less the gate ${
      distinct(model.keeps.gates.map((k) => model.gates[k].split("_")[0]))
    } that keeps the count, the mean over the ` +
      "word above: at 10⁻³ a thousandth of the count is gone at every letter."
    : "One less the recurrent weight, by which the count is multiplied at every letter.";
  drawAll(true);
  showRunning();
}

const isRace = () => session.settings.team === "race";
const nameOf = ({ run, team }) => (isRace() ? `${team === "recipe" ? "recipe" : "paper"} ${run}` : `network ${run}`);

let lastTable = 0;
function drawAll(everything = false) {
  if (!session?.networks[0]?.weights || word?.model !== model) return;
  const all = session.networks.map((network) => ({ network, its: traced(network) }));
  drawCount(all);
  drawGates(all[chosen].its);
  drawHistory(charts.losses, "losses", "loss");
  drawHistory(charts.leaks, "leaks", "leak");
  const now = performance.now();
  if (everything || now - lastTable > 90) {
    lastTable = now;
    showTable();
    showWeights();
    tellWord(all[chosen]);
    tellStatus();
  }
}

function drawCount(all) {
  const chart = charts.count,
    length = word.letters.length,
    counters = word.counts[0].length;
  const heights = word.counts.map((counts) => counts.reduce((a, b) => a + b, 0)),
    highest = Math.max(...heights, 2);
  const every = Math.max(1, Math.ceil(highest / 5)),
    ticks = Array.from({ length: Math.floor(highest / every) + 1 }, (_, k) => [k * every, String(k * every)]);
  const room = chart.element.clientWidth / length,
    apart = Math.max(1, Math.ceil(length / 8 / 5) * 5);
  const x = {
    min: 0,
    max: length,
    ticks: room >= 8
      ? [...word.letters].map((letter, k) => [k + 0.5, letter])
      : Array.from({ length: Math.floor((length - 1) / apart) + 1 }, (_, k) => [k * apart + 0.5, count(k * apart)]),
    title: room >= 8 ? "the word, letter by letter" : "letter of the word, counted from 0",
  };
  chart.begin(x, {
    min: -0.15 * highest,
    max: highest * 1.15,
    ticks,
    title: counters > 1 ? "counts, added up" : "count",
  });
  chart.mountain(heights);
  const race = isRace(),
    dark = isDark(),
    alpha = Math.max(0.35, 1 - all.length / 40);
  const xs = Array.from({ length }, (_, k) => k + 0.5);
  const lines = all.map(({ network, its }) => ({ network, its, ys: countOf(its, counters) }));
  lines.sort((a, b) => (a.network.index === chosen) - (b.network.index === chosen));
  for (const { network, its, ys } of lines) {
    const isChosen = network.index === chosen;
    chart.line(xs, ys, colourOf(network, race, dark), isChosen ? 3 : 1.6, isChosen ? 1 : alpha);
    if (its.wrong >= 0) chart.dot(its.wrong + 0.5, ys[its.wrong], chart.red, isChosen ? 5 : 3);
  }
}

// A network's units as counts, added up: for each counter the unit that follows it best.
function countOf(its, counters) {
  const total = new Float64Array(word.letters.length);
  for (let k = 0; k < counters; k++) {
    const counts = word.counts.map((one) => one[k]);
    const best = its.counters
      .map((values) => ({ values, ...fitted(values, counts) }))
      .reduce((a, b) => (b.share > a.share ? b : a));
    const slope = Math.sign(best.slope || 1) * Math.max(Math.abs(best.slope), 1e-3);
    total.forEach((_, at) => (total[at] += (best.values[at] - best.offset) / slope));
  }
  return total;
}

function drawGates(its) {
  const chart = charts.gates,
    length = word.letters.length,
    xs = Array.from({ length }, (_, k) => k + 0.5);
  const series = model.gates.length
    ? model.gates.map((name, k) => ({ name, values: its.gates[k] }))
    : model.outputs.map((name, k) => ({ name: `“${name}” may follow`, values: its.outputs[k] }));
  const least = series.some(({ values }) => values.some((value) => value < 0)) ? -1 : 0;
  const room = chart.element.clientWidth / length;
  chart.begin(
    { min: 0, max: length, ticks: room >= 8 ? [...word.letters].map((letter, k) => [k + 0.5, letter]) : [], title: "" },
    { min: least - 0.05, max: 1.3, ticks: [-1, 0, 1].filter((one) => one >= least).map((one) => [one, String(one)]) },
  );
  const dark = isDark();
  let at = 52;
  series.forEach(({ name, values }, k) => {
    const colour = colourOf({ run: k }, false, dark);
    chart.line(xs, values, colour, 1.8);
    chart.text(at, 6, name, colour, "left");
    at += chart.pen.measureText(name).width + 16;
  });
}

function drawHistory(chart, name, title) {
  const all = [...histories.values()].flatMap((history) => history[name]),
    race = isRace(),
    dark = isDark();
  const least = all.reduce((a, b) => Math.min(a, b), 0.1),
    greatest = all.reduce((a, b) => Math.max(a, b), 0.2);
  chart.begin(wordsAxis(session.updates, session.perEpoch ?? 10000), decades(least, greatest, title));
  const alpha = Math.max(0.35, 1 - session.networks.length / 40);
  for (const network of session.networks) {
    const history = histories.get(network.index),
      isChosen = network.index === chosen;
    if (history) {
      chart.line(
        history.updates,
        history[name],
        colourOf(network, race, dark),
        isChosen ? 2.6 : 1.3,
        isChosen ? 1 : alpha,
      );
    }
  }
}

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

let rows = [];
function makeTable() {
  const table = byId("far"),
    heads = ["network", "epoch", "loss", "validation right", ...model.probes.map(({ title }) => title)];
  table.tHead.replaceChildren(
    element("tr", {}, ...heads.map((text) => element("th", { scope: "col", textContent: text }))),
  );
  rows = session.networks.map((network) => {
    const swatch = element("span", { className: "swatch" }),
      button = element("button", { type: "button", className: "pick" }, swatch, nameOf(network));
    button.addEventListener("click", () => choose(network.index));
    const cells = heads.slice(1).map(() => element("td"));
    const bars = model.probes.map((_, k) => {
      const bar = element("span", { className: "bar-fill" }),
        number = element("span", { className: "bar-number" });
      cells[3 + k].append(element("span", { className: "bar-track" }, bar), number);
      return { bar, number };
    });
    const row = element("tr", {}, element("th", { scope: "row" }, button), ...cells);
    return { row, button, swatch, cells, bars };
  });
  table.tBodies[0].replaceChildren(...rows.map(({ row }) => row));
}

function showTable() {
  const race = isRace(),
    dark = isDark(),
    lengths = model.probes.map(({ parts }) => wordOfParts(parts).length);
  session.networks.forEach((network, k) => {
    const { row, button, swatch, cells, bars } = rows[k];
    row.classList.toggle("chosen", k === chosen);
    button.setAttribute("aria-pressed", String(k === chosen));
    swatch.style.background = colourOf(network, race, dark);
    cells[0].textContent = network.epoch.toFixed(network.epoch < 10 ? 2 : 1) + (network.attempt ? " (restarted)" : "");
    cells[1].textContent = network.loss === null ? "" : scientific(network.loss);
    cells[2].textContent = network.right === null ? "" : percent(network.right);
    bars.forEach(({ bar, number }, probe) => {
      const failure = network.failures[probe],
        never = failure >= lengths[probe];
      bar.style.width = `${(100 * Math.log(failure + 1)) / Math.log(lengths[probe] + 1)}%`;
      bar.classList.toggle("never", never);
      const mark = (100 * Math.log(trainedOn + 1)) / Math.log(lengths[probe] + 1);
      bar.parentElement.style.setProperty("--trained", `${mark}%`);
      number.textContent = never ? `all ${count(lengths[probe])}` : count(failure);
    });
  });
}

const scientific = (number) => {
  if (number >= 0.001) return number.toPrecision(2);
  const [mantissa, exponent] = number.toExponential(1).split("e");
  return `${mantissa} × ${power(Number(exponent))}`;
};

// Never rounded up to all.
const percent = (share) => `${(Math.floor(share * 1000) / 10).toFixed(share === 1 ? 0 : 1)} %`;

function tellStatus() {
  const { networks, updates, perEpoch } = session,
    all = (test) => networks.filter(test).length;
  const lengths = model.probes.map(({ parts }) => wordOfParts(parts).length);
  const everywhere = ({ failures }) => failures.every((failure, k) => failure >= lengths[k]);
  const teams = isRace() ? ["protocol", "recipe"] : [session.settings.team];
  const told = teams.map((team) => {
    const its = networks.filter((network) => network.team === team);
    const name = isRace() ? (team === "recipe" ? "exact recipe: " : "paper's protocol: ") : "";
    const short = its.filter(({ right }) => right === 1).length;
    return `${name}${short} of ${its.length} right on every validation word, ${
      all((one) => one.team === team && everywhere(one))
    } on every long word`;
  });
  byId("status").textContent = `Epoch ${((updates / (perEpoch ?? 1)) || 0).toFixed(2)}, ${count(updates)} words read. ${
    told.join("; ")
  }.`;
  byId("commands").textContent = commandsOf(model, session.settings, updates / (perEpoch ?? 1));
}

const quoted = (output) => (output === "end" ? "the word may end" : `“${output}” may follow`);

function tellWord({ network, its }) {
  if (complaint) return;
  const length = word.letters.length,
    told = byId("word-told");
  if (its.wrong < 0) {
    told.className = "told good";
    told.textContent = `${capital(nameOf(network))} is right at all ${count(length)} letters.`;
    return;
  }
  const at = its.wrong,
    k = model.outputs.findIndex((_, k) => (its.outputs[k][at] >= model.threshold) !== word.right[at][k]),
    says = its.outputs[k][at] >= model.threshold;
  told.className = "told bad";
  told.textContent = `${capital(nameOf(network))} is first wrong at letter ${count(at)} (the red dot): the count is ${
    word.counts[at].join(", ")
  }, and it says ${says ? "" : "not "}that ${quoted(model.outputs[k])}.`;
}

const capital = (text) => text[0].toUpperCase() + text.slice(1);

function choose(index) {
  chosen = index;
  byId("told").textContent = "";
  makeWeights();
  drawAll(true);
}

// ---- Weights ----

let inputs = [];
function makeWeights() {
  const network = session.networks[chosen];
  byId("inside-name").textContent = `${nameOf(network)}, ${model.title}`;
  inputs = [];
  const groups = new Map(); // tensors with the same rows stand side by side
  let at = 0;
  for (const [name, shape] of model.tensors) {
    const rows = shape[0],
      columns = shape[1] ?? 1;
    if (!groups.has(rows)) groups.set(rows, []);
    groups.get(rows).push({ name, at, columns, matrix: shape.length === 2 });
    at += rows * columns;
  }
  const tables = [...groups].map(([count, tensors]) => {
    const head = element("tr", {}, element("th", { scope: "col", textContent: "" }));
    head.firstChild.append(element("span", { className: "unseen", textContent: "row" }));
    for (const { name, columns, matrix } of tensors) {
      for (let k = 0; k < columns; k++) {
        const of = matrix
          ? (name === "weight_ih_l0" ? ` ${model.language.letters[k]}` : columns > 1 ? ` ${k}` : "")
          : "";
        head.append(element("th", { scope: "col", textContent: name.replace("_l0", "") + of }));
      }
    }
    const body = Array.from({ length: count }, (_, row) => {
      const label = rowName(count, row),
        tr = element("tr", {}, element("th", { scope: "row", textContent: label }));
      for (const { name, at, columns } of tensors) {
        for (let k = 0; k < columns; k++) {
          tr.append(element("td", {}, weightInput(at + row * columns + k, `${name}, ${label}, ${k}`)));
        }
      }
      return tr;
    });
    return element("table", { className: "weights" }, element("thead", {}, head), element("tbody", {}, ...body));
  });
  byId("weights").replaceChildren(...tables);
}

function rowName(count, row) {
  const { affine, hidden_size, outputs } = model,
    unit = row % hidden_size;
  if (
    count === affine.length * hidden_size && count !== outputs.length ||
    (count === hidden_size * affine.length && affine.length > 1)
  ) {
    const gate = affine[Math.floor(row / hidden_size)];
    return hidden_size > 1 ? `${gate} ${unit}` : gate;
  }
  return outputs.length === count ? `“${outputs[row]}”` : `unit ${row}`;
}

function weightInput(position, label) {
  const input = element("input", { type: "number", step: "0.05", inputMode: "decimal" });
  input.setAttribute("aria-label", label);
  input.addEventListener("input", () => {
    const weight = Number(input.value);
    if (input.value === "" || !Number.isFinite(weight)) return;
    void byHand({ kind: "edit", index: chosen, position, weight: Math.fround(weight) });
  });
  inputs.push({ input, position });
  return input;
}

function showWeights() {
  const { weights } = session.networks[chosen];
  for (const { input, position } of inputs) {
    if (document.activeElement !== input) input.value = String(Number(weights[position].toPrecision(5)));
  }
}

// What is done by hand waits for the look that goes on.
let hand = Promise.resolve();
function byHand(event) {
  hand = hand.then(async () => {
    const went = running;
    running = false;
    await looping;
    await session.act(event);
    remember();
    drawAll(true);
    if (went) setRunning(true);
  });
  return hand;
}

// ---- What can be asked and taken away ----

async function searchBound() {
  const network = session.networks[chosen],
    told = byId("told"),
    index = data.models.indexOf(model),
    name = capital(nameOf(network));
  told.className = "told";
  told.textContent = "Searching …";
  const { found, tokens } = await session.beside("search", { index, weights: network.weights, family: model.family });
  const searched = `${count(model.family.length)} words, ${count(tokens)} letters in all, were searched`;
  if (!found) {
    told.className = "told good";
    told.textContent = `${name} is right on all of them: ${searched}. That proves nothing about other words.`;
    return;
  }
  const parts = model.family[found.word];
  told.className = "told bad";
  told.textContent =
    `${name} is first wrong at letter ${count(found.at)} of ${written(parts)}: ${searched}, and it fails on none ` +
    "of them sooner. Other words may break it sooner still.";
  byId("word").value = wordOfParts(parts).slice(0, LONGEST);
  byId("word-kind").value = "own";
  setWord(byId("word").value);
}

const written = (parts) => {
  const told = parts.slice(0, 6).map(([text, times]) => (times === 1 ? text : `${text} × ${count(times)}`));
  return told.join(", ") + (parts.length > 6 ? ", and so on" : "");
};

function saveNetwork() {
  const { weights } = session.networks[chosen],
    bytes = safetensors(model, weights),
    url = URL.createObjectURL(new Blob([bytes])),
    name = `${model.cell}.safetensors`;
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
  tell(`${name}: “longcount import” takes it; see the commands below.`);
}

async function copyLink() {
  history.replaceState(null, "", `#${linkOf(session.settings, session.updates, session.events)}`);
  try {
    await navigator.clipboard.writeText(location.href);
    tell("The link is copied: it trains these networks again, to this very state.");
  } catch {
    tell("The link stands in the address bar: it trains these networks again, to this very state.");
  }
}

function tell(text) {
  byId("told").className = "told";
  byId("told").textContent = text;
}

// Every network of the page after a few updates, beside what the engine made of it when the page was written.
async function selfcheck() {
  await beginning;
  const cells = [];
  for (const [index, one] of data.models.entries()) {
    const networks = await session.beside("check", { index, updates: data.checked });
    const bytes = await crypto.subtle.digest("SHA-256", await new Blob(networks).arrayBuffer());
    const hash = Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
    cells.push({ cell: one.cell, language: one.language.name, units: one.hidden_size, equal: hash === one.check });
  }
  return { equal: cells.every(({ equal }) => equal), cells };
}

async function checkBrowser() {
  byId("checked").textContent = "Training …";
  const { equal, cells } = await selfcheck();
  const same = cells.filter((one) => one.equal).length;
  byId("checked").textContent = `${same} of ${cells.length} networks: the same bits as the program's own${
    equal ? "." : " only!"
  }`;
}

// ---- Wiring ----

const startOver = () => {
  const went = running;
  void begin().then(() => went && setRunning(true));
};

function wire() {
  fill(
    control.cell,
    distinct(data.models.map(({ cell }) => cell)).map((cell) => [
      cell,
      data.models.find((one) => one.cell === cell).title,
    ]),
  );
  for (const name of ["cell", "language", "units"]) {
    control[name].addEventListener("change", () => {
      modelChosen();
      control.rate.value = model.rate;
      startOver();
    });
  }
  for (const name of ["networks", "team", "loss", "clip", "initialisation", "seed"]) {
    control[name].addEventListener("change", startOver);
  }
  control.rate.addEventListener("change", () => void byHand({ kind: "set", rate: rateChosen() }));
  control.slope.addEventListener("input", () => {
    tellSlope();
    void byHand({ kind: "set", slope: 2 ** Number(control.slope.value) });
  });
  byId("start").addEventListener("click", () => setRunning(!running));
  byId("step").addEventListener("click", () => void stepEpoch());
  byId("again").addEventListener("click", startOver);
  byId("word-kind").addEventListener("change", chooseWord);
  byId("word").addEventListener("input", () => {
    byId("word-kind").value = "own";
    setWord(byId("word").value);
  });
  byId("bound").addEventListener("click", () => void searchBound());
  byId("save").addEventListener("click", saveNetwork);
  byId("link").addEventListener("click", () => void copyLink());
  byId("check").addEventListener("click", () => void checkBrowser());
  new ResizeObserver(() => drawAll()).observe(byId("count"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => drawAll(true));
  addEventListener("hashchange", () => {
    const state = stateOf(location.hash);
    if (state && known(state)) void open(state);
  });
  if (innerWidth < 700) byId("settings").open = false;
}

function open(state) {
  show(state);
  return begin(state);
}

async function main() {
  wire();
  const vectors = await inflated(data.programs[model0().variants[0].program].code, Uint8Array);
  if (!WebAssembly.validate(vectors)) {
    byId("notice").hidden = false;
    byId("notice").textContent = "This browser lacks WebAssembly's vectors (SIMD); any browser since 2023 has them.";
    return;
  }
  const state = stateOf(location.hash);
  if (state && known(state)) return open(state);
  const { cell, language, hidden_size, rate } = model0();
  control.cell.value = cell;
  modelChosen();
  show({ ...settingsChosen(), language: language.name, units: hidden_size, networks: 8, rate, seed: 0 });
  await begin();
}

const model0 = () => data.models[0];
const known = ({ cell, language, units }) =>
  data.models.some((one) => one.cell === cell && one.language.name === language && one.hidden_size === units);

window.playground = {
  selfcheck,
  get state() {
    const networks = session.networks.map(({ run, team, updates, weights, failures, right, loss, attempt }) => ({
      run,
      team,
      updates,
      weights: [...(weights ?? [])],
      failures,
      right,
      loss,
      attempt,
    }));
    return { settings: session.settings, updates: session.updates, running, networks };
  },
  ready: main(),
};
