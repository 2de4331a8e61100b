// Charts that move: lines on a canvas, redrawn with every look at the networks.
const MARGIN = { left: 46, right: 10, top: 8, bottom: 34 };
const HUES = [212, 28, 152, 284, 340, 48, 190, 96, 256, 8, 128, 312];

// A colour for each network; in a race, one for each team.
export function colourOf(network, race, dark) {
  const hue = race ? (network.team === "recipe" ? 152 : 28) : HUES[network.run % HUES.length];
  return `hsl(${hue} ${dark ? 75 : 70}% ${dark ? 66 : 38}%)`;
}

export const isDark = () => matchMedia("(prefers-color-scheme: dark)").matches;

export class Chart {
  constructor(element, height, margin = {}) {
    Object.assign(this, {
      element,
      height,
      margin: { ...MARGIN, ...margin },
      canvas: document.createElement("canvas"),
    });
    element.append(this.canvas);
    this.pen = this.canvas.getContext("2d");
  }

  // Clear, and draw axes: {min, max, log, ticks: [[value, text], ...], title}.
  begin(x, y) {
    const { canvas, pen, element, height } = this,
      width = element.clientWidth,
      ratio = devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      canvas.style.height = `${height}px`;
    }
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    const style = getComputedStyle(element);
    this.ink = style.getPropertyValue("--ink");
    this.quiet = style.getPropertyValue("--quiet");
    this.grid = style.getPropertyValue("--grid");
    this.red = style.getPropertyValue("--red");
    const { left, right, top, bottom } = this.margin;
    this.x = scale(x, left, width - right);
    this.y = scale(y, height - bottom, top);
    this.axes(x, y, width);
  }

  axes(x, y, width) {
    const { pen, height } = this,
      { left, right, top, bottom } = this.margin;
    pen.font = "12px system-ui, sans-serif";
    pen.lineWidth = 1;
    pen.strokeStyle = this.grid;
    pen.fillStyle = this.quiet;
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    for (const [value, text] of y.ticks) {
      const at = Math.round(this.y(value)) + 0.5;
      pen.beginPath();
      pen.moveTo(left, at);
      pen.lineTo(width - right, at);
      pen.stroke();
      pen.fillText(text, left - 6, at);
    }
    pen.textAlign = "center";
    pen.textBaseline = "top";
    for (const [value, text] of x.ticks) pen.fillText(text, this.x(value), height - bottom + 4);
    pen.textAlign = "right";
    if (x.title) pen.fillText(x.title, width - right, height - 14);
    pen.textAlign = "left";
    if (y.title) {
      pen.fillStyle = this.quiet;
      pen.fillText(y.title, left + 4, top);
    }
  }

  // Draw within the axes.
  within(paint) {
    const { pen, element, height } = this,
      { left, right, top, bottom } = this.margin;
    pen.save();
    pen.beginPath();
    pen.rect(left - 1, top - 2, element.clientWidth - left - right + 2, height - top - bottom + 4);
    pen.clip();
    paint(pen);
    pen.restore();
  }

  // Of more points than there are pixels: what each pixel's lie between, {xs, lows, highs}. Else null. Strokes that go up
  // and down within a pixel take a hundred times as long to draw as what they fill.
  envelope(xs, ys) {
    const { left, right } = this.margin,
      apart = Math.ceil(xs.length / Math.max(1, this.element.clientWidth - left - right));
    if (apart < 2) return null;
    const found = { xs: [], lows: [], highs: [] };
    for (let from = 0; from < xs.length; from += apart) {
      const to = Math.min(from + apart, xs.length);
      let [low, high] = [Infinity, -Infinity];
      for (let k = from; k < to; k++) {
        if (ys[k] < low) low = ys[k];
        if (ys[k] > high) high = ys[k];
      }
      found.xs.push((xs[from] + xs[to - 1]) / 2);
      found.lows.push(low);
      found.highs.push(high);
    }
    return found;
  }

  // A way along upper points and back along lower ones, in pixels.
  around(xs, tops, bottoms) {
    const { pen } = this;
    pen.beginPath();
    for (let k = 0; k < xs.length; k++) pen.lineTo(this.x(xs[k]), tops[k]);
    for (let k = xs.length - 1; k >= 0; k--) pen.lineTo(this.x(xs[k]), bottoms[k]);
  }

  line(xs, ys, colour, width = 1.5, alpha = 1, dashes = []) {
    const many = this.envelope(xs, ys);
    this.within((pen) => {
      pen.globalAlpha = alpha;
      if (many) {
        const edge = (values, by) => values.map((value) => this.y(value) + by);
        pen.fillStyle = colour;
        this.around(many.xs, edge(many.highs, -width / 2), edge(many.lows, width / 2));
        pen.fill();
        return;
      }
      pen.strokeStyle = colour;
      pen.lineWidth = width;
      pen.lineJoin = "round";
      pen.setLineDash(dashes);
      pen.beginPath();
      for (let k = 0; k < xs.length; k++) pen.lineTo(this.x(xs[k]), this.y(ys[k]));
      pen.stroke();
    });
  }

  // What lies between two lines, filled; nothing where there is none.
  band(xs, lows, highs, colour) {
    const edge = (values) => values.map((value) => this.y(Number.isFinite(value) ? value : 0)),
      above = this.envelope(xs, highs),
      below = this.envelope(xs, lows);
    this.within((pen) => {
      pen.globalAlpha = 0.16;
      pen.fillStyle = colour;
      this.around(above?.xs ?? xs, edge(above?.highs ?? highs), edge(below?.lows ?? lows));
      pen.fill();
    });
  }

  // What is under a line of steps that begins at `start`, filled.
  mountain(heights, base = 0, start = 0) {
    const many = this.envelope(Array.from(heights, (_, k) => start + k + 0.5), heights);
    this.within((pen) => {
      pen.fillStyle = this.grid;
      if (many) {
        this.around(many.xs, many.highs.map(this.y), many.xs.map(() => this.y(base)));
        pen.fill();
        return;
      }
      pen.strokeStyle = this.quiet;
      pen.lineWidth = 1;
      pen.beginPath();
      pen.moveTo(this.x(start), this.y(base));
      heights.forEach((height, k) => {
        pen.lineTo(this.x(start + k), this.y(height));
        pen.lineTo(this.x(start + k + 1), this.y(height));
      });
      pen.lineTo(this.x(start + heights.length), this.y(base));
      pen.fill();
      pen.stroke();
    });
  }

  dot(x, y, colour, radius = 4) {
    const { pen } = this;
    pen.fillStyle = colour;
    pen.beginPath();
    pen.arc(this.x(x), this.y(y), radius, 0, 7);
    pen.fill();
  }

  text(x, y, text, colour = this.ink, align = "center") {
    const { pen } = this;
    pen.fillStyle = colour;
    pen.textAlign = align;
    pen.textBaseline = "top";
    pen.fillText(text, x, y);
  }
}

