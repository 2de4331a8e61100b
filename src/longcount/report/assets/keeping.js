// What can be taken away: a state as a link, a network as a file, and the same as commands of the program.

// A file of tensors (https://github.com/huggingface/safetensors): a header in JSON, then the numbers.
export function safetensors(model, weights) {
  const header = { __metadata__: { cell: model.cell } };
  let at = 0;
  for (const [name, shape] of model.tensors) {
    const end = at + 4 * shape.reduce((a, b) => a * b, 1);
    header[name] = { dtype: "F32", shape, data_offsets: [at, end] };
    at = end;
  }
  const text = JSON.stringify(header),
    json = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 8) * 8)),
    bytes = new Uint8Array(8 + json.length + at),
    view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  weights.forEach((weight, k) => view.setFloat32(8 + json.length + 4 * k, weight, true));
  return bytes;
}

// The settings, how far training got, and what was done by hand: all of which the state follows from.
export function linkOf(settings, updates, events) {
  const state = { ...settings, updates, events };
  return btoa(JSON.stringify(state)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

// The state of a link, or null where there is none.
export function stateOf(fragment) {
  try {
    const state = JSON.parse(atob(fragment.replace(/^#/, "").replaceAll("-", "+").replaceAll("_", "/")));
    return Number.isInteger(state.updates) && Array.isArray(state.events) ? state : null;
  } catch {
    return null;
  }
}

// The commands that train these networks, and that take a downloaded one.
export function commandsOf(model, settings, epochs) {
  const name = model.reference ?? model.cell,
    asked = [];
  if (model.language.name !== "dyck1") asked.push(`--language ${model.language.name}`);
  const train = [`longcount train ${name}`, `--out networks`, `--runs ${settings.networks}`, `--seed ${settings.seed}`];
  train.push(...asked);
  if (model.hidden_size > 1) train.push(`--units ${model.hidden_size}`);
  if (settings.team === "recipe") train.push("--recipe exact");
  else {
    train.push(`--epochs ${Math.max(1, Math.ceil(epochs))}`, `--learning-rate ${settings.rate}`);
    train.push(`--loss ${settings.loss}`);
    if (settings.clip !== null) train.push(`--set clip_norm=${settings.clip}`);
    if (settings.initialisation !== "pytorch") train.push(`--set initialisation=${settings.initialisation}`);
  }
  if (settings.seed !== 0) train.push("--set words.seed=0");
  const taken = [`longcount import ${model.cell}.safetensors`, "--out taken", `--cell ${name}`, ...asked];
  return `${train.join(" ")}\n${taken.join(" ")}\nlongcount certify taken\n`;
}
