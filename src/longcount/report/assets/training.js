// Training in the page, update by update as `longcount train` does it: the same streams, orders, rates and programs.
import { CHUNK, Evaluator, Memory, wordsIn } from "./engine.js";
import { Streams } from "./streams.js";

export const LANES = 4; // networks side by side in the vectors of WebAssembly
const RATES = 3; // numbers an update needs: what weight decay leaves, Adam's step size, one in the root of its bias
const [BETA1, BETA2] = [0.9, 0.999];

// 1 - beta^t for t = 1, 2, ..., until it is 1. Powers are computed with 128 bits and rounded once, so that they are the
// same in every browser.
export function oneMinusPowers(beta) {
  const one = 1n << 128n,
    factor = BigInt(beta * 2 ** 53) << 75n,
    found = [];
  for (let power = factor; found.at(-1) !== 1; power = (power * factor) >> 128n) {
    found.push(1 - Number(power) / Number(one));
  }
  return Float64Array.from(found);
}

// What a change does to parameters, in place: to each [position, form, number].
function changed(parameters, changes) {
  const forms = {
    set: (_, number) => number,
    times: (x, number) => x * number,
    magnitude: (x, number) => Math.abs(x) * number,
    power_of_two: powerOfTwo,
  };
  for (const [position, form, number] of changes) parameters[position] = forms[form](parameters[position], number);
  return parameters;
}

// The power of two nearest in ratio, with the sign; 0 stays 0.
function powerOfTwo(x) {
  if (x === 0) return x;
  let exponent = Math.floor(Math.log2(Math.abs(x)));
  while (2 ** exponent > Math.abs(x)) exponent--;
  while (2 ** (exponent + 1) <= Math.abs(x)) exponent++;
  return Math.sign(x) * 2 ** (Math.abs(x) / 2 ** exponent < Math.SQRT2 ? exponent : exponent + 1);
}

// Networks that advance together, each by its own stream. `settings` are those of the page:
//   seed, initialisation, program (of the loss and clipping), rate, slope, course (of a recipe, or null)
export class Training {
  static async create(programs, philox, model, words, settings) {
    const training = new Training();
    Object.assign(training, { model, settings, memory: new Memory(), blocks: [], rate: settings.rate });
    const { memory } = training,
      numbers = [...(settings.course?.epochs.map((epoch) => epoch.program) ?? [settings.program])];
    training.streams = await Streams.create(programs, philox, memory);
    training.programs = new Map();
    for (const number of new Set(numbers)) {
      training.programs.set(number, await memory.program(await programs.get(number)));
    }
    training.words = wordsIn(memory, words.training);
    training.validation = wordsIn(memory, words.validation);
    training.evaluator = await Evaluator.create(programs, memory, model, model.programs.evaluate, LANES);
    const { longest, count } = training.words;
    training.scratch = {
      rates: memory.room(Float32Array, count * RATES),
      scales: memory.room(Float32Array, model.size),
      token_rows: memory.room(Int32Array, Math.ceil(longest / CHUNK) * model.row * LANES),
      tape: memory.room(Float32Array, (longest + 1) * model.tape * LANES),
    };
    training.powers = [oneMinusPowers(BETA1), oneMinusPowers(BETA2)];
    training.slope = settings.slope;
    return training;
  }

  // Runs to train, with the numbers by which the page knows them.
  add(networks, offset = 0) {
    const { memory, model, words } = this;
    for (let first = 0; first < networks.length; first += LANES) {
      const block = {
        networks: networks.slice(first, first + LANES),
        offset,
        updates: 0,
        parameters: memory.room(Float32Array, model.size * LANES),
        kept: memory.room(Float32Array, 2 * model.size * LANES),
        orders: memory.room(Int32Array, words.count * LANES),
        total_loss: memory.room(Float64Array, LANES),
        told: Array(LANES).fill(0), // of the loss, and after how many updates
        since: 0,
      };
      block.kept.values.fill(0);
      block.total_loss.values.fill(0);
      for (let lane = 0; lane < LANES; lane++) this.setLane(block, lane, this.start(this.networkOf(block, lane)));
      this.blocks.push(block);
    }
  }

  // Lanes without a network repeat the last one.
  networkOf = ({ networks }, lane) => networks[Math.min(lane, networks.length - 1)];

  start({ run, attempt = 0 }) {
    const { model, settings } = this,
      { course } = settings;
    const parameters = this.streams.draws(model.size, settings.seed, model.stream, run, attempt);
    const scale = Math.fround(1 / Math.sqrt(model.hidden_size));
    parameters.forEach((draw, k) => (parameters[k] = draw * scale));
    changed(parameters, model.starts[settings.initialisation]);
    if (course) {
      changed(parameters, course.begin);
      for (const [position, source, factor] of course.ties) parameters[position] = parameters[source] * factor;
    }
    return parameters;
  }

  setLane({ parameters }, lane, numbers) {
    const { values } = parameters;
    numbers.forEach((number, k) => (values[k * LANES + lane] = number));
  }

  lane({ parameters }, lane) {
    const { values } = parameters;
    return Float32Array.from({ length: this.model.size }, (_, k) => values[k * LANES + lane]);
  }

  // How an epoch is trained, from 1; 0 is before the first.
  plan(epoch) {
    const { course, program } = this.settings;
    if (course) return course.epochs[Math.min(epoch, course.epochs.length - 1)];
    return { program, rate: this.rate, before: [], scales: null };
  }

