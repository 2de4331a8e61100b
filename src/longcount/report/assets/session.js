import { Asked } from "./asked.js";

// A training: its networks are spread over workers, which advance together from one number of updates to the next. What
// is done by hand is remembered with that number, so that the same training can be had again, bit for bit.
export class Session {
  constructor(data, source, model, settings) {
    Object.assign(this, { data, model, settings, updates: 0, networks: [], events: [] });
    this.source = source;
    this.perEpoch = null;
  }

  // How each team trains: `names` of teams, in the order of their networks.
  teams() {
    const { model, settings } = this,
      { program } = model.variants.find(({ loss, clip }) => loss === settings.loss && clip === settings.clip);
    const how = (course) => ({
      seed: settings.seed,
      initialisation: settings.initialisation,
      program,
      rate: settings.rate,
      slope: settings.slope,
      course,
    });
    const teams = { protocol: how(null), recipe: how(model.course) };
    return settings.team === "race" ? Object.entries(teams) : [[settings.team, teams[settings.team]]];
  }

  // Start the workers, and look at the networks before training.
  async begin(words) {
    const { settings, data } = this,
      { lanes } = data,
      teams = this.teams(),
      blocks = teams.length * Math.ceil(settings.networks / lanes);
    const count = Math.max(1, Math.min(blocks, navigator.hardwareConcurrency || 2, 8));
    this.workers = Array.from({ length: count }, () => new Asked(this.source));
    this.networks = teams.flatMap(([team], k) =>
      Array.from({ length: settings.networks }, (_, run) => ({ index: k * settings.networks + run, run, team }))
    );
    const index = data.models.indexOf(this.model);
    const begun = this.workers.map(async (worker, place) => {
      await worker.ask("data", data);
      const own = ({ index: number }) => Math.floor(number / lanes) % count === place;
      const parts = teams.map(([team, how]) => ({
        settings: how,
        networks: this.networks.filter((network) => network.team === team && own(network)),
      }));
      return worker.ask("begin", { index, teams: parts, words });
    });
    this.take(await Promise.all(begun));
  }

  async to(updates, validated = false) {
    const answers = await Promise.all(this.workers.map((worker) => worker.ask("to", { updates, validated })));
    this.updates = updates;
    this.take(answers);
  }

  take(answers) {
    for (const found of answers.flat()) {
      const network = this.networks[found.index];
      if (found.loss === null) found.loss = network.loss ?? null;
      if (found.right === null) found.right = network.right ?? null;
      Object.assign(network, found);
    }
  }

  // What is done by hand: {kind: "set", rate or slope} or {kind: "edit", index, position, weight}.
  async act(event, remembered = true) {
    const { kind, ...sent } = event;
    if (remembered) {
      const last = this.events.at(-1);
      const same = last && last.at === this.updates && JSON.stringify(target(last)) === JSON.stringify(target(event));
      if (same) this.events.pop();
      this.events.push({ at: this.updates, ...event });
    }
    await Promise.all(this.workers.map((worker) => worker.ask(kind, sent)));
    await this.to(this.updates, true);
  }

  async look(words) {
    const index = this.data.models.indexOf(this.model);
    await Promise.all(this.workers.map((worker) => worker.ask("look", { index, words })));
    await this.to(this.updates);
  }

  // A worker of its own, so that training goes on meanwhile.
  async beside(kind, sent) {
    this.other ??= (async () => {
      const worker = new Asked(this.source);
      await worker.ask("data", this.data);
      return worker;
    })();
    return (await this.other).ask(kind, sent);
  }

  async end() {
    for (const worker of this.workers ?? []) worker.end();
    (await this.other)?.end();
  }
}

const target = (
  { kind, index, position, rate, slope },
) => [kind, index, position, rate !== undefined, slope !== undefined];
