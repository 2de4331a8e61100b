// How languages are read, letter by letter: where they start, what follows a letter (null: no word continues like this),
// which letters may come next and last whether the word may end, which of them the next-letters task asks for, counters.
const READERS = {
  machine({ letters, start: [state, counts], rules, ends, expected }) {
    const holds = (signs, now) => now.every((count, k) => signs[k] === "*" || (signs[k] === "+") === count > 0);
    const cases = new Map(); // a state, and which counters are above zero, decide
    const caseOf = (at) => {
      const key = `${at.counts.map((count) => (count > 0 ? "+" : "0")).join("")} ${at.state}`;
      if (!cases.has(key)) {
        const rule = new Map();
        for (const [from, its, signs, next, steps] of rules) {
          if (from === at.state && holds(signs, at.counts)) {
            for (const letter of its) rule.set(letter, { next, steps });
          }
        }
        const allowed = [...letters].map((letter) => rule.has(letter));
        const other = expected.findLast(([from, signs]) => from === at.state && holds(signs, at.counts));
        const ending = ends.some(([from, signs]) => from === at.state && holds(signs, at.counts));
        cases.set(key, {
          rule,
          allowed: [...allowed, ending],
          asked: other ? [...letters].map((letter) => other[2].includes(letter)) : allowed,
        });
      }
      return cases.get(key);
    };
    return {
      start: { state, counts },
      step(at, letter) {
        const rule = caseOf(at).rule.get(letter);
        return rule ? { state: rule.next, counts: at.counts.map((count, k) => count + rule.steps[k]) } : null;
      },
      allowed: (at) => caseOf(at).allowed,
      asked: (at) => caseOf(at).asked,
      counts: (at) => at.counts,
    };
  },
  stack({ letters }) {
    // the state is the string of open brackets
    const may = (open) => [...letters].map((_, k) => k % 2 === 0 || open.at(-1) === letters[k - 1]);
    return {
      start: "",
      step(open, letter) {
        const token = letters.indexOf(letter);
        return !may(open)[token] ? null : token % 2 === 0 ? open + letter : open.slice(0, -1);
      },
      allowed: (open) => [...may(open), open === ""],
      asked: may,
      counts: (open) => [open.length],
    };
  },
};

// What a language says after every letter of a word, and where the word leaves the language (null: nowhere).
export function read(language, word) {
  const reader = READERS[language.kind](language),
    found = { counts: [], allowed: [], asked: [], outside: null };
  const none = Array(language.letters.length + 1).fill(false);
  let at = reader.start,
    counts = reader.counts(at);
  for (let token = 0; token < word.length; token++) {
    at = at === null ? null : reader.step(at, word[token]);
    if (at === null) found.outside ??= token;
    else counts = reader.counts(at);
    found.counts.push(counts);
    found.allowed.push(at === null ? none : reader.allowed(at));
    found.asked.push(at === null ? none.slice(1) : reader.asked(at));
  }
  return found;
}

// What is right after every token, by output; null where the page does not know.
export const RIGHT = {
  next_letters: ({ asked, allowed }, language) =>
    asked.map((letters, token) => (language.end ? [...letters, allowed[token].at(-1)] : letters)),
  predict: ({ allowed }) => allowed,
  recognise: ({ allowed }) => allowed.map((may) => [may.at(-1)]),
};

export const tokensOf = (language, word) => Int32Array.from(word, (letter) => language.letters.indexOf(letter));

// Words as symbols (see `packed`), of a task whose targets are the right answers. None may leave the language.
export function symbolsOf(language, words, letterBits) {
  const symbols = [];
  for (const word of words) {
    const right = RIGHT.next_letters(read(language, word), language);
    tokensOf(language, word).forEach((token, at) => {
      symbols.push(right[at].reduce((symbol, yes, k) => symbol | (Number(yes) << (letterBits + k)), token));
    });
  }
  return { lengths: words.map((word) => word.length), symbols };
}

// A word of parts, each so many times.
export const wordOfParts = (parts) => parts.map(([text, times]) => text.repeat(times)).join("");

// The same in a line, as one period where the word is made of equal ones.
export function writtenParts(parts) {
  const isPeriod = (width) =>
    parts.every(([text, times], k) => text === parts[k % width][0] && times === parts[k % width][1]);
  const period = parts.findIndex((_, k) => parts.length % (k + 1) === 0 && isPeriod(k + 1)) + 1,
    repeated = parts.length / period,
    shown = parts.slice(0, Math.min(period, 6));
  const times = (text, number) => (number === 1 ? `“${text}”` : `“${text}” × ${number.toLocaleString("en")}`);
  if (repeated > 1 && shown.every(([, number]) => number === 1)) {
    return times(shown.map(([text]) => text).join(""), repeated);
  }
  const told = shown.map(([text, number]) => times(text, number)).join(", ") + (period > 6 ? ", and so on" : "");
  return repeated > 1 ? `${told}, all ${repeated.toLocaleString("en")} times` : told;
}
