// What is chosen on the page: the network, and how it is trained.
export const byId = (id) => document.getElementById(id);
export const data = JSON.parse(byId("data").textContent);
const TITLES = {
  mse: "squared error",
  bce: "cross-entropy",
  pytorch: "random weights",
  identity: "recurrent weights 1",
  signs: "signs of a counter",
  counter: "nearly a counter",
};
export const control = Object.fromEntries(
  ["cell", "language", "units", "networks", "team", "loss", "clip", "initialisation", "rate", "seed", "slope", "pace"]
    .map((name) => [name, byId(name)]),
);
export const fill = (select, entries) => {
  const before = select.value;
  select.replaceChildren(...entries.map(([value, text]) => new Option(text, value)));
  if (entries.some(([value]) => String(value) === before)) select.value = before;
};
export const distinct = (values) => [...new Set(values)];

export let model; // of the cell, language and units chosen

export function modelChosen() {
  const of = (wanted) =>
    data.models.filter((one) => Object.entries(wanted).every(([name, value]) => one[name] === value));
  const cell = control.cell.value;
  fill(
    control.language,
    distinct(of({ cell }).map((one) => one.language.name)).map((name) => [name, languageTitle(name)]),
  );
  const named = of({ cell }).filter((one) => one.language.name === control.language.value);
  fill(control.units, named.map((one) => [one.hidden_size, one.hidden_size]));
  model = named.find((one) => one.hidden_size === Number(control.units.value));
  fill(control.loss, distinct(model.variants.map(({ loss }) => loss)).map((loss) => [loss, TITLES[loss] ?? loss]));
  const clips = distinct(model.variants.map(({ clip }) => clip));
  fill(control.clip, clips.map((clip) => [clip, clip === null ? "as it is" : `norm at most ${clip}`]));
  fill(control.initialisation, Object.keys(model.starts).map((name) => [name, TITLES[name]]));
  if (!model.course) control.team.value = "protocol";
  for (const option of control.team.options) option.disabled = option.value !== "protocol" && !model.course;
}

const languageTitle = (name) => {
  const { letters } = data.models.find((one) => one.language.name === name).language;
  return `${name.replaceAll("_", " ")}: ${[...letters].join(" ")}`;
};

export function settingsChosen() {
  return {
    cell: model.cell,
    language: model.language.name,
    units: model.hidden_size,
    networks: Math.round(Math.min(64, Math.max(1, Number(control.networks.value) || 1))),
    team: control.team.value,
    loss: control.loss.value,
    clip: control.clip.value === "null" ? null : Number(control.clip.value),
    initialisation: control.initialisation.value,
    rate: rateChosen(),
    slope: 2 ** Number(control.slope.value),
    seed: Math.max(0, Math.round(Number(control.seed.value)) || 0),
  };
}

export const rateChosen =
  () => (Number(control.rate.value) > 0 ? Math.min(Number(control.rate.value), 10) : model.rate);

export function show(settings) {
  control.cell.value = settings.cell;
  modelChosen();
  for (const [name, value] of [["language", settings.language], ["units", settings.units]]) {
    control[name].value = value;
    modelChosen();
  }
  for (const name of ["networks", "team", "loss", "clip", "initialisation", "rate", "seed"]) {
    control[name].value = String(settings[name]);
  }
  control.slope.value = Math.log2(settings.slope);
  tellSlope();
}

export function tellSlope() {
  const slope = 2 ** Number(control.slope.value);
  byId("slope-told").textContent = slope < 10 ? slope.toFixed(2).replace(/\.?0+$/, "") : slope.toFixed(0);
}
