// The explorer: a model's states on any word, computed here by the engine's own programs.
import { Programs, Tracer } from "./engine.js";
import { read, RIGHT, tokensOf } from "./languages.js";

const byId = (id) => document.getElementById(id);
const control = Object.fromEntries(
  ["cell", "run", "epoch", "word", "number"].map((name) => [name, byId(`explorer-${name}`)]),
);
const LONGEST = 20000,
  TABLE_ROWS = 200;

for (const model of Object.values(MODELS)) {
  const bytes = Uint8Array.from(atob(model.weights), (letter) => letter.charCodeAt(0));
  model.floats = new Float32Array(bytes.buffer);
}

function weightsOf(name, run, epoch) {
  const model = MODELS[name],
    at = (model.runs.findIndex((known) => known.run === run) * (model.epochs + 1) + epoch) * model.size;
  return model.floats.subarray(at, at + model.size);
}

const programs = new Programs(PROGRAMS);
const tracers = new Map();

// The program of a model, ready to be called; models of the same network share it.
function tracerOf(model) {
  const { trace } = model.programs;
  if (!tracers.has(trace)) tracers.set(trace, Tracer.create(programs, model));
  return tracers.get(trace);
}

// Every number of every token. Of a word that leaves the language only where, unless wrong words are asked about, too.
async function trace(name, run, epoch, word) {
  const model = MODELS[name],
    length = word.length;
  const reading = model.language.kind && model.task ? read(model.language, word) : null;
  if (reading && reading.outside !== null && model.task !== "recognise") return { outside: reading.outside };
  const tracer = await tracerOf(model),
    { width, values } = tracer.run(weightsOf(name, run, epoch), tokensOf(model.language, word));
  let column = 0;
  const columns = (names) =>
    names.map((its) => {
      const k = column++;
      return { name: its, values: Float32Array.from({ length }, (_, at) => values[at * width + k]) };
    });
  const traced = {
    states: columns(model.states),
    gates: columns(model.gates),
    outputs: columns(model.outputs),
    length,
    first_failure: length,
  };
  traced.counters = reading
    ? model.language.counters.map((its, k) => ({ name: its, values: reading.counts.map((counts) => counts[k]) }))
    : [];
  traced.targets = reading ? RIGHT[model.task](reading, model.language) : null;
  if (traced.targets) {
    for (let at = model.answers === "token" ? 0 : length - 1; at < length && traced.first_failure === length; at++) {
      if (wrongOutputs(model, traced, at).length) traced.first_failure = at;
    }
  }
  return traced;
}
const saysYes = (model, value) => (model.link === "sigmoid" ? value >= model.threshold : value > model.threshold);
const wrongOutputs = (model, traced, at) =>
  [...traced.outputs.keys()].filter((k) => saysYes(model, traced.outputs[k].values[at]) !== traced.targets[at][k]);
window.longcount = { trace, read };

// The word of a number: each part so many times, and all again up to about a length where there is one.
function wordOf({ parts, length }, number) {
  const word = parts.map((part) => part.repeat(number)).join("");
  return word.repeat(Math.max(1, Math.round(length / word.length)));
}

function fill(select, entries) {
  select.replaceChildren(...entries.map(([value, text]) => new Option(text, value)));
}

function chooseCell() {
  const model = MODELS[control.cell.value],
    { by_number, letters, name } = model.language;
  fill(
    control.run,
    model.runs.map((known) => [known.run, `${known.run} (best epoch ${known.best}, ${known.told})`]),
  );
  control.epoch.max = model.epochs;
  byId("explorer-letters").textContent = `Word of ${name}, letters ${[...letters].join(" ")}`;
  byId("explorer-by-number").hidden = !by_number;
  if (by_number) {
    byId("explorer-number-title").textContent = by_number.title;
    control.number.max = by_number.most;
  }
  byId("explorer-examples").replaceChildren(
    ...model.examples.map(([title, word]) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = title;
      button.addEventListener("click", () => {
        control.word.value = word;
        soon();
      });
      return button;
    }),
  );
  if ([...control.word.value.replace(/\s/g, "")].some((letter) => !letters.includes(letter)) || !control.word.value) {
    control.word.value = by_number
      ? wordOf({ ...by_number, length: by_number.length / 10 }, Number(control.number.value))
      : (model.examples[0]?.[1] ?? letters);
  }
  chooseRun();
}

function chooseRun() {
  const known = MODELS[control.cell.value].runs.find((one) => one.run === Number(control.run.value));
  control.epoch.value = known.best;
  show();
}

const { colours: COLOURS, grey: GREY, red: RED } = PALETTE;
const long = (series) =>
  series.flatMap(({ name, values }) => Array.from(values, (value, token) => ({ token, name, value })));
const tokens = (length) => ({
  field: "token",
  type: "quantitative",
  title: "token",
  scale: { domain: [0, Math.max(1, length - 1)], nice: false },
});

