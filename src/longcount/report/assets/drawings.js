// What networks do, drawn: on a word, and since training began.
import { colourOf, decades, fitted, isDark, wordsAxis } from "./charts.js";
import { count } from "./tables.js";

export const isRace = ({ settings }) => settings.team === "race";

// What every network of `all` counts on a word: [{network, its (what was traced)}, ...].
export function drawCount(chart, { session, word, chosen }, all) {
  const length = word.letters.length,
    counters = word.counts[0].length;
  const heights = word.counts.map((counts) => counts.reduce((a, b) => a + b, 0)),
    highest = Math.max(...heights, 2);
  const every = Math.max(1, Math.ceil(highest / 5)),
    ticks = Array.from({ length: Math.floor(highest / every) + 1 }, (_, k) => [k * every, String(k * every)]);
  const room = chart.element.clientWidth / length,
    apart = Math.max(1, Math.ceil(length / 8 / 5) * 5);
  const x = {
    min: 0,
    max: length,
    ticks: room >= 8
      ? [...word.letters].map((letter, k) => [k + 0.5, letter])
      : Array.from({ length: Math.floor((length - 1) / apart) + 1 }, (_, k) => [k * apart + 0.5, count(k * apart)]),
    title: room >= 8 ? "the word, letter by letter" : "letter of the word, counted from 0",
  };
  chart.begin(x, {
    min: -0.15 * highest,
    max: highest * 1.15,
    ticks,
    title: counters > 1 ? "counts, added up" : "count",
  });
  chart.mountain(heights);
  const race = isRace(session),
    dark = isDark(),
    alpha = Math.max(0.35, 1 - all.length / 40);
  const xs = Array.from({ length }, (_, k) => k + 0.5);
  const lines = all.map(({ network, its }) => ({ network, its, ys: countOf(its, word) }));
  lines.sort((a, b) => (a.network.index === chosen) - (b.network.index === chosen));
  for (const { network, its, ys } of lines) {
    const isChosen = network.index === chosen;
    chart.line(xs, ys, colourOf(network, race, dark), isChosen ? 3 : 1.6, isChosen ? 1 : alpha);
    if (its.wrong >= 0) chart.dot(its.wrong + 0.5, ys[its.wrong], chart.red, isChosen ? 5 : 3);
  }
}

// The count that a network's state tells best, by a straight line: for each counter of the unit that follows it best.
// Where the state says nothing of the count, that is the mean.
function countOf(its, word) {
  const counters = word.counts[0].length;
  const total = new Float64Array(word.letters.length);
  for (let k = 0; k < counters; k++) {
    const counts = word.counts.map((one) => one[k]);
    const best = its.counters
      .map((values) => ({ values, ...fitted(counts, values) }))
      .reduce((a, b) => (b.share > a.share ? b : a));
    total.forEach((_, at) => (total[at] += best.offset + best.slope * best.values[at]));
  }
  return total;
}

// The gates of one network on a word; of a network without gates its outputs.
export function drawGates(chart, { model, word }, its) {
  const length = word.letters.length,
    xs = Array.from({ length }, (_, k) => k + 0.5);
  const series = model.gates.length
    ? model.gates.map((name, k) => ({ name, values: its.gates[k] }))
    : model.outputs.map((name, k) => ({ name: `“${name}” may follow`, values: its.outputs[k] }));
  const least = series.some(({ values }) => values.some((value) => value < 0)) ? -1 : 0;
  const room = chart.element.clientWidth / length;
  chart.begin(
    { min: 0, max: length, ticks: room >= 8 ? [...word.letters].map((letter, k) => [k + 0.5, letter]) : [], title: "" },
    { min: least - 0.05, max: 1.3, ticks: [-1, 0, 1].filter((one) => one >= least).map((one) => [one, String(one)]) },
  );
  const dark = isDark();
  let at = 52;
  series.forEach(({ name, values }, k) => {
    const colour = colourOf({ run: k }, false, dark);
    chart.line(xs, values, colour, 1.8);
    chart.text(at, 6, name, colour, "left");
    at += chart.pen.measureText(name).width + 16;
  });
}

// One line for each network since training began.
export function drawHistory(chart, { session, chosen, histories }, name, title) {
  const all = [...histories.values()].flatMap((history) => history[name]),
    race = isRace(session),
    dark = isDark();
  const least = all.reduce((a, b) => Math.min(a, b), 0.1),
    greatest = all.reduce((a, b) => Math.max(a, b), 0.2);
  chart.begin(wordsAxis(session.updates, session.perEpoch ?? 10000), decades(least, greatest, title));
  const alpha = Math.max(0.35, 1 - session.networks.length / 40);
  for (const network of session.networks) {
    const history = histories.get(network.index),
      isChosen = network.index === chosen;
    if (history) {
      chart.line(
        history.updates,
        history[name],
        colourOf(network, race, dark),
        isChosen ? 2.6 : 1.3,
        isChosen ? 1 : alpha,
      );
    }
  }
}
