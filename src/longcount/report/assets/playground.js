import { Chart } from "./charts.js";
import { drawCount, drawGates, drawHistory, isRace } from "./drawings.js";
import { inflated, Programs, Tracer, UNSUPPORTED } from "./engine.js";
import { commandsOf, linkOf, safetensors, stateOf } from "./keeping.js";
import { read, RIGHT, tokensOf, wordOfParts, writtenParts } from "./languages.js";
import { Session } from "./session.js";
import { count, element, makeTable, makeWeights, nameOf, showTable, showWeights } from "./tables.js";

const byId = (id) => document.getElementById(id);
const data = JSON.parse(byId("data").textContent);
const programs = new Programs(data.programs);
const EPOCHS = 30; // of the paper's protocol
const FRAMES = { growing: 30, slow: 30, full: 250 }; // milliseconds of training between two looks, about, by pace
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

const wordsAFrame = () => Math.max(4, Math.round(wordsAMillisecond * FRAMES[control.pace.value]));

// Train on, and meanwhile draw what there was before.
async function advance(updates) {
  const before = session.updates,
    started = performance.now(),
    epoch = (at) => Math.floor(at / session.perEpoch);
  const training = session.to(updates, epoch(updates) > epoch(before));
  drawAll();
  await training;
  const speed = (updates - before) / Math.max(1, performance.now() - started);
  wordsAMillisecond = 0.7 * wordsAMillisecond + 0.3 * speed;
  remember();
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

const frame = () =>
  new Promise((resolve) => (document.hidden ? setTimeout(resolve, 100) : requestAnimationFrame(resolve)));

async function run() {
  while (running) {
    const next = Math.min(nextUpdates(), session.updates < limit ? limit : Infinity);
    await Promise.all([advance(next), frame()]);
    if (next === limit || isDone()) {
      if (next === limit) limit = Infinity;
      running = false;
    }
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
  byId("told").textContent = "";
  rows = makeTable(byId("far"), { session, model }, choose);
  lookInside();
  byId("leak-told").textContent = model.keeps.gates.length
    ? `One less the gate ${
      distinct(model.keeps.gates.map((k) => model.gates[k].split("_")[0]))
    } that keeps the count, the mean over the ` +
      "word above: at 10⁻³ a thousandth of the count is gone at every letter."
    : "One less the recurrent weight, by which the count is multiplied at every letter.";
  drawAll(true);
  showRunning();
}

function lookInside() {
  byId("inside-name").textContent = `${nameOf(session, session.networks[chosen])}, ${model.title}`;
  inputs = makeWeights(byId("weights"), model, (position, weight) => {
    void byHand({ kind: "edit", index: chosen, position, weight });
  });
}

let lastTable = 0,
  rows = [],
  inputs = [];
function drawAll(everything = false) {
  if (!session?.networks[0]?.weights || word?.model !== model) return;
  const all = session.networks.map((network) => ({ network, its: traced(network) }));
  const seen = { session, model, word, chosen, histories, trainedOn };
  drawCount(charts.count, seen, all);
  drawGates(charts.gates, seen, all[chosen].its);
  drawHistory(charts.losses, seen, "losses", "loss");
  drawHistory(charts.leaks, seen, "leaks", "leak");
  const now = performance.now();
  if (everything || now - lastTable > 90) {
    lastTable = now;
    showTable(rows, seen);
    showWeights(inputs, session.networks[chosen]);
    tellWord(all[chosen]);
    tellStatus();
  }
}

function tellStatus() {
  const { networks, updates, perEpoch } = session,
    all = (test) => networks.filter(test).length;
  const lengths = model.probes.map(({ parts }) => wordOfParts(parts).length);
  const everywhere = ({ failures }) => failures.every((failure, k) => failure >= lengths[k]);
  const teams = isRace(session) ? ["protocol", "recipe"] : [session.settings.team];
  const told = teams.map((team) => {
    const its = networks.filter((network) => network.team === team);
    const name = isRace(session) ? (team === "recipe" ? "exact recipe: " : "paper's protocol: ") : "";
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
    told.textContent = `${capital(nameOf(session, network))} is right at all ${count(length)} letters.`;
    return;
  }
  const at = its.wrong,
    k = model.outputs.findIndex((_, k) => (its.outputs[k][at] >= model.threshold) !== word.right[at][k]),
    says = its.outputs[k][at] >= model.threshold;
  told.className = "told bad";
  told.textContent = `${capital(nameOf(session, network))} is first wrong at letter ${
    count(at)
  } (the red dot): the count is ${word.counts[at].join(", ")}, and it says ${says ? "" : "not "}that ${
    quoted(model.outputs[k])
  }.`;
}

const capital = (text) => text[0].toUpperCase() + text.slice(1);

function choose(index) {
  chosen = index;
  byId("told").textContent = "";
  lookInside();
  drawAll(true);
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
    name = capital(nameOf(session, network));
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
    `${name} is first wrong at letter ${count(found.at)} of ${
      writtenParts(parts)
    }: ${searched}, and it fails on none ` +
    "of them sooner. Other words may break it sooner still.";
  byId("word").value = wordOfParts(parts).slice(0, LONGEST);
  byId("word-kind").value = "own";
  setWord(byId("word").value);
}

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
  if (!await programs.areSupported()) {
    byId("notice").hidden = false;
    byId("notice").textContent = UNSUPPORTED;
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
