// Which outputs of a network are wrong after a token.
export const saysYes = (
  model,
  value,
) => (model.link === "sigmoid" ? value >= model.threshold : value > model.threshold);
export const wrongOutputs = (model, { outputs }, at) =>
  [...outputs.keys()].filter((k) => saysYes(model, outputs[k].values[at]) !== (outputs[k].right[at] === 1));
