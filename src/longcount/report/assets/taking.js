// What can be asked of networks and taken away: a search for failures, a file, a link, a comparison with the engine.
import { byId, data } from "./choices.js";
import { element } from "./elements.js";
import { capital } from "./inside.js";
import { linkOf, safetensors } from "./keeping.js";
import { writtenParts } from "./languages.js";
import { count, nameOf } from "./tables.js";

function tell(text, kind = "") {
  byId("told").className = `told ${kind}`;
  byId("told").textContent = text;
}

// The word, as its parts, on which a network fails first among those that are searched; null where there is none.
export async function bound(session, model, network) {
  const index = data.models.indexOf(model),
    name = capital(nameOf(session, network)),
    { family } = model;
  tell("Searching …");
  const { found, tokens } = await session.beside("search", { index, weights: network.weights, family });
  const searched = `${count(family.length)} words, ${count(tokens)} letters in all, were searched`;
  if (!found) {
    tell(`${name} is right on all of them: ${searched}. That proves nothing about other words.`, "good");
    return null;
  }
  const place = `letter ${count(found.at)} of ${writtenParts(family[found.word])}`,
    rest = "and it fails on none of them sooner. Other words may break it sooner still.";
  tell(`${name} is first wrong at ${place}: ${searched}, ${rest}`, "bad");
  return family[found.word];
}

export function saveNetwork(model, { weights }) {
  const url = URL.createObjectURL(new Blob([safetensors(model, weights)])),
    name = `${model.cell}.safetensors`;
  element("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
  tell(`${name}: “longcount import” takes it; see the commands below.`);
}

export async function copyLink({ settings, updates, events }) {
  history.replaceState(null, "", `#${linkOf(settings, updates, events)}`);
  const what = "it trains these networks again, to this very state.";
  try {
    await navigator.clipboard.writeText(location.href);
    tell(`The link is copied: ${what}`);
  } catch {
    tell(`The link stands in the address bar: ${what}`);
  }
}

// Every network of the page after a few updates, beside what the engine made of it when the page was written.
export async function checked(session) {
  const cells = [];
  for (const [index, one] of data.models.entries()) {
    const networks = await session.beside("check", { index, updates: data.checked });
    const bytes = await crypto.subtle.digest("SHA-256", await new Blob(networks).arrayBuffer());
    const hash = Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
    cells.push({ cell: one.cell, language: one.language.name, units: one.hidden_size, equal: hash === one.check });
  }
  return { equal: cells.every(({ equal }) => equal), cells };
}

export async function checkBrowser(session) {
  byId("checked").textContent = "Training …";
  const { equal, cells } = await checked(session);
  const same = cells.filter((one) => one.equal).length,
    end = equal ? "." : " only!";
  byId("checked").textContent = `${same} of ${cells.length} networks: the same bits as the program's own${end}`;
}
