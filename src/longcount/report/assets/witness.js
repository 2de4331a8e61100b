// Words on which networks fail: the worst of a family for each network, and a network beside exact ones of its cell.
import { drifted } from "./drift.js";
import { read, RIGHT, tokensOf, wordOfParts } from "./languages.js";
import { failureOn, models, traced, weightsOf } from "./tracing.js";

const families = new Map(),
  witnesses = new Map();

// The words that are searched, as tokens with their right answers; what they hold is written as its parts.
function familyOf(model) {
  const key = `${model.language.name} ${model.task}`;
  if (!families.has(key)) {
    const words = model.family.map((parts) => {
      const word = wordOfParts(parts),
        right = RIGHT[model.task](read(model.language, word), model.language);
      return { parts, tokens: tokensOf(model.language, word), right };
    });
    families.set(key, words);
  }
  return families.get(key);
}

// Of the words of its family the one on which a network fails first: {at, parts}; `at` is null where it fails on none.
export async function witness(chosen) {
  const key = `${chosen.name} ${chosen.run} ${chosen.epoch}`,
    model = models[chosen.name];
  if (!witnesses.has(key)) {
    let worst = { at: null, words: model.family.length };
    for (const word of familyOf(model)) {
      const at = await failureOn(model, weightsOf(chosen), word);
      if (at !== null && (worst.at === null || at < worst.at)) worst = { at, parts: word.parts };
    }
    witnesses.set(key, worst);
  }
  return witnesses.get(key);
}

// The chosen network and the exact ones: {kind, title, verdict, reason, program, first_failure, drift}.
export async function beside(chosen, word) {
  const { name, run, epoch } = chosen,
    model = models[name];
  const trained = model.exact.some(({ kind }) => kind === run) ? [] : [{
    kind: "trained",
    title: `trained: run ${run} after epoch ${epoch}`,
    floats: weightsOf(chosen),
    witness: await witness(chosen),
    reason: "",
    program: "",
  }];
  const found = [];
  for (const { floats, weights: _, ...one } of [...trained, ...model.exact]) {
    const its = await traced(model, floats, word),
      drift = await drifted(model, floats, its);
    if (drift) found.push({ ...one, first_failure: its.first_failure, drift });
  }
  return found;
}
