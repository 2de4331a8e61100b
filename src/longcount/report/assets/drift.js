// How far the state of a network has drifted from what it counts, and how close its gates are to their ends.
import { read } from "./languages.js";
import { traced } from "./tracing.js";

const LEAST = 2 ** -26; // below half the least distance of a float32 from 1: where a gate that is 1 is drawn

// The step of the counting unit where the counter goes from 1 to 2: what one of what is counted is worth.
async function increment(model, weights) {
  const letter = [...model.language.letters].find((one) => {
    const { outside, counts } = read(model.language, one + one);
    return outside === null && counts[0][0] === 1 && counts[1][0] === 2;
  });
  if (letter === undefined) return null;
  const { states } = await traced(model, weights, letter + letter),
    [first, second] = states.find(({ name }) => name === model.counting.state).values;
  return second === first || !Number.isFinite(second - first) ? null : second - first;
}

// State over increment less the counter by token, and the band in which it tells 0 from 1: `low` and `high` by token.
// Null where there is not one unit that counts one counter.
export async function drifted(model, weights, found) {
  if (!model.counting || !found.counters.length) return null;
  const step = await increment(model, weights);
  if (step === null) return null;
  const state = found.states.find(({ name }) => name === model.counting.state).values,
    [{ values: depth }] = found.counters;
  const values = Float64Array.from(state, (one, at) => one / step - depth[at]);
  return {
    step,
    counted: Float64Array.from(state, (one) => one / step),
    values,
    band: band(model, weights, found, step),
  };
}

// The state at which the output turns, over the increment, by token. The readout is linear in h; where another part of
// the state counts, h is that part or its tanh times an open gate, which is checked before it is used.
function band(model, weights, { states, gates, counters: [{ values: depth }] }, step) {
  const { state, readout } = model.counting;
  if (!readout) return null;
  const logit = Math.log(model.threshold / (1 - model.threshold)),
    turns = (logit - weights[readout.bias]) / weights[readout.weight];
  const [h] = states,
    counter = states.find(({ name }) => name === state);
  if (state === h.name) return edges(Float64Array.from(counter.values, () => turns / step), depth);
  const open = gates.find(({ name }) => name === readout.gate);
  if (!open) return null;
  const off = h.values.some((value, at) => {
    const expected = open.values[at] * Math.tanh(counter.values[at]);
    return Math.abs(value - expected) > 1e-5;
  });
  return off ? null : edges(Float64Array.from(open.values, (gate) => Math.atanh(turns / gate) / step), depth);
}

// Within the band both depth 0 (below its upper edge) and depth 1 (above its lower edge) are told right; deeper, the
// answer turns further below, at `turn`. Where no state makes the output turn there is none.
const edges = (turning, depth) => ({
  high: turning,
  low: turning.map((value) => value - 1),
  turn: turning.map((value, at) => value - depth[at]),
});

// How far each gate is from the nearer end of its range.
export const distances = (model, { gates }) =>
  gates.flatMap(({ name, values }) => {
    const base = name.split("_")[0],
      tanh = model.tanhs.includes(base);
    if (!tanh && !model.sigmoids.includes(base)) return [];
    const distance = (value) => Math.max(LEAST, tanh ? 1 - Math.abs(value) : Math.min(value, 1 - value));
    const high = values.filter((value) => (tanh ? Math.abs(value) : value) > 0.5).length * 2 >= values.length;
    return [{ name: tanh ? `1 − |${name}|` : high ? `1 − ${name}` : name, values: values.map(distance) }];
  });
