// A network beside exact ones of its cell, on the same word: where each fails, what is known of it, and its program.
import { element } from "./elements.js";
import { writtenParts } from "./languages.js";

const whole = (number) => number.toLocaleString("en");

// What was found of a network among the words that are searched for its failures.
export const toldOfWitness = ({ at, parts, words }) =>
  at === null
    ? `right on all ${whole(words)} words searched; nothing is proved`
    : `not exact: fails at token ${whole(at)} of ${writtenParts(parts)}`;

// As rows of a table; `choose` is called with the kind of an exact network that is to be looked into.
export function showBeside(table, found, length, choose) {
  const rows = found.map(({ kind, title, verdict, witness, reason, program, first_failure: at }) => {
    const name = element("th", { scope: "row" }, title);
    if (kind !== "trained") {
      const look = element("button", { type: "button", textContent: `Look into the ${kind} one` });
      look.addEventListener("click", () => choose(kind));
      name.append(" ", look);
    }
    const here = at < length ? `fails at token ${whole(at)}` : `right at all ${whole(length)}`;
    const texts = [here, witness ? toldOfWitness(witness) : verdict, reason];
    const as = program ? element("pre", { textContent: program }) : "none is known";
    return element("tr", {}, name, ...texts.map((text) => element("td", { textContent: text })), element("td", {}, as));
  });
  table.tBodies[0].replaceChildren(...rows);
  table.closest(".side").hidden = !rows.length;
}