function lines(series, title, traced, scale, height = 120) {
  const { length, first_failure } = traced,
    x = tokens(length),
    names = series.map(({ name }) => name);
  const layer = [
    {
      data: { values: long(series) },
      params: [ZOOM],
      mark: { type: "line", strokeWidth: 1.3, point: length <= 80 ? { size: 18 } : false, clip: true },
      encoding: {
        x,
        y: { field: "value", type: "quantitative", title, scale },
        color: {
          field: "name",
          type: "nominal",
          title: null,
          scale: { domain: names, range: names.map((_, k) => COLOURS[k % COLOURS.length]) },
          ...(names.length === 1 && { legend: null }),
        },
        tooltip: [{ field: "token" }, { field: "name" }, { field: "value", type: "quantitative", format: ".6g" }],
      },
    },
  ];
  if (first_failure < length) {
    layer.push({
      data: { values: [{ token: first_failure, what: "first failure" }] },
      mark: { type: "rule", color: RED, strokeWidth: 1.5 },
      encoding: { x: { field: "token", type: "quantitative" }, tooltip: [{ field: "what" }, { field: "token" }] },
    });
  }
  return { height, layer };
}

function countersAndStates(traced) {
  const { counters, states, length } = traced,
    chart = lines(states, "state", traced, { zero: false });
  if (!counters.length) return chart;
  const y = {
    field: "value",
    type: "quantitative",
    title: counters.length === 1 ? counters[0].name : "counters",
    axis: { orient: "right", titleColor: GREY, grid: false },
  };
  const one = { type: "area", color: GREY, opacity: 0.25, interpolate: "step-after" },
    several = { type: "line", color: GREY, strokeWidth: 1, interpolate: "step-after" };
  chart.layer.unshift({
    data: { values: long(counters) },
    mark: counters.length === 1 ? one : several,
    encoding: {
      x: tokens(length),
      y,
      ...(counters.length > 1 && { strokeDash: { field: "name", type: "nominal", title: null, sort: null } }),
    },
  });
  chart.resolve = { scale: { y: "independent" } };
  return chart;
}

const quoted = (output) => (["end", "member"].includes(output) ? output : `“${output}”`);

// An output, in grey when it should say yes, and where it begins to.
function outputChart(model, traced, k) {
  const series = traced.outputs[k],
    { length, targets } = traced,
    distribution = model.link === "softmax";
  const title = distribution ? `P(${quoted(series.name)})` : quoted(series.name);
  const chart = lines(
    [series],
    title,
    traced,
    distribution ? { type: "symlog", constant: model.threshold, domain: [0, 1] } : { domain: [0, 1] },
    70,
  );
  const y = { field: "value", type: "quantitative" };
  chart.layer.push({
    data: { values: [{ value: model.threshold }] },
    mark: { type: "rule", color: GREY, strokeDash: [3, 3] },
    encoding: { y },
  });
  if (targets && model.answers === "token") {
    chart.layer.unshift({
      data: { values: targets.map((right, token) => ({ token, value: Number(right[k]) })) },
      mark: { type: "area", color: GREY, opacity: 0.25, interpolate: "step-after" },
      encoding: { x: tokens(length), y },
    });
  }
  if (targets && model.answers === "word") {
    chart.layer.push({
      data: { values: [{ token: length - 1, value: Number(targets.at(-1)[k]), what: "right" }] },
      mark: { type: "point", shape: "square", color: GREY, size: 60, strokeWidth: 2 },
      encoding: { x: { field: "token", type: "quantitative" }, y, tooltip: [{ field: "what" }, { field: "value" }] },
    });
  }
  return chart;
}

// The outputs worth a look: those whose right answer changes, or that are wrong first; else all.
function outputsShown({ outputs, targets }, wrong) {
  const all = [...outputs.keys()],
    telling = all.filter((k) => wrong.includes(k) || targets?.some((right) => right[k] !== targets[0][k]));
  return telling.length ? telling : all;
}

function complain(text) {
  const message = byId("explorer-message");
  message.className = "bad";
  message.textContent = text;
  byId("explorer-charts").classList.add("stale");
}

function verdict(model, traced, wrong) {
  const { length, targets, outputs, counters, first_failure: at } = traced,
    { name } = model.language;
  const say = (k) => outputs[k].values[Math.min(at, length - 1)].toPrecision(3);
  if (!targets) return `What is right here, this page does not know; “longcount trace” does.`;
  if (model.task === "recognise") {
    const accepts = saysYes(model, outputs[0].values[length - 1]);
    return `${accepts ? "Accepts" : "Rejects"} the word (${say(0)}), which is ${
      targets.at(-1)[0] ? "" : "not "
    }in ${name}: ${at < length ? "wrong" : "right"}.`;
  }
  if (at === length) return `Right at all ${length} tokens.`;
  const may = (k, yes) =>
    outputs[k].name === "end"
      ? `the word may ${yes ? "" : "not "}end`
      : `${quoted(outputs[k].name)} may ${yes ? "" : "not "}follow`;
  const reason = (k) => {
    const yes = targets[at][k];
    if (model.task === "predict") {
      return `gives ${quoted(outputs[k].name)} ${say(k)}, ${yes ? "not " : ""}above ${
        model.threshold.toPrecision(1)
      }, and ${may(k, yes)}`;
    }
    return `says that ${may(k, !yes)}`;
  };
  const now = counters.map((counter) => `${counter.name} is ${counter.values[at]}`).join(", ");
  return `First failure at token ${at} of ${length}: ${now}, and the network ${wrong.map(reason).join("; ")}.`;
}

