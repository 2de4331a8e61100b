// The explorer: what happens inside a network of the page on any word, computed here by the engine's own programs.
import { Asked } from "./asked.js";
import { showBeside, toldOfWitness } from "./beside.js";
import { copy } from "./copying.js";
import { Programs, UNSUPPORTED } from "./engine.js";
import { wrongOutputs } from "./judging.js";
import { element } from "./elements.js";
import { read, wordOfParts } from "./languages.js";
import { addressOf, fromAddress, onSelected, select, selection } from "./selection.js";
import { tabulate, toldAt, tracksOf, verdict } from "./telling.js";
import { Tracks } from "./tracks.js";

const byId = (id) => document.getElementById(id);
const control = Object.fromEntries(
  ["cell", "run", "epoch", "word", "number", "at"].map((name) => [name, byId(`explorer-${name}`)]),
);
const LONGEST = 20000;
let worker = null;

// The worker begins when it is first asked something.
function ask(kind, sent) {
  if (!worker) {
    worker = new Asked(byId("worker").textContent);
    void worker.ask("know", { models: MODELS, programs: PROGRAMS });
  }
  return worker.ask(kind, sent);
}

// The word of a number: each part so many times, and all again up to about a length where there is one.
function wordOf({ parts, length }, number) {
  const word = parts.map((part) => part.repeat(number)).join("");
  return word.repeat(Math.max(1, Math.round(length / word.length)));
}

function fill(select, entries) {
  select.replaceChildren(...entries.map(([value, text]) => new Option(text, value)));
}

function chooseCell(asked = {}) {
  const model = MODELS[control.cell.value],
    { by_number, letters, name } = model.language;
  fill(
    control.run,
    [
      ...model.runs.map((known) => [known.run, `${known.run} (epoch ${known.best}, ${known.told})`]),
      ...model.exact.map(({ kind, title }) => [kind, title]),
    ],
  );
  control.epoch.max = model.epochs;
  byId("explorer-letters").textContent = `Word of ${name}, letters ${[...letters].join(" ")}`;
  byId("explorer-by-number").hidden = !by_number;
  if (by_number) {
    byId("explorer-number-title").textContent = by_number.title;
    control.number.max = by_number.most;
  }
  const example = (title, act) => {
    const button = element("button", { type: "button", textContent: title });
    button.addEventListener("click", act);
    return button;
  };
  byId("explorer-examples").replaceChildren(
    ...model.examples.map(([title, word]) =>
      example(title, () => {
        control.word.value = word;
        soon();
      })
    ),
    ...(model.family.length && model.task ? [example("Its own worst word", () => void openWitness())] : []),
  );
  if ([...control.word.value.replace(/\s/g, "")].some((letter) => !letters.includes(letter)) || !control.word.value) {
    control.word.value = by_number
      ? wordOf({ ...by_number, length: by_number.length / 10 }, Number(control.number.value))
      : (model.examples[0]?.[1] ?? letters);
  }
  if (asked.run !== undefined) control.run.value = asked.run;
  chooseRun(asked);
}

// The chosen run, or the kind of an exact network.
const runOf = (model) =>
  model.exact.some(({ kind }) => kind === control.run.value) ? control.run.value : Number(control.run.value);

function chooseRun({ epoch, view } = {}) {
  const model = MODELS[control.cell.value],
    run = runOf(model);
  control.epoch.disabled = typeof run === "string"; // an exact network has no epochs
  control.epoch.value = epoch ?? model.runs.find((known) => known.run === run)?.best ?? 0;
  show(view);
}

function tell(text, isBad = false) {
  const message = byId("explorer-message");
  message.className = isBad ? "bad" : "";
  message.textContent = text;
}

function complain(text) {
  tell(text, true);
  byId("explorer-views").classList.add("stale");
}

const tracks = new Tracks(byId("explorer-tracks"), (at, [from, to]) => {
  if (!shown) return;
  const { found, drift, word } = shown;
  control.at.value = at;
  const told = toldAt(found, drift, word[at], at);
  control.at.setAttribute("aria-valuetext", told);
  byId("explorer-told").textContent = told;
  const table = byId("explorer-table");
  let row = table.querySelector(`tr[data-token="${at}"]`);
  if (!row) {
    tabulate(table, shown.model, found, word, at, walkTo);
    row = table.querySelector(`tr[data-token="${at}"]`);
  }
  table.querySelector("tr.chosen")?.classList.remove("chosen");
  row.classList.add("chosen");
  const box = table.parentElement;
  box.scrollTop = row.offsetTop - box.clientHeight / 2;
  if (selection.run === undefined) return; // nothing has been chosen yet
  select(
    { at, from: to - from < found.length ? from : undefined, to: to - from < found.length ? to : undefined },
    "explorer",
  );
});
const walkTo = (token) => tracks.go(token);

// Of the words that are searched the one on which the chosen network fails first.
async function openWitness() {
  const name = control.cell.value,
    found = await ask("witness", { name, run: runOf(MODELS[name]), epoch: Number(control.epoch.value) });
  if (found.at === null) return tell(`This network is ${toldOfWitness(found)}.`);
  control.word.value = wordOfParts(found.parts);
  soon();
}

let turn = 0,
  looking = null, // what is being computed
  shown = null,
  acted = false; // whether anybody has asked for what is shown
