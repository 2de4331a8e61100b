// The engine in the page: its own programs, compiled to WebAssembly, on a memory that they share. No arithmetic of a
// network is written here. Everything that a program reads or writes is an array of the engine's, laid out as in Python.
const STACK = 1 << 16; // bytes below which programs keep what their registers do not hold
export const CHUNK = 32; // tokens a row of packed words
export const UNSUPPORTED = "This browser lacks WebAssembly’s vectors (SIMD), by which the page computes; any browser " +
  "since 2023 has them.";

// Bytes that were deflated and written in base 64, as an array of a kind of numbers.
export async function inflated(text, Kind) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Kind(await new Response(stream).arrayBuffer());
}

// A memory in which arrays are given room one after another; its own are found again after it has grown.
export class Memory {
  constructor() {
    this.memory = new WebAssembly.Memory({ initial: 4 });
    this.stack = new WebAssembly.Global({ value: "i32", mutable: true }, STACK);
    this.end = STACK;
  }

  room(Kind, length) {
    const at = this.end,
      { memory } = this;
    this.end = Math.ceil((at + Math.max(length, 1) * Kind.BYTES_PER_ELEMENT) / 64) * 64;
    const lacking = this.end - memory.buffer.byteLength;
    if (lacking > 0) memory.grow(Math.ceil(lacking / 65536));
    return {
      at,
      get values() {
        return new Kind(memory.buffer, at, length);
      },
      from: (index) => ({ at: at + index * Kind.BYTES_PER_ELEMENT }),
    };
  }

  copy(array) {
    const room = this.room(array.constructor, array.length);
    room.values.set(array);
    return room;
  }

  // A program ready to be called with its arguments by name: arrays of this memory, and numbers for indices.
  async program({ name, arguments: declared, module }) {
    const env = { __linear_memory: this.memory, __stack_pointer: this.stack };
    const { exports } = await WebAssembly.instantiate(module, { env });
    return (given) =>
      exports[name](...declared.map(([its, kind]) => (kind === "index" ? BigInt(given[its]) : given[its].at)));
  }
}

// Programs as they are written in the page, compiled when they are first asked for.
export class Programs {
  constructor(written) {
    this.written = written;
    this.compiled = new Map();
  }

  // Whether this browser can run them: the last, as every program of a network, has vectors.
  async areSupported() {
    const { code } = this.written.at(-1);
    return Boolean(globalThis.WebAssembly?.validate(await inflated(code, Uint8Array)));
  }

  get(index) {
    if (!this.compiled.has(index)) this.compiled.set(index, this.compile(this.written[index]));
    return this.compiled.get(index);
  }

  async compile({ name, arguments: declared, code }) {
    return { name, arguments: declared, module: await WebAssembly.compile(await inflated(code, Uint8Array)) };
  }
}

// Words as the lanes read them: 32 tokens in the bits of a few integers, beside the targets' bits. A symbol is a token's
// letter, and above its bits those of its targets. One more word, of length 0, serves idle lanes.
export function packed({ lengths, symbols }, row) {
  const starts = new Int32Array(lengths.length + 2);
  lengths.forEach((length, word) => (starts[word + 1] = starts[word] + Math.ceil(length / CHUNK)));
  starts[lengths.length + 1] = starts[lengths.length];
  const rows = new Int32Array((starts[lengths.length] + 1) * row);
  let token = 0;
  lengths.forEach((length, word) => {
    for (let at = 0; at < length; at++, token++) {
      const base = (starts[word] + (at >> 5)) * row;
      for (let bit = 0; bit < row; bit++) rows[base + bit] |= ((symbols[token] >> bit) & 1) << (at & 31);
    }
  });
  return {
    rows,
    starts,
    lengths: Int32Array.from([...lengths, 0]),
    longest: lengths.reduce((a, b) => Math.max(a, b), 0),
  };
}

// The same in a memory, under the names that programs have for it.
export function wordsIn(memory, words) {
  return {
    rows: memory.copy(words.rows),
    starts: memory.copy(words.starts),
    lengths: memory.copy(words.lengths),
    longest: words.longest,
    count: words.lengths.length - 1,
  };
}

// Loss and first point of failure of networks, one in each lane, on the same words.
export class Evaluator {
  static async create(programs, memory, model, index, lanes) {
    const evaluator = new Evaluator();
    Object.assign(evaluator, { memory, lanes, call: await memory.program(await programs.get(index)) });
    evaluator.parameters = memory.room(Float32Array, model.size * lanes);
    evaluator.token_rows = memory.room(Int32Array, model.row * lanes);
    evaluator.rooms = new Map();
    return evaluator;
  }

  // Each lane its own word: `words[group * lanes + lane]`; or, without, every word in all lanes.
  run(parameters, words, groups = null) {
    const { lanes, memory } = this,
      count = groups ? groups.length / lanes : words.count;
    if (!this.rooms.has(words)) {
      this.rooms.set(words, {
        groups: memory.room(Int32Array, count * lanes),
        losses: memory.room(Float64Array, count * lanes),
        failures: memory.room(Int32Array, count * lanes),
      });
    }
    const rooms = this.rooms.get(words);
    rooms.groups.values.set(groups ?? Int32Array.from({ length: count * lanes }, (_, k) => Math.floor(k / lanes)));
    this.parameters.values.set(parameters);
    this.call({ ...this, ...words, ...rooms, group_count: count });
    return { losses: rooms.losses.values, failures: rooms.failures.values, count };
  }
}

// What happens inside one network on a word.
export class Tracer {
  static async create(programs, model) {
    const tracer = new Tracer();
    tracer.memory = new Memory();
    tracer.call = await tracer.memory.program(await programs.get(model.programs.trace));
    tracer.model = model;
    tracer.parameters = tracer.memory.room(Float32Array, model.size);
    tracer.longest = 0;
    return tracer;
  }

  // Numbers of every token, one after another: states, gates, outputs. They stay until the next word.
  run(parameters, tokens) {
    const { states, gates, outputs } = this.model,
      width = states.length + gates.length + outputs.length;
    if (tokens.length > this.longest) {
      this.longest = 2 * tokens.length;
      this.tokens = this.memory.room(Int32Array, this.longest);
      this.numbers = this.memory.room(Float32Array, this.longest * width);
    }
    this.parameters.values.set(parameters);
    this.tokens.values.set(tokens);
    this.call({ ...this, length: tokens.length });
    return { width, values: this.numbers.values };
  }
}

// The splits of a language, as the page has them written.
export async function wordsOf(written, row) {
  const found = {};
  for (const [split, { lengths, symbols }] of Object.entries(written)) {
    const tokens = await inflated(symbols, row <= 8 ? Uint8Array : Uint32Array);
    found[split] = packed({ lengths: await inflated(lengths, Uint16Array), symbols: tokens }, row);
  }
  return found;
}
