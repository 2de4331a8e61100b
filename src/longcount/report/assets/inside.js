// What networks do with a word, and what is said of it.
import { read, RIGHT, tokensOf, wordOfParts } from "./languages.js";
import { isRace } from "./drawings.js";
import { count, nameOf } from "./tables.js";

// A word to look at, or what is wrong with it.
export function wordOf(model, letters) {
  const { language } = model,
    foreign = [...letters].find((letter) => !language.letters.includes(letter));
  if (foreign) return { complaint: `“${foreign}” is none of ${[...language.letters].join(" ")}.` };
  if (!letters) return { complaint: "Give at least one letter." };
  const reading = read(language, letters),
    at = reading.outside;
  if (at !== null) return { complaint: `Letter ${at}, “${letters[at]}”, cannot stand there: no word goes on so.` };
  const right = RIGHT.next_letters(reading, language);
  return { model, letters, counts: reading.counts, right, tokens: tokensOf(language, letters) };
}

// The states, gates and outputs of a network on a word, and its first wrong letter.
export function tracedOn(tracer, { model, letters: { length }, right, tokens }, { weights }) {
  const { width, values } = tracer.run(weights, tokens),
    { states, gates, outputs } = model,
    column = (k) => Float32Array.from({ length }, (_, at) => values[at * width + k]),
    first = states.length + gates.length;
  let wrong = -1;
  for (let at = 0; at < length && wrong < 0; at++) {
    const isWrong = (_, k) => (values[at * width + first + k] >= model.threshold) !== right[at][k];
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
export function leakOf({ keeps }, network, its) {
  if (keeps.gates.length) {
    const gates = keeps.gates.map((k) => its.gates[k]);
    return mean(gates.map((gate) => mean(Array.from(gate, (value) => Math.abs(1 - value)))));
  }
  return keeps.weights.length ? mean(keeps.weights.map((k) => Math.abs(1 - network.weights[k]))) : null;
}

const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

// How far training got, and how many of each team are right.
export function statusOf(session, model) {
  const { networks, updates, perEpoch } = session,
    lengths = model.probes.map(({ parts }) => wordOfParts(parts).length),
    everywhere = ({ failures }) => failures.every((failure, k) => failure >= lengths[k]),
    teams = isRace(session) ? ["protocol", "recipe"] : [session.settings.team];
  const told = teams.map((team) => {
    const its = networks.filter((network) => network.team === team),
      name = isRace(session) ? (team === "recipe" ? "exact recipe: " : "paper's protocol: ") : "",
      short = its.filter(({ right }) => right === 1).length;
    return `${name}${short} of ${its.length} right on every validation word, ${
      its.filter(everywhere).length
    } on every long word`;
  });
  const epoch = (updates / (perEpoch ?? 1)) || 0;
  return `Epoch ${epoch.toFixed(2)}, ${count(updates)} words read. ${told.join("; ")}.`;
}

const quoted = (output) => (output === "end" ? "the word may end" : `“${output}” may follow`);
export const capital = (text) => text[0].toUpperCase() + text.slice(1);

// Whether a network is right on a word, in a sentence.
export function verdictOn(session, { model, letters, counts, right }, { network, its }) {
  const name = capital(nameOf(session, network)),
    at = its.wrong;
  if (at < 0) return { isGood: true, text: `${name} is right at all ${count(letters.length)} letters.` };
  const k = model.outputs.findIndex((_, k) => (its.outputs[k][at] >= model.threshold) !== right[at][k]),
    says = its.outputs[k][at] >= model.threshold ? "says" : "does not say";
  const text = `${name} is first wrong at letter ${count(at)} (the red dot): the count is ${
    counts[at].join(", ")
  }, and it ${says} that ${quoted(model.outputs[k])}.`;
  return { isGood: false, text };
}