let turn = 0;
async function show() {
  const mine = ++turn;
  const name = control.cell.value,
    run = Number(control.run.value),
    epoch = Number(control.epoch.value),
    model = MODELS[name];
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
  const traced = await trace(name, run, epoch, word);
  if (mine !== turn) return;
  if (traced.outside !== undefined) {
    return complain(
      `Letter ${traced.outside + 1}, “${word[traced.outside]}”, cannot stand there: no word of ${language} goes on so.`,
    );
  }
  const { length, first_failure } = traced,
    wrong = first_failure < length ? wrongOutputs(model, traced, first_failure) : [];
  const message = byId("explorer-message");
  message.className = wrong.length ? "bad" : "";
  message.textContent = verdict(model, traced, wrong);
  byId("explorer-charts").classList.remove("stale");
  const charts = [[byId("explorer-counter"), countersAndStates(traced)]];
  if (traced.gates.length) charts.push([byId("explorer-gates"), lines(traced.gates, "gates", traced, { zero: false })]);
  else byId("explorer-gates").replaceChildren();
  const outputs = outputsShown(traced, wrong).map((k) => {
    const element = document.createElement("div");
    element.setAttribute("role", "img");
    element.setAttribute("aria-label", `Output ${traced.outputs[k].name} by token, with its target.`);
    return [element, outputChart(model, traced, k)];
  });
  byId("explorer-outputs").replaceChildren(...outputs.map(([element]) => element));
  for (const [element, specification] of [...charts, ...outputs]) {
    if (mine !== turn) return;
    drawn.delete(element);
    await draw(element, specification);
  }
  tabulate(model, traced, word);
  byId("explorer").dataset.shown = `${name} ${run} ${epoch} ${length}`;
}

function tabulate(model, traced, word) {
  const from = Math.max(0, Math.min(traced.first_failure - TABLE_ROWS / 2, word.length - TABLE_ROWS)),
    end = Math.min(word.length, from + TABLE_ROWS);
  const row = (texts, kind) => {
    const tr = document.createElement("tr");
    tr.append(
      ...texts.map((text) => {
        const td = document.createElement(kind);
        td.textContent = text;
        return td;
      }),
    );
    return tr;
  };
  const { counters, gates, states, outputs, targets } = traced,
    inner = [...gates, ...states, ...outputs];
  const right = (at) =>
    targets
      ? outputs.map((_, k) => (model.answers === "token" || at === word.length - 1 ? Number(targets[at][k]) : ""))
      : [];
  const named = (what) => outputs.map(({ name }) => `${what} ${name}`);
  const table = byId("explorer-table");
  table.tHead.replaceChildren(
    row(
      [
        "token",
        "letter",
        ...[...counters, ...gates, ...states].map(({ name }) => name),
        ...named("output"),
        ...(targets ? named("target") : []),
      ],
      "th",
    ),
  );
  table.tBodies[0].replaceChildren(
    ...Array.from({ length: end - from }, (_, k) => from + k).map((at) => {
      const tr = row(
        [
          at,
          word[at],
          ...counters.map(({ values }) => values[at]),
          ...inner.map(({ values }) => values[at].toPrecision(6)),
          ...right(at),
        ],
        "td",
      );
      if (at === traced.first_failure) tr.className = "failure";
      return tr;
    }),
  );
}

let waiting;
const soon = () => {
  clearTimeout(waiting);
  waiting = setTimeout(show, 60);
};
fill(
  control.cell,
  Object.entries(MODELS).map(([name, model]) => [name, model.title]),
);
control.cell.addEventListener("change", chooseCell);
control.run.addEventListener("change", chooseRun);
control.epoch.addEventListener("input", soon);
control.word.addEventListener("input", soon);
control.number.addEventListener("input", () => {
  byId("explorer-number-told").textContent = control.number.value;
  control.word.value = wordOf(MODELS[control.cell.value].language.by_number, Number(control.number.value));
  soon();
});
const opened = new IntersectionObserver(
  (entries) => {
    if (entries.some((entry) => entry.isIntersecting)) {
      opened.disconnect();
      chooseCell();
    }
  },
  { rootMargin: "800px" },
);
opened.observe(byId("explorer"));
