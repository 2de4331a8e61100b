// What is told of a network on a word: the tracks that show it, whether it is right, every number in a table.
import { saysYes } from "./judging.js";

const TABLE_ROWS = 100;

const quoted = (output) => (["end", "member"].includes(output) ? output : `“${output}”`);

// The outputs worth a look: those whose right answer changes, or that are wrong first; else all.
function outputsShown({ outputs }, wrong) {
  const all = [...outputs.keys()],
    telling = all.filter((k) => wrong.includes(k) || outputs[k].right?.some((right, _, all) => right !== all[0]));
  return telling.length ? telling : all;
}

// The tracks of a word: counters and state, drift, gates, outputs.
export function tracksOf(model, { found, drift, ends, others }, wrong) {
  const { counters, states, gates, length } = found,
    heights = counters.length
      ? Float64Array.from({ length }, (_, at) => counters.reduce((sum, { values }) => sum + values[at], 0))
      : null;
  const what = counters.length === 1 ? counters[0].name : "counters, added up";
  const tracks = [
    drift
      ? {
        title: `${model.counting.state} over its increment, in grey the ${what}:`,
        lines: [{ name: model.counting.state, values: drift.counted }],
        mountain: heights,
        seen: (from, to) => Array.from(heights.slice(from, to)).concat(0),
        inUnits: true,
      }
      : { title: heights ? `state, in grey the ${what}:` : "state:", lines: states, mountain: heights },
  ];
  if (drift) {
    tracks.push({
      title: `drift: state over increment − ${what}`,
      lines: [{ values: drift.values }],
      band: drift.band,
      edge: drift.band?.turn,
      rules: [0],
      around: true,
      seen: () => (drift.band ? [0.2, -0.2] : [0]),
    });
  }
  if (others.length > 1) {
    tracks.push({
      title: "drift beside:",
      lines: others.map(({ kind, drift: its }) => ({ name: kind, values: its.values })),
      rules: [0],
      around: true,
      seen: () => [0.2, -0.2],
    });
  }
  if (gates.length) tracks.push({ title: "gates:", lines: gates });
  if (ends.length) tracks.push({ title: "from the end of their range:", lines: ends, log: true });
  for (const track of tracks) {
    track.height = 130;
    track.label = `${track.title} ${track.lines.map(({ name }) => name ?? "").join(", ")} by token.`;
  }
  return [...tracks, ...outputsShown(found, wrong).map((k) => outputTrack(model, found, k))];
}

// An output, in grey where it should say yes, and the threshold from which it does.
function outputTrack(model, { outputs, length }, k) {
  const { name, values, right } = outputs[k],
    distribution = model.link === "softmax";
  const last = right && model.answers === "word" ? `; right at the end: ${right[length - 1] ? "yes" : "no"}` : "";
  return {
    title: `${distribution ? `P(${quoted(name)})` : `output ${quoted(name)}`}${last}`,
    label: `Output ${name} by token, with its target.`,
    height: 90,
    lines: [{ values }],
    mountain: model.answers === "token" ? right : null,
    domain: [0, 1],
    rules: [model.threshold],
  };
}

// Whether a network is right on a word, in a sentence.
export function verdict(model, traced, wrong) {
  const { length, outputs, counters, first_failure: at } = traced,
    { name } = model.language;
  const say = (k) => outputs[k].values[Math.min(at, length - 1)].toPrecision(3);
  if (!outputs[0].right) return `What is right here, this page does not know; “longcount trace” does.`;
  if (model.task === "recognise") {
    const accepts = saysYes(model, outputs[0].values[length - 1]);
    return `${accepts ? "Accepts" : "Rejects"} the word (${say(0)}), which is ${
      outputs[0].right.at(-1) ? "" : "not "
    }in ${name}: ${at < length ? "wrong" : "right"}.`;
  }
  if (at === length) return `Right at all ${length} tokens.`;
  const may = (k, yes) =>
    outputs[k].name === "end"
      ? `the word may ${yes ? "" : "not "}end`
      : `${quoted(outputs[k].name)} may ${yes ? "" : "not "}follow`;
  const reason = (k) => {
    const yes = outputs[k].right[at] === 1;
    if (model.task === "predict") {
      return `gives ${quoted(outputs[k].name)} ${say(k)}, ${yes ? "not " : ""}above ${
        model.threshold.toPrecision(1)
      }, and ${may(k, yes)}`;
    }
    return `says that ${may(k, !yes)}`;
  };
  const now = counters.map((counter) => `${counter.name} is ${counter.values[at]}`).join(", ");
  return `First failure at token ${at} of ${length}: ${now}, and the network ${wrong.map(reason).join("; ")}.`;
}

// What a token's numbers are, in a line.
export function toldAt(found, drift, letter, at) {
  const numbers = [...found.states, ...found.gates, ...found.outputs].map(
    ({ name, values }) => `${name} ${values[at].toPrecision(6).replaceAll("-", "−")}`,
  );
  const counts = found.counters.map(({ name, values }) => `${name} ${values[at]}`);
  const drifted = drift ? [`drift ${drift.values[at].toPrecision(4).replaceAll("-", "−")}`] : [];
  return `Token ${at}, “${letter}”: ${[...counts, ...drifted, ...numbers].join(", ")}`;
}

// The numbers of the tokens around one, as rows; `choose` is called with a token that is clicked.
export function tabulate(table, model, traced, word, around, choose) {
  const from = Math.max(0, Math.min(around - TABLE_ROWS / 2, word.length - TABLE_ROWS)),
    end = Math.min(word.length, from + TABLE_ROWS);
  const row = (texts, kind) => {
    const tr = document.createElement("tr");
    tr.append(
      ...texts.map((text) => {
        const td = document.createElement(kind);
        td.textContent = text;
        return td;
      }),
    );
    return tr;
  };
  const { counters, gates, states, outputs } = traced,
    inner = [...gates, ...states, ...outputs];
  const right = (at) =>
    outputs[0].right
      ? outputs.map(({ right }) => (model.answers === "token" || at === word.length - 1 ? right[at] : ""))
      : [];
  const named = (what) => outputs.map(({ name }) => `${what} ${name}`);
  table.tHead.replaceChildren(
    row(
      [
        "token",
        "letter",
        ...[...counters, ...gates, ...states].map(({ name }) => name),
        ...named("output"),
        ...(outputs[0].right ? named("target") : []),
      ],
      "th",
    ),
  );
  table.tBodies[0].replaceChildren(
    ...Array.from({ length: end - from }, (_, k) => from + k).map((at) => {
      const tr = row(
        [
          at,
          word[at],
          ...counters.map(({ values }) => values[at]),
          ...inner.map(({ values }) => values[at].toPrecision(6).replaceAll("-", "−")),
          ...right(at),
        ],
        "td",
      );
      tr.dataset.token = at;
      if (at === traced.first_failure) tr.className = "failure";
      tr.addEventListener("click", () => choose(at));
      return tr;
    }),
  );
}
