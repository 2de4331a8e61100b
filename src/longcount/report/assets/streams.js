// The program's random streams: NumPy's SeedSequence here, its Philox as a program of the engine.
const [INITIAL_WEIGHTS, ORDER] = [0, 1];

// The key of a stream, as numpy.random.SeedSequence(seed, spawn_key=key).generate_state(4) gives it.
function streamKey(seed, key) {
  const entropy = [seed >>> 0, Math.floor(seed / 2 ** 32), 0, 0, ...key];
  let constant = 0x43b0d7e5;
  const hashed = (value) => {
    value ^= constant;
    constant = Math.imul(constant, 0x931e8875);
    value = Math.imul(value, constant);
    return value ^ (value >>> 16);
  };
  const mixed = (x, y) => {
    const result = Math.imul(0xca01f9dd, x) - Math.imul(0x4973f715, y);
    return result ^ (result >>> 16);
  };
  const pool = entropy.slice(0, 4).map(hashed);
  for (let from = 0; from < entropy.length; from++) {
    for (let to = 0; to < 4; to++) {
      if (from !== to) pool[to] = mixed(pool[to], hashed(from < 4 ? pool[from] : entropy[from]));
    }
  }
  constant = 0x8b51f9dd;
  return Uint32Array.from(pool, (value) => {
    value ^= constant;
    constant = Math.imul(constant, 0x58f38ded);
    value = Math.imul(value, constant);
    return (value ^ (value >>> 16)) >>> 0;
  });
}

export class Streams {
  static async create(programs, index, memory) {
    const streams = new Streams();
    streams.memory = memory;
    streams.call = await memory.program(await programs.get(index));
    streams.key = memory.room(Uint32Array, 4);
    streams.most = 0;
    return streams;
  }

  // The first words of a stream, 64 bits each, as two halves of 32, the lower first.
  raw(count, seed, name, run, purpose, epoch) {
    const blocks = Math.ceil(count / 4);
    if (blocks > this.most) {
      this.most = blocks;
      this.words = this.memory.room(Uint32Array, blocks * 8);
    }
    this.key.values.set(streamKey(seed, [...name, run, purpose, epoch]));
    this.call({ ...this, blocks });
    return this.words.values.subarray(0, count * 2);
  }

  // Uniform numbers in [-1, 1) from which a run's weights start.
  draws(size, seed, name, run, attempt) {
    const raw = this.raw(size, seed, name, run, INITIAL_WEIGHTS, attempt);
    return Float32Array.from({ length: size }, (_, k) => (raw[2 * k + 1] >>> 8) * 2 ** -23 - 1);
  }

  // The order in which a run reads its words in an epoch: that of 32-bit keys, equal ones by their place.
  order(count, seed, name, run, epoch) {
    const keys = this.raw(Math.ceil(count / 2), seed, name, run, ORDER, epoch);
    let order = Uint32Array.from({ length: count }, (_, place) => place);
    for (const shift of [0, 16]) {
      const places = new Uint32Array(65537),
        sorted = new Uint32Array(count);
      for (let k = 0; k < count; k++) places[((keys[k] >>> shift) & 0xffff) + 1]++;
      for (let k = 0; k < 65536; k++) places[k + 1] += places[k];
      for (const place of order) sorted[places[(keys[place] >>> shift) & 0xffff]++] = place;
      order = sorted;
    }
    return order;
  }
}