function scale({ min, max, log, around }, from, to) {
  if (around) {
    // linear near 0, a logarithm beyond
    const bent = (value) => Math.sign(value) * Math.log1p(Math.abs(value) / around),
      [low, high] = [bent(min), bent(max)];
    return (value) => from + ((bent(value) - low) / (high - low)) * (to - from);
  }
  if (!log) return (value) => from + ((value - min) / (max - min)) * (to - from);
  const [low, high] = [Math.log(min), Math.log(max)];
  return (value) => from + ((Math.log(Math.max(value, min)) - low) / (high - low)) * (to - from);
}

const LIFTED = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };
export const power = (
  exponent,
) => (exponent === 0 ? "1" : `10${[...String(exponent)].map((sign) => LIFTED[sign]).join("")}`);

// An axis of powers of ten, from the greatest at or below the least value to the least at or above the greatest.
export function decades(least, greatest, title) {
  const from = Math.floor(Math.log10(least)),
    to = Math.max(from + 1, Math.ceil(Math.log10(greatest))),
    every = Math.ceil((to - from) / 5);
  const ticks = [];
  for (let exponent = to; exponent >= from; exponent -= every) ticks.push([10 ** exponent, power(exponent)]);
  return { min: 10 ** from, max: 10 ** to, log: true, ticks, title };
}

// An axis of words read, in powers of ten.
export function wordsAxis(updates, perEpoch) {
  const max = Math.max(1000, updates),
    ticks = [];
  for (let count = 10; count <= max; count *= 10) ticks.push([count, count.toLocaleString("en")]);
  const title = `words read (an epoch: ${perEpoch.toLocaleString("en")})`;
  return { min: 10, max, log: true, ticks: innerWidth < 600 ? ticks.filter((_, k) => k % 2 === 0) : ticks, title };
}

// The straight line by which `xs` tell `ys` best (least squares), and the share of their variance that it explains.
export function fitted(ys, xs) {
  const n = xs.length;
  let [x, y, xx, xy, yy] = [0, 0, 0, 0, 0];
  for (let k = 0; k < n; k++) {
    x += xs[k];
    y += ys[k];
    xx += xs[k] * xs[k];
    xy += xs[k] * ys[k];
    yy += ys[k] * ys[k];
  }
  const [covariance, of_x, of_y] = [xy - (x * y) / n, xx - (x * x) / n, yy - (y * y) / n],
    slope = of_x > 0 ? covariance / of_x : 0;
  return { slope, offset: (y - slope * x) / n, share: of_x > 0 && of_y > 0 ? covariance ** 2 / (of_x * of_y) : 0 };
}
