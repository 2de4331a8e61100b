// The table of how far networks count, and that of the weights of one.
import { colourOf, isDark, power } from "./charts.js";
import { element } from "./elements.js";
import { wordOfParts } from "./languages.js";

export const count = (number) => number.toLocaleString("en");
export const nameOf = ({ settings }, { run, team }) =>
  settings.team === "race" ? `${team === "recipe" ? "recipe" : "paper"} ${run}` : `network ${run}`;

// A row for each network, with a button that chooses it; what changes in them is given back.
export function makeTable(table, { session, model }, choose) {
  const heads = ["network", "epoch", "loss", "validation right", ...model.probes.map(({ title }) => title)];
  table.tHead.replaceChildren(
    element("tr", {}, ...heads.map((text) => element("th", { scope: "col", textContent: text }))),
  );
  const rows = session.networks.map((network) => {
    const swatch = element("span", { className: "swatch" }),
      button = element("button", { type: "button", className: "pick" }, swatch, nameOf(session, network));
    button.addEventListener("click", () => choose(network.index));
    const cells = heads.slice(1).map(() => element("td"));
    const bars = model.probes.map((_, k) => {
      const bar = element("span", { className: "bar-fill" }),
        number = element("span", { className: "bar-number" });
      cells[3 + k].append(element("span", { className: "bar-track" }, bar), number);
      return { bar, number };
    });
    const row = element("tr", {}, element("th", { scope: "row" }, button), ...cells);
    return { row, button, swatch, cells, bars };
  });
  table.tBodies[0].replaceChildren(...rows.map(({ row }) => row));
  return rows;
}

export function showTable(rows, { session, model, chosen, trainedOn }) {
  const race = session.settings.team === "race",
    dark = isDark(),
    lengths = model.probes.map(({ parts }) => wordOfParts(parts).length);
  session.networks.forEach((network, k) => {
    const { row, button, swatch, cells, bars } = rows[k];
    row.classList.toggle("chosen", k === chosen);
    button.setAttribute("aria-pressed", String(k === chosen));
    swatch.style.background = colourOf(network, race, dark);
    cells[0].textContent = network.epoch.toFixed(network.epoch < 10 ? 2 : 1) + (network.attempt ? " (restarted)" : "");
    cells[1].textContent = network.loss === null ? "" : scientific(network.loss);
    cells[2].textContent = network.right === null ? "" : percent(network.right);
    bars.forEach(({ bar, number }, probe) => {
      const failure = network.failures[probe],
        never = failure >= lengths[probe];
      bar.style.width = `${(100 * Math.log(failure + 1)) / Math.log(lengths[probe] + 1)}%`;
      bar.classList.toggle("never", never);
      const mark = (100 * Math.log(trainedOn + 1)) / Math.log(lengths[probe] + 1);
      bar.parentElement.style.setProperty("--trained", `${mark}%`);
      number.textContent = never ? `all ${count(lengths[probe])}` : count(failure);
    });
  });
}

const scientific = (number) => {
  if (number >= 0.001) return number.toPrecision(2);
  const [mantissa, exponent] = number.toExponential(1).split("e");
  return `${mantissa} × ${power(Number(exponent))}`;
};

// Never rounded up to all.
const percent = (share) => `${(Math.floor(share * 1000) / 10).toFixed(share === 1 ? 0 : 1)} %`;

// A field for each weight, tensors with the same rows side by side; `act` is told of what is typed.
export function makeWeights(place, model, act) {
  const inputs = [];
  const groups = new Map();
  let at = 0;
  for (const [name, shape] of model.tensors) {
    const rows = shape[0],
      columns = shape[1] ?? 1;
    if (!groups.has(rows)) groups.set(rows, []);
    groups.get(rows).push({ name, at, columns, matrix: shape.length === 2 });
    at += rows * columns;
  }
  const tables = [...groups].map(([count, tensors]) => {
    const head = element("tr", {}, element("th", { scope: "col", textContent: "" }));
    head.firstChild.append(element("span", { className: "unseen", textContent: "row" }));
    for (const { name, columns, matrix } of tensors) {
      for (let k = 0; k < columns; k++) {
        const of = matrix
          ? (name === "weight_ih_l0" ? ` ${model.language.letters[k]}` : columns > 1 ? ` ${k}` : "")
          : "";
        head.append(element("th", { scope: "col", textContent: name.replace("_l0", "") + of }));
      }
    }
    const body = Array.from({ length: count }, (_, row) => {
      const label = rowName(model, count, row),
        tr = element("tr", {}, element("th", { scope: "row", textContent: label }));
      for (const { name, at, columns } of tensors) {
        for (let k = 0; k < columns; k++) {
          tr.append(element("td", {}, weightInput(inputs, act, at + row * columns + k, `${name}, ${label}, ${k}`)));
        }
      }
      return tr;
    });
    return element("table", { className: "weights" }, element("thead", {}, head), element("tbody", {}, ...body));
  });
  place.replaceChildren(...tables);
  return inputs;
}

function rowName(model, count, row) {
  const { affine, hidden_size, outputs } = model,
    unit = row % hidden_size;
  if (
    count === affine.length * hidden_size && count !== outputs.length ||
    (count === hidden_size * affine.length && affine.length > 1)
  ) {
    const gate = affine[Math.floor(row / hidden_size)];
    return hidden_size > 1 ? `${gate} ${unit}` : gate;
  }
  return outputs.length === count ? `“${outputs[row]}”` : `unit ${row}`;
}

function weightInput(inputs, act, position, label) {
  const input = element("input", { type: "number", step: "0.05", inputMode: "decimal" });
  input.setAttribute("aria-label", label);
  input.addEventListener("input", () => {
    const weight = Number(input.value);
    if (input.value === "" || !Number.isFinite(weight)) return;
    act(position, Math.fround(weight));
  });
  inputs.push({ input, position });
  return input;
}

export function showWeights(inputs, { weights }) {
  for (const { input, position } of inputs) {
    if (document.activeElement !== input) input.value = String(Number(weights[position].toPrecision(5)));
  }
}
