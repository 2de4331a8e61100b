// One selection for the whole page: a network (its model and run), an epoch of it, a word, and what is seen of it. It
// stands in the page's address, so that a link restores it; whoever shows some of it is told of every change.
const KEPT = ["model", "run", "epoch", "word", "at", "from", "to"];

export const selection = {};
const listeners = [];
export const onSelected = (listener) => listeners.push(listener);

// Change some of the selection; `by` tells listeners who did.
export function select(changes, by) {
  Object.assign(selection, changes);
  for (const listener of listeners) listener(selection, by);
  clearTimeout(select.waiting);
  select.waiting = setTimeout(() => {
    history.replaceState(null, "", selection.run === undefined ? "#" : addressOf(selection));
  }, 200);
}

// A word with each letter before how often it stands in a row: "(25)25".
const shortened = (word) => word.replace(/(\D)\1*/g, (row, letter) => `${letter}${row.length > 1 ? row.length : ""}`);
const lengthened = (text) => text.replace(/(\D)(\d*)/g, (_, letter, times) => letter.repeat(times || 1));

function written(values) {
  const known = KEPT.filter((name) => values[name] !== undefined && values[name] !== null);
  return new URLSearchParams(
    known.map((name) => [name, name === "word" && !/\d/.test(values.word) ? shortened(values.word) : values[name]]),
  );
}

// What an address selects; null where it is that of a section.
export function fromAddress(hash) {
  if (!hash.startsWith("#model=")) return null;
  const found = Object.fromEntries(new URLSearchParams(hash.slice(1)));
  const LONGEST_WRITTEN = 1e6;
  const total = [...(found.word ?? "").matchAll(/\d+/g)].reduce((sum, [times]) => sum + Number(times), 0);
  if (found.word) found.word = total < LONGEST_WRITTEN ? lengthened(found.word) : "";
  if (/^\d+$/.test(found.run)) found.run = Number(found.run); // an exact network has its kind there
  for (const name of ["epoch", "at", "from", "to"]) {
    if (name in found) found[name] = Math.max(0, Math.round(Number(found[name]))) || 0;
  }
  return found;
}

export const addressOf = (values) => `#${written(values)}`;
