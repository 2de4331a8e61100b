// Runs in a worker, beside the report: what networks do with words is computed here, so that the page never freezes.
import { answering } from "./answering.js";
import { distances, drifted } from "./drift.js";
import { know, models, traced, weightsOf } from "./tracing.js";
import { beside, witness } from "./witness.js";

answering({
  know,
  weights: weightsOf,
  witness,
  trace: ({ word, ...chosen }) => traced(models[chosen.name], weightsOf(chosen), word),

  // All that the page shows of a network on a word.
  async look({ word, ...chosen }) {
    const model = models[chosen.name],
      weights = weightsOf(chosen),
      found = await traced(model, weights, word);
    if (found.outside !== undefined) return { found };
    return {
      found,
      drift: await drifted(model, weights, found),
      ends: distances(model, found),
      others: model.exact.length ? await beside(chosen, word) : [],
    };
  },
});
