// What can be taken from figures and tables: texts to the clipboard, a figure's numbers, a figure at a column's width.
const COLUMN = 312; // CSS pixels: the 3.25 inches of a column

export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    // Where the browser allows that only to pages of a server.
    const area = Object.assign(document.createElement("textarea"), { value: text });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

function save(name, kind, text) {
  const url = URL.createObjectURL(new Blob([text], { type: kind }));
  Object.assign(document.createElement("a"), { href: url, download: name }).click();
  URL.revokeObjectURL(url);
}

const quotedField = (value) => {
  const text = value === null || value === undefined ? "" : String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

// The rows that a figure draws, as CSV: its panel, which of the panel's layers, and the fields of the row.
export function figureRows(figure) {
  const rows = PANELS[figure].flat().flatMap((panel, at) => {
    const title = panel.title?.text ?? panel.title ?? at + 1;
    return [panel, ...(panel.layer ?? [])].flatMap(({ data }, layer) =>
      (data?.values ?? []).map((row) => ({ panel: title, layer, ...row }))
    );
  });
  const fields = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  return [fields, ...rows.map((row) => fields.map((field) => row[field]))]
    .map((row) => row.map(quotedField).join(",")).join("\n") + "\n";
}

// A figure for a paper of two columns: its panels one under another.
export async function columnOf(figure) {
  const panels = PANELS[figure].flat().map(({ usermeta: _, ...panel }) => ({ ...panel, width: COLUMN - 80 }));
  const scale = { color: "independent", opacity: "independent", shape: "independent", strokeDash: "independent" };
  const bare = JSON.stringify(panels, (name, value) => (name === "params" ? undefined : value));
  const specification = {
    vconcat: JSON.parse(bare),
    spacing: 14,
    resolve: { scale },
    config: { ...PRINT, background: "white" },
    padding: 4,
  };
  const { view } = await vegaEmbed(document.createElement("div"), specification, { actions: false, renderer: "svg" });
  const svg = await view.toSVG();
  view.finalize();
  return svg;
}

const ACTIONS = {
  text: (name) => copy(TEXTS[name]),
  rows: (figure) => copy(figureRows(figure)),
  column: async (figure) => save(`${figure}_column.svg`, "image/svg+xml", await columnOf(figure)),
};
for (const button of document.querySelectorAll("button[data-take]")) {
  button.addEventListener("click", async () => {
    const [action, name] = button.dataset.take.split(" "),
      before = button.textContent;
    await ACTIONS[action](name);
    button.textContent = action === "column" ? "saved" : "copied";
    setTimeout(() => (button.textContent = before), 1500);
  });
}
