// Figures by keyboard: Left and Right go through a panel's marks by x, Up and Down by y, Page Up and Page Down through the
// panels of a figure. What hovering shows is shown, and said; Enter chooses as a click does.
import { marks } from "./page.js";

const viewOf = new WeakMap(); // by panel
const chosenMarks = new WeakMap();
document.addEventListener("drawn", ({ target, detail: view }) => viewOf.set(target, view));

// The marks with something to tell and where they are: each point and bar, and of a line the whole.
function stops(view) {
  return [...marks(view.scenegraph().root)]
    .filter(({ tooltip, _svg }) => tooltip && _svg?.isConnected)
    .map((item) => {
      const { left, top, width, height } = item._svg.getBoundingClientRect();
      return { item, x: left + width / 2, y: top + height / 2 };
    });
}

function leave(panel) {
  const item = chosenMarks.get(panel),
    view = viewOf.get(panel);
  item?._svg?.classList.remove("at");
  if (item) view.tooltip()(view, new MouseEvent("mouseout"), item, null);
}

function arrive(panel, { item, x, y }) {
  leave(panel);
  chosenMarks.set(panel, item);
  item._svg.classList.add("at");
  const view = viewOf.get(panel);
  view.tooltip()(view, new MouseEvent("mousemove", { clientX: x, clientY: y }), item, item.tooltip);
  const told = typeof item.tooltip === "object" ? Object.entries(item.tooltip) : [[item.tooltip]];
  document.getElementById("mark-told").textContent = told.map((pair) => pair.join(" ")).join(", ");
}

function goTo(panel, by, direction) {
  panel.scrollIntoView({ block: "nearest", behavior: "instant" });
  const other = by === "x" ? "y" : "x",
    found = stops(viewOf.get(panel)).sort((a, b) => a[by] - b[by] || a[other] - b[other]);
  if (!found.length) return;
  const at = found.findIndex(({ item }) => item === chosenMarks.get(panel)),
    next = at < 0 ? (direction > 0 ? 0 : found.length - 1) : at + direction;
  arrive(panel, found[Math.max(0, Math.min(found.length - 1, next))]);
}

function goToPanel(panel, direction) {
  const all = [...panel.closest("figure").querySelectorAll(".panel")],
    next = all[all.indexOf(panel) + direction];
  if (!next) return;
  panel.tabIndex = -1; // a figure is one stop of the Tab key
  next.tabIndex = 0;
  next.focus();
}

const KEYS = {
  ArrowRight: (panel) => goTo(panel, "x", 1),
  ArrowLeft: (panel) => goTo(panel, "x", -1),
  ArrowUp: (panel) => goTo(panel, "y", -1),
  ArrowDown: (panel) => goTo(panel, "y", 1),
  PageDown: (panel) => goToPanel(panel, 1),
  PageUp: (panel) => goToPanel(panel, -1),
  Enter: (panel) => panel.dispatchEvent(new CustomEvent("picked", { bubbles: true, detail: chosenMarks.get(panel) })),
  Escape: leave,
};
for (const panel of document.querySelectorAll(".panel")) {
  panel.addEventListener("keydown", (event) => {
    if (!KEYS[event.key] || !viewOf.has(panel) || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    KEYS[event.key](panel);
  });
  panel.addEventListener("blur", () => leave(panel));
}
