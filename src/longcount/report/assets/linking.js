// Linked views: a click on a point, a curve or a row chooses its run; every figure and table then sets that run off, and
// a bar at the foot of the window says which it is and opens it in the explorer.
import { marks } from "./page.js";
import { fromAddress, onSelected, select, selection } from "./selection.js";

const bar = document.getElementById("chosen");

// The model and run that a mark of a panel stands for, where it stands for one.
function ofMark(element, datum) {
  const { figure, row, column } = element.dataset,
    about = PANELS[figure]?.[row][column].usermeta;
  if (!about || typeof datum?.run !== "number") return null;
  const model = about.condition ?? about.conditions[datum.model];
  return model === undefined ? null : { model, run: datum.run, epoch: datum.epoch };
}

// Marks of the chosen run, and among them those of the chosen epoch, are told apart by their class.
function setOff(element, view) {
  for (const item of marks(view.scenegraph().root)) {
    if (!item._svg || item.datum === undefined || item.mark.marktype === "group") continue;
    const its = ofMark(element, item.datum),
      chosen = its !== null && its.model === selection.model && its.run === selection.run;
    const line = item.mark.marktype === "line";
    item._svg.classList.toggle("chosen-line", chosen && line);
    item._svg.classList.toggle("chosen-point", chosen && !line);
  }
}

const views = new Map();

document.addEventListener("drawn", ({ target: element, detail: view }) => {
  const { figure, row, column } = element.dataset;
  if (!PANELS[figure]?.[row][column].usermeta) return;
  views.set(element, view);
  element.classList.add("linked");
  if (selection.run !== undefined) setOff(element, view);
});

document.addEventListener("picked", ({ target: element, detail: item }) => {
  const its = ofMark(element, item?.datum);
  // A curve is of all epochs: of its run the best one is chosen.
  if (its) select({ ...its, epoch: item.mark.marktype === "line" ? undefined : its.epoch }, "figure");
});

for (const link of document.querySelectorAll("#runs tbody a")) {
  const row = link.closest("tr");
  const choose = (event) => {
    event.preventDefault();
    select({ ...fromAddress(link.hash), epoch: undefined }, "row");
  };
  row.addEventListener("click", choose);
}

let told = "";
onSelected(({ model, run, epoch }) => {
  const now = `${model} ${run} ${epoch}`;
  if (now === told) return; // the cursor moved, or the word changed
  told = now;
  for (const [element, view] of views) setOff(element, view);
  let title = `${model} run ${run}`;
  for (const link of document.querySelectorAll("#runs tbody a")) {
    const its = fromAddress(link.hash),
      chosen = its.model === model && its.run === run;
    link.closest("tr").classList.toggle("chosen", chosen);
    if (chosen) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
    if (chosen) title = link.getAttribute("aria-label");
  }
  bar.hidden = run === undefined;
  bar.querySelector("output").textContent = `${title}${epoch === undefined ? "" : `, after epoch ${epoch}`}`;
});

bar.querySelector("button").addEventListener("click", () => select({ model: undefined, run: undefined }, "bar"));

// Links within the page, and what is typed into the address.
addEventListener("hashchange", () => {
  const asked = fromAddress(location.hash);
  if (asked) select({ epoch: undefined, ...asked }, "address");
});
