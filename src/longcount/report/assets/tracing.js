// What the engine's programs compute of a network of the page on a word.
import { Programs, Tracer } from "./engine.js";
import { saysYes, wrongOutputs } from "./judging.js";
import { read, RIGHT, tokensOf } from "./languages.js";

export const models = {};
const tracers = new Map();
let programs;

export function know(sent) {
  programs = new Programs(sent.programs);
  for (const model of Object.values(Object.assign(models, sent.models))) {
    const bytes = Uint8Array.from(atob(model.weights), (letter) => letter.charCodeAt(0));
    model.floats = new Float32Array(bytes.buffer);
    for (const exact of model.exact) exact.floats = Float32Array.from(exact.weights);
  }
}

// Weights of a run after an epoch, or of an exact network, whose kind stands in place of a run.
export function weightsOf({ name, run, epoch }) {
  const model = models[name],
    exact = model.exact.find(({ kind }) => kind === run);
  if (exact) return exact.floats;
  const at = (model.runs.findIndex((known) => known.run === run) * (model.epochs + 1) + epoch) * model.size;
  return model.floats.slice(at, at + model.size);
}

// The program of a model, ready to be called; models of the same network share it.
function tracerOf(model) {
  const { trace } = model.programs;
  if (!tracers.has(trace)) tracers.set(trace, Tracer.create(programs, model));
  return tracers.get(trace);
}

// Every number of every token. Of a word that leaves the language only where, unless wrong words are asked about, too.
export async function traced(model, weights, word) {
  const length = word.length;
  const reading = model.language.kind && model.task ? read(model.language, word) : null;
  if (reading && reading.outside !== null && model.task !== "recognise") return { outside: reading.outside };
  const right = reading && RIGHT[model.task](reading, model.language); // null where it is not known
  const tracer = await tracerOf(model),
    { width, values } = tracer.run(weights, tokensOf(model.language, word));
  let column = 0;
  const columns = (names) =>
    names.map((its) => {
      const k = column++;
      return { name: its, values: Float32Array.from({ length }, (_, at) => values[at * width + k]) };
    });
  const found = {
    states: columns(model.states),
    gates: columns(model.gates),
    outputs: columns(model.outputs).map((output, k) => ({
      ...output,
      right: right && Uint8Array.from(right, (one) => one[k]),
    })),
    length,
    first_failure: length,
  };
  found.counters = reading
    ? model.language.counters.map((its, k) => ({
      name: its,
      values: Int32Array.from(reading.counts, (counts) => counts[k]),
    }))
    : [];
  if (right) {
    for (let at = model.answers === "token" ? 0 : length - 1; at < length && found.first_failure === length; at++) {
      if (wrongOutputs(model, found, at).length) found.first_failure = at;
    }
  }
  return found;
}

// The first wrong token of a network on a word whose tokens and right answers are known; null where there is none.
export async function failureOn(model, weights, { tokens, right }) {
  const tracer = await tracerOf(model),
    { width, values } = tracer.run(weights, tokens),
    first = width - model.outputs.length;
  for (let at = model.answers === "token" ? 0 : tokens.length - 1; at < tokens.length; at++) {
    for (let k = 0; k < model.outputs.length; k++) {
      if (saysYes(model, values[at * width + first + k]) !== right[at][k]) return at;
    }
  }
  return null;
}
