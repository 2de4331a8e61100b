// Figures: each panel is drawn once it comes near the window, the rest while the page is idle.
const drawn = new Map();

// Every mark of a drawing, those of its parts, too.
export function* marks(item) {
  for (const inner of item.items ?? []) {
    yield inner;
    yield* marks(inner);
  }
}

const REACH = 22; // pixels: how far from a mark a finger may tap

// The mark with something to tell that is nearest to a place.
function nearest(view, { clientX, clientY }) {
  let [found, least] = [null, REACH];
  for (const item of marks(view.scenegraph().root)) {
    if (!item.tooltip || !item._svg || item.mark.marktype === "line") continue;
    const { x, y, width, height } = item._svg.getBoundingClientRect(),
      away = Math.hypot(
        Math.max(x - clientX, 0, clientX - x - width),
        Math.max(y - clientY, 0, clientY - y - height),
      );
    if (away < least) [found, least] = [item, away];
  }
  return found;
}

// What is clicked or tapped in a drawing is told to whoever listens to "picked"; a tap shows what hovering shows.
function watch(element, view) {
  let pressed = null;
  view.addEventListener("pointerdown", ({ clientX, clientY }) => (pressed = { clientX, clientY }));
  view.addEventListener("click", (event, under) => {
    const { clientX, clientY, pointerType } = event;
    if (pressed && Math.hypot(clientX - pressed.clientX, clientY - pressed.clientY) > 4) return; // dragged
    const fingers = pointerType === "touch",
      item = fingers && !under?.tooltip ? nearest(view, event) : under;
    if (fingers) view.tooltip()(view, event, item, item?.tooltip ?? null);
    element.dispatchEvent(new CustomEvent("picked", { bubbles: true, detail: item }));
  });
  element.dispatchEvent(new CustomEvent("drawn", { bubbles: true, detail: view }));
}

function draw(element, specification) {
  const width = Math.max(120, Math.floor(element.getBoundingClientRect().width));
  const sized = {
    ...specification,
    width: "container",
    autosize: { type: "fit-x", contains: "padding" },
    config: CONFIG,
  };
  if (!drawn.has(element)) {
    drawn.set(
      element,
      vegaEmbed(element, sized, { actions: false, renderer: "svg", width })
        .then((result) => {
          element.dataset.drawn = "yes";
          watch(element, result.view);
          return result;
        })
        .catch((error) => {
          element.dataset.drawn = "failed";
          console.error(element.dataset.figure, error);
        }),
    );
  }
  return drawn.get(element);
}

const panelElements = [...document.querySelectorAll(".panel")];
const drawPanel = (element) => {
  const { figure, row, column } = element.dataset;
  return draw(element, PANELS[figure][row][column]);
};
const near = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) {
        near.unobserve(entry.target);
        drawPanel(entry.target);
      }
    }
  },
  { rootMargin: "600px" },
);
for (const element of panelElements) near.observe(element);
window.allFiguresDrawn = (async () => {
  const idle = () =>
    new Promise((done) =>
      window.requestIdleCallback ? requestIdleCallback(done, { timeout: 400 }) : setTimeout(done, 30)
    );
  for (const element of panelElements) {
    await idle();
    await drawPanel(element);
  }
})();

// The menu's lists close once they have been used.
const menus = [...document.querySelectorAll("nav.sections details")];
const closeMenus = () => {
  for (const menu of menus) menu.open = false;
};
document.addEventListener("click", ({ target }) => {
  if (!target.closest?.("nav.sections summary")) closeMenus();
});
document.addEventListener("keydown", ({ key }) => {
  if (key === "Escape") closeMenus();
});

// Print does not wait for timers, but for promises that are kept at once, as those of a drawing are: what is not drawn
// yet is drawn, and what is folded is unfolded.
const folded = [];
addEventListener("beforeprint", () => {
  for (const element of panelElements) drawPanel(element);
  for (const details of document.querySelectorAll("main details:not([open])")) {
    details.open = true;
    folded.push(details);
  }
});
addEventListener("afterprint", () => {
  for (const details of folded.splice(0)) details.open = false;
});
// Tables: a click on a heading sorts by it, numbers as numbers.
for (const table of document.querySelectorAll("table.sortable")) {
  const headings = [...table.tHead.rows[0].cells];
  const sort = (heading) => {
    const column = headings.indexOf(heading),
      upwards = heading.getAttribute("aria-sort") !== "ascending";
    const raised = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻";
    const key = (row) =>
      (row.cells[column].dataset.sort ?? row.cells[column].textContent)
        .trim()
        .replace(/^none\b.*/, "Infinity") // never failed: further than any failure
        .replace(/[,%]/g, "")
        .replace("−", "-")
        .replace(" × 10", "e")
        .replace(/[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]/g, (sign) => "0123456789-"[raised.indexOf(sign)]);
    const rows = [...table.tBodies[0].rows].sort((a, b) => {
      const [x, y] = [key(a), key(b)],
        [m, n] = [Number(x), Number(y)];
      const order = x !== "" && y !== "" && !Number.isNaN(m) && !Number.isNaN(n) ? m - n : x.localeCompare(y);
      return upwards ? order : -order;
    });
    for (const other of headings) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", upwards ? "ascending" : "descending");
    table.tBodies[0].append(...rows);
  };
  for (const heading of headings) {
    heading.tabIndex = 0;
    heading.addEventListener("click", () => sort(heading));
    heading.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        sort(heading);
      }
    });
  }
}
for (const cell of document.querySelectorAll("#claims td:last-child")) {
  cell.className = { holds: "verdict-holds", "holds in part": "verdict-part", "does not hold": "verdict-not" }[
    cell.textContent.trim()
  ] || "";
}
