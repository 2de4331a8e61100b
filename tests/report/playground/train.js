// Trains by the page's own scripts: what a page embeds, a folder of scripts, and jobs; gives the networks of each.
const [dataFile, assets, jobsFile] = Deno.args;
const [{ Programs, wordsOf }, { oneMinusPowers, Training }] = await Promise.all(
  ["engine.js", "training.js"].map((name) => import(`file://${assets}/${name}`)),
);
const data = JSON.parse(Deno.readTextFileSync(dataFile));
const programs = new Programs(data.programs);
const bits = (floats) => [...new Uint32Array(Float32Array.from(floats).buffer)];

async function trained({ index, updates, runs, loss, clip, ...settings }) {
  const model = data.models[index],
    words = await wordsOf(data.words[model.language.name], model.row);
  const training = await Training.create(programs, data.philox, model, words, {
    seed: 0,
    initialisation: "pytorch",
    program: model.variants.find((variant) => variant.loss === loss && variant.clip === clip).program,
    rate: model.rate,
    slope: 1,
    ...settings,
    course: settings.course ? model.course : null,
  });
  training.add(runs.map((run, index) => ({ index, run })));
  for (const until of [7, updates / 2, updates]) training.to(until); // in three steps, as a page shows them
  const networks = training.snapshot(training.validation, true);
  networks.sort((a, b) => a.index - b.index);
  return networks.map(({ weights, right, failures, attempt = 0 }) => ({
    weights: bits(weights),
    right,
    failures,
    attempt,
  }));
}

const found = [];
for (const job of JSON.parse(Deno.readTextFileSync(jobsFile))) found.push(await trained(job));
const roots = bits(oneMinusPowers(0.999).map((one) => 1 / Math.sqrt(one)));
console.log(JSON.stringify({ found, roots }));