async function show(view = {}) {
  const mine = ++turn;
  const name = control.cell.value,
    model = MODELS[name],
    run = runOf(model),
    epoch = Number(control.epoch.value);
  byId("explorer-epoch-told").textContent = epoch;
  const word = control.word.value.replace(/\s/g, ""),
    { letters, name: language } = model.language;
  const foreign = [...word].findIndex((letter) => !letters.includes(letter));
  if (foreign >= 0) {
    return complain(`Letter ${foreign + 1}, “${[...word][foreign]}”, is none of ${[...letters].join(" ")}.`);
  }
  if (!word) return complain("Give at least one letter.");
  if (word.length > LONGEST) {
    return complain(
      `At most ${LONGEST.toLocaleString("en")} letters here; this has ${word.length.toLocaleString("en")}.`,
    );
  }
  await Promise.allSettled([looking]); // what nobody waits for any more is not computed
  if (mine !== turn) return;
  looking = ask("look", { name, run, epoch, word });
  const looked = await looking,
    { found, drift, others } = looked;
  if (mine !== turn) return;
  if (found.outside !== undefined) {
    return complain(
      `Letter ${found.outside + 1}, “${word[found.outside]}”, cannot stand there: no word of ${language} goes on so.`,
    );
  }
  const { length, first_failure: failure } = found,
    wrong = failure < length ? wrongOutputs(model, found, failure) : [];
  tell(verdict(model, found, wrong), wrong.length > 0);
  byId("explorer-views").classList.remove("stale");
  shown = { model, found, drift, word };
  control.at.max = length - 1;
  byId("explorer-to-failure").disabled = failure === length;
  shown.chosen = { model: name, run, epoch, word };
  if (acted || selection.run !== undefined) select(shown.chosen, "explorer");
  tabulate(byId("explorer-table"), model, found, word, Math.min(failure, length - 1), walkTo);
  showBeside(byId("explorer-beside"), others, length, (kind) => {
    acted = true;
    control.run.value = kind;
    chooseRun();
  });
  tracks.show(tracksOf(model, looked, wrong), { length, failure, letters: word }, view);
  byId("explorer").dataset.shown = `${name} ${run} ${epoch} ${length}`;
}

// Walk on along the word until its end, through what is seen in about ten seconds.
let walking = null;
function play() {
  const button = byId("explorer-play");
  const stop = () => {
    clearInterval(walking);
    walking = null;
    button.textContent = "Play";
  };
  if (walking !== null) return stop();
  if (tracks.at >= tracks.length - 1) walkTo(0);
  button.textContent = "Pause";
  walking = setInterval(() => {
    const [from, to] = tracks.window;
    walkTo(tracks.at + Math.max(1, Math.round((to - from) / 120)));
    if (tracks.at >= tracks.length - 1) stop();
  }, 80);
}

let waiting;
const soon = () => {
  acted = true;
  clearTimeout(waiting);
  waiting = setTimeout(show, 60);
};
const BUTTONS = {
  back: () => walkTo(tracks.at - 1),
  on: () => walkTo(tracks.at + 1),
  play,
  "to-failure": () => walkTo(shown.found.first_failure),
  nearer: () => tracks.zoom(0.5),
  further: () => tracks.zoom(2),
  whole: () => tracks.look(0, tracks.length),
};
// What is chosen elsewhere is opened here.
function open({ model, run, epoch, word, at, from, to }) {
  if (!MODELS[model]) return;
  if (![...MODELS[model].runs, ...MODELS[model].exact].some((known) => (known.kind ?? known.run) === run)) return;
  if (word) control.word.value = word;
  control.cell.value = model;
  chooseCell({ run, epoch, view: { at, from, to } });
}
const opened = new IntersectionObserver(
  (entries) => {
    if (entries.some((entry) => entry.isIntersecting)) {
      opened.disconnect();
      chooseCell();
    }
  },
  { rootMargin: "800px" },
);

function wire() {
  fill(
    control.cell,
    Object.entries(MODELS).map(([name, model]) => [name, model.title]),
  );
  control.cell.addEventListener("change", () => {
    acted = true;
    chooseCell();
  });
  control.run.addEventListener("change", () => {
    acted = true;
    chooseRun();
  });
  control.epoch.addEventListener("input", soon);
  control.word.addEventListener("input", soon);
  control.number.addEventListener("input", () => {
    byId("explorer-number-told").textContent = control.number.value;
    control.word.value = wordOf(MODELS[control.cell.value].language.by_number, Number(control.number.value));
    soon();
  });
  control.at.addEventListener("input", () => walkTo(Number(control.at.value)));
  for (const [name, act] of Object.entries(BUTTONS)) {
    byId(`explorer-${name}`).addEventListener("click", () => shown && act());
  }
  byId("explorer-link").addEventListener("click", async () => {
    if (!shown) return;
    select({ ...shown.chosen, at: tracks.at }, "explorer");
    await copy(location.href.split("#")[0] + addressOf(selection));
    byId("explorer-link-told").textContent = "copied";
    setTimeout(() => (byId("explorer-link-told").textContent = ""), 2000);
  });
  onSelected((chosen, by) => {
    if (by !== "explorer" && chosen.run !== undefined) {
      opened.disconnect();
      open(by === "address" ? chosen : { ...chosen, at: undefined, from: undefined, to: undefined });
    }
  });
}

async function main() {
  if (!await new Programs(PROGRAMS).areSupported()) {
    byId("explorer-controls").hidden = byId("explorer-views").hidden = true;
    return tell(UNSUPPORTED, true);
  }
  wire();
  const asked = fromAddress(location.hash);
  if (asked) {
    select({ epoch: undefined, ...asked }, "address");
    byId("explorer").scrollIntoView();
  } else {
    opened.observe(byId("explorer"));
  }
}

window.longcount = {
  read,
  ready: main(),
  trace: (name, run, epoch, word) => ask("trace", { name, run, epoch, word }),
  look: (name, run, epoch, word) => ask("look", { name, run, epoch, word }),
  weights: (name, run, epoch) => ask("weights", { name, run, epoch }),
};
