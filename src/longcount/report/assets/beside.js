// A network beside exact ones of its cell, on the same word: where each fails, its drift, and what is known of it.
import { drifted } from "./drift.js";
import { element } from "./elements.js";
import { traced, weightsOf } from "./tracing.js";

const TRIED = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1000]; // heights of zigzags

// The word on which a network fails first, among words that go up and down.
async function weakness(model, weights) {
  const { parts, length } = model.language.by_number;
  let worst = null;
  for (const height of TRIED) {
    const word = parts.map((part) => part.repeat(height)).join(""),
      { first_failure: at } = await traced(model, weights, word.repeat(Math.max(1, Math.round(length / word.length))));
    const whole = word.length * Math.max(1, Math.round(length / word.length));
    if (at < whole && (worst === null || at < worst.at)) worst = { at, height };
  }
  return worst;
}

async function known(model, weights) {
  const worst = await weakness(model, weights);
  return worst
    ? `not exact: fails at token ${worst.at.toLocaleString("en")} of the zigzag with j = ${worst.height}`
    : `right on the zigzags with j up to ${TRIED.at(-1).toLocaleString("en")}; nothing is proved`;
}

// The chosen network and the exact ones: {kind, title, verdict, reason, first_failure, drift}.
export async function beside(model, name, { run, epoch }, word) {
  const weights = weightsOf(name, run, epoch),
    trained = model.exact.some(({ kind }) => kind === run) ? [] : [{
      kind: "trained",
      title: `trained: run ${run} after epoch ${epoch}`,
      floats: weights,
      verdict: await known(model, weights),
      reason: "",
    }];
  const found = [];
  for (const one of [...trained, ...model.exact]) {
    const its = await traced(model, one.floats, word),
      drift = await drifted(model, one.floats, its);
    if (drift) found.push({ ...one, first_failure: its.first_failure, drift });
  }
  return found;
}

// As rows of a table; `choose` is called with the kind of an exact network that is to be looked into.
export function showBeside(table, found, length, choose) {
  const rows = found.map(({ kind, title, verdict, reason, first_failure: at }) => {
    const name = element("th", { scope: "row" }, title);
    if (kind !== "trained") {
      const look = element("button", { type: "button", textContent: `Look into the ${kind} one` });
      look.addEventListener("click", () => choose(kind));
      name.append(" ", look);
    }
    const here = at < length
      ? `fails at token ${at.toLocaleString("en")}`
      : `right at all ${length.toLocaleString("en")}`;
    return element("tr", {}, name, ...[here, verdict, reason].map((text) => element("td", { textContent: text })));
  });
  table.tBodies[0].replaceChildren(...rows);
  table.closest(".side").hidden = !rows.length;
}