  scales(epoch) {
    const scales = new Float32Array(this.model.size).fill(1);
    if (this.settings.course) {
      for (const [position, factor] of this.plan(epoch).scales) scales[position] = factor;
    } else for (const position of this.model.sloped) scales[position] = this.slope;
    return scales;
  }

  get lastUpdate() {
    const { course } = this.settings;
    return course ? (course.epochs.length - 1) * this.words.count : Infinity;
  }

  // Train every block until the page's clock shows so many updates.
  to(updates) {
    for (const block of this.blocks) this.advance(block, Math.min(updates - block.offset, this.lastUpdate)); // or new ones
  }

  advance(block, target) {
    const { words, scratch } = this;
    while (block.updates < target && block.networks.some(Boolean)) {
      const within = block.updates % words.count,
        epoch = Math.floor(block.updates / words.count) + 1,
        plan = this.plan(epoch),
        count = Math.min(words.count - within, target - block.updates);
      if (within === 0) this.beginEpoch(block, epoch, plan);
      this.setRates(plan.rate, block.updates, count);
      scratch.scales.values.set(this.scales(epoch));
      this.programs.get(plan.program)({
        ...words,
        ...scratch,
        ...block,
        orders: block.orders.from(within * LANES),
        words: count,
      });
      block.updates += count;
      if (within + count === words.count) this.endEpoch(block, epoch);
    }
  }

  beginEpoch(block, epoch, plan) {
    const { streams, words, settings, model } = this;
    for (let lane = 0; lane < LANES; lane++) {
      const network = this.networkOf(block, lane);
      if (plan.before.length) this.setLane(block, lane, changed(this.lane(block, lane), plan.before));
      if (!network) continue;
      const order = streams.order(words.count, settings.seed, model.stream, network.run, epoch),
        { values } = block.orders;
      order.forEach((word, place) => (values[place * LANES + lane] = word));
    }
  }

  // A recipe may start runs anew whose validation loss is too high.
  endEpoch(block, epoch) {
    const redraw = this.settings.course?.redraw;
    if (redraw?.epoch !== epoch) return;
    const { losses } = this.validate(block);
    const again = [];
    block.networks.forEach((network, lane) => {
      if (!network || losses[lane] <= redraw.threshold || (network.attempt ?? 0) >= redraw.most) return;
      again.push({ ...network, attempt: (network.attempt ?? 0) + 1 });
      block.networks[lane] = null;
    });
    if (again.length) this.add(again, block.offset + block.updates);
  }

  setRates(rate, before, count) {
    const { values } = this.scratch.rates,
      [first, second] = this.powers;
    for (let k = 0; k < count; k++) {
      values[RATES * k] = 1;
      values[RATES * k + 1] = rate / (first[before + k] ?? 1);
      values[RATES * k + 2] = 1 / Math.sqrt(second[before + k] ?? 1);
    }
  }

  // Parameters times scales: the weights [P, lanes] of ordinary networks.
  folded(block) {
    const epoch = Math.ceil(block.updates / this.words.count),
      scales = this.scales(epoch);
    return block.parameters.values.map((number, k) => number * scales[Math.floor(k / LANES)]);
  }

  // Mean loss and the number of words that are right throughout, lane by lane.
  validate(block, words = this.validation) {
    const { losses, failures, count } = this.evaluator.run(this.folded(block), words),
      lengths = words.lengths.values;
    const found = { losses: Array(LANES).fill(0), right: Array(LANES).fill(0) };
    for (let word = 0; word < count; word++) {
      for (let lane = 0; lane < LANES; lane++) {
        found.losses[lane] += losses[word * LANES + lane] / (this.model.outputs.length * lengths[word]) / count;
        found.right[lane] += failures[word * LANES + lane] >= lengths[word] ? 1 : 0;
      }
    }
    return found;
  }

  // What every network has come to: weights, the mean loss of the words since the last time, and the first wrong token of
  // some words (their length where there is none).
  snapshot(words, validated = false) {
    const found = [];
    for (const block of this.blocks) {
      if (!block.networks.some(Boolean)) continue;
      const judged = validated ? this.validate(block) : null, // first: the memory may grow, and arrays move
        weights = this.folded(block),
        { failures, count } = this.evaluator.run(weights, words),
        lengths = words.lengths.values,
        totals = block.total_loss.values;
      block.networks.forEach((network, lane) => {
        if (!network) return;
        found.push({
          ...network,
          updates: block.updates,
          epoch: block.updates / this.words.count,
          weights: Float32Array.from({ length: this.model.size }, (_, k) => weights[k * LANES + lane]),
          loss: block.updates > block.since ? (totals[lane] - block.told[lane]) / (block.updates - block.since) : null,
          failures: Array.from({ length: count }, (_, k) => Math.min(failures[k * LANES + lane], lengths[k])),
          right: judged && judged.right[lane] / this.validation.count,
        });
      });
      block.told = [...totals];
      block.since = block.updates;
    }
    return found;
  }

  // A weight of a network set by hand: its parameter is what gives that weight.
  edit(index, position, weight) {
    for (const block of this.blocks) {
      block.networks.forEach((network, lane) => {
        if (network?.index !== index) return;
        const scale = this.scales(Math.ceil(block.updates / this.words.count))[position];
        block.parameters.values[position * LANES + lane] = weight / scale;
      });
    }
  }
}
