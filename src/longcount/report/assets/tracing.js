// What the page knows of its networks, and what the engine's programs compute of one on a word.
import { Programs, Tracer } from "./engine.js";
import { read, RIGHT, tokensOf } from "./languages.js";

for (const model of Object.values(MODELS)) {
  const bytes = Uint8Array.from(atob(model.weights), (letter) => letter.charCodeAt(0));
  model.floats = new Float32Array(bytes.buffer);
  for (const exact of model.exact) exact.floats = Float32Array.from(exact.weights);
}

// Weights of a run after an epoch, or of an exact network, whose kind stands in place of a run.
export function weightsOf(name, run, epoch) {
  const model = MODELS[name],
    exact = model.exact.find(({ kind }) => kind === run);
  if (exact) return exact.floats;
  const at = (model.runs.findIndex((known) => known.run === run) * (model.epochs + 1) + epoch) * model.size;
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

// Every number of every token, of a network of the page. Of a word that leaves the language only where, unless wrong
// words are asked about, too.
export const trace = (name, run, epoch, word) => traced(MODELS[name], weightsOf(name, run, epoch), word);

// The same of any weights of a model.
export async function traced(model, weights, word) {
  const length = word.length;
  const reading = model.language.kind && model.task ? read(model.language, word) : null;
  if (reading && reading.outside !== null && model.task !== "recognise") return { outside: reading.outside };
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
    outputs: columns(model.outputs),
    length,
    first_failure: length,
  };
  found.counters = reading
    ? model.language.counters.map((its, k) => ({ name: its, values: reading.counts.map((counts) => counts[k]) }))
    : [];
  found.targets = reading ? RIGHT[model.task](reading, model.language) : null;
  if (found.targets) {
    for (let at = model.answers === "token" ? 0 : length - 1; at < length && found.first_failure === length; at++) {
      if (wrongOutputs(model, found, at).length) found.first_failure = at;
    }
  }
  return found;
}

export const saysYes = (
  model,
  value,
) => (model.link === "sigmoid" ? value >= model.threshold : value > model.threshold);
export const wrongOutputs = (model, found, at) =>
  [...found.outputs.keys()].filter((k) => saysYes(model, found.outputs[k].values[at]) !== found.targets[at][k]);
window.longcount = { trace, read };
