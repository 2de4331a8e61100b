// Runs in a worker, beside the page: trains, looks at what came of it, and searches for words that networks fail on.
import { answering } from "./answering.js";
import { Evaluator, Memory, packed, Programs, wordsIn, wordsOf } from "./engine.js";
import { symbolsOf, wordOfParts } from "./languages.js";
import { LANES, Training } from "./training.js";

let data, programs, trainings, probes;
const splits = new Map();

async function wordsFor(model) {
  const { name } = model.language;
  if (!splits.has(name)) splits.set(name, await wordsOf(data.words[name], model.row));
  return splits.get(name);
}

const packedWords = (model, words) => packed(symbolsOf(model.language, words, model.letter_bits), model.row);

const ANSWERS = {
  data(sent) {
    data = sent;
    programs = new Programs(data.programs);
  },

  // Networks to train, in teams that differ in how; and words on which they are looked at.
  async begin({ index, teams, words }) {
    const model = data.models[index];
    trainings = [];
    for (const { settings, networks } of teams) {
      if (!networks.length) continue;
      const training = await Training.create(programs, data.philox, model, await wordsFor(model), settings);
      training.add(networks);
      trainings.push(training);
    }
    ANSWERS.look({ index, words });
    return ANSWERS.to({ updates: 0, validated: false });
  },

  look({ index, words }) {
    probes = packedWords(data.models[index], words);
    for (const training of trainings) training.probes = wordsIn(training.memory, probes);
  },

  to({ updates, validated }) {
    for (const training of trainings) training.to(updates);
    return trainings.flatMap((training) => training.snapshot(training.probes, validated));
  },

  edit({ index, position, weight }) {
    for (const training of trainings) training.edit(index, position, weight);
  },

  set(changes) {
    for (const training of trainings) if (!training.settings.course) Object.assign(training, changes);
  },

  // The first wrong token that a network has on the words of a family, and on which word.
  async search({ index, weights, family }) {
    const model = data.models[index],
      memory = new Memory(),
      words = family.map(wordOfParts),
      given = wordsIn(memory, packedWords(model, words)),
      evaluator = await Evaluator.create(programs, memory, model, model.programs.evaluate, LANES);
    const groups = Int32Array.from(
        { length: Math.ceil(words.length / LANES) * LANES },
        (_, k) => Math.min(k, words.length),
      ),
      lanes = Float32Array.from({ length: model.size * LANES }, (_, k) => weights[Math.floor(k / LANES)]);
    const { failures } = evaluator.run(lanes, given, groups);
    let best = null;
    words.forEach((word, k) => {
      if (failures[k] < word.length && (best === null || failures[k] < best.at)) best = { at: failures[k], word: k };
    });
    return { found: best, tokens: words.reduce((sum, word) => sum + word.length, 0) };
  },

  // The weights of the first runs after a few updates, one network after another.
  async check({ index, updates }) {
    const model = data.models[index],
      [{ program }] = model.variants;
    const settings = { seed: 0, initialisation: "pytorch", program, rate: model.rate, slope: 1, course: null };
    const training = await Training.create(programs, data.philox, model, await wordsFor(model), settings);
    training.add(Array.from({ length: LANES }, (_, run) => ({ index: run, run })));
    training.to(updates);
    return Array.from({ length: LANES }, (_, lane) => training.lane(training.blocks[0], lane));
  },
};

answering(ANSWERS);
