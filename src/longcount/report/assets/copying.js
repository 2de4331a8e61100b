// What can be taken from figures and tables to the clipboard: texts, and a figure's numbers.

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

const ACTIONS = {
  text: (name) => copy(TEXTS[name]),
  rows: (figure) => copy(figureRows(figure)),
};
for (const button of document.querySelectorAll("button[data-take]")) {
  button.addEventListener("click", async () => {
    const [action, name] = button.dataset.take.split(" "),
      before = button.textContent;
    await ACTIONS[action](name);
    button.textContent = "copied";
    setTimeout(() => (button.textContent = before), 1500);
  });
}
