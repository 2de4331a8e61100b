import { Chart } from "./charts.js";
import {
  byId,
  control,
  data,
  distinct,
  fill,
  model,
  modelChosen,
  rateChosen,
  settingsChosen,
  show,
  tellSlope,
} from "./choices.js";
import { drawCount, drawGates, drawHistory } from "./drawings.js";
import { inflated, Programs, Tracer, UNSUPPORTED } from "./engine.js";
import { leakOf, statusOf, tracedOn, verdictOn, wordOf } from "./inside.js";
import { commandsOf, stateOf } from "./keeping.js";
import { wordOfParts } from "./languages.js";
import { Session } from "./session.js";
import { makeTable, makeWeights, nameOf, showTable, showWeights } from "./tables.js";
import { bound, checkBrowser, checked, copyLink, saveNetwork } from "./taking.js";

const programs = new Programs(data.programs);
const EPOCHS = 30; // of the paper's protocol
const FRAMES = { growing: 30, slow: 30, full: 250 }; // milliseconds of training between two looks, about, by pace
const FIRST = 20; // words before the second look
const LONGEST = 5000; // letters of a typed word
const charts = {
  count: new Chart(byId("count"), innerWidth < 700 ? 280 : 420),
  gates: new Chart(byId("gates"), 190),
  losses: new Chart(byId("losses"), 220),
  leaks: new Chart(byId("leaks"), 220),
};
let session,
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
  const found = wordOf(model, text.replace(/\s/g, "").slice(0, LONGEST));
  complaint = found.complaint ?? "";
  if (complaint) return tellWord({ isGood: false, text: complaint });
  word = found;
  drawAll(true);
}

// What is wrong with a word stays to be read until the next; the last good one is seen meanwhile.
function tellWord({ isGood, text }) {
  byId("word-told").className = `told ${isGood ? "good" : "bad"}`;
  byId("word-told").textContent = text;
}

const traced = (network) => tracedOn(tracer, word, network);

function remember() {
  for (const network of session.networks) {
    if (!histories.has(network.index)) histories.set(network.index, { updates: [], losses: [], leaks: [] });
    const history = histories.get(network.index),
      last = history.updates.at(-1) ?? 0;
    if (network.loss === null || session.updates < Math.max(last * 1.015, last + 1)) continue;
    history.updates.push(session.updates);
    history.losses.push(Math.max(network.loss, 1e-12));
    history.leaks.push(Math.max(leakOf(model, network, traced(network)) ?? 1, 1e-9));
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
    if (!complaint) tellWord(verdictOn(session, word, all[chosen]));
    byId("status").textContent = statusOf(session, model);
    byId("commands").textContent = commandsOf(model, session.settings, session.updates / (session.perEpoch ?? 1));
  }
}

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

// ---- What can be asked ----

async function searchBound() {
  const parts = await bound(session, model, session.networks[chosen]);
  if (!parts) return;
  byId("word").value = wordOfParts(parts).slice(0, LONGEST);
  byId("word-kind").value = "own";
  setWord(byId("word").value);
}

async function selfcheck() {
  await beginning;
  return checked(session);
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
  byId("save").addEventListener("click", () => saveNetwork(model, session.networks[chosen]));
  byId("link").addEventListener("click", () => void copyLink(session));
  byId("check").addEventListener("click", () => void checkBrowser(session));
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
