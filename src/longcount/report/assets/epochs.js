// Figure 1 epoch by epoch: a slider keeps the models of one epoch and fades the others.
import { element } from "./elements.js";
import { marks } from "./page.js";

function addSlider(figure, rows) {
  const found = rows.flat().flatMap(({ layer }) => layer ?? []).flatMap(({ data }) => data?.values ?? []);
  const epochs = [...new Set(found.filter(({ run }) => run !== undefined).map(({ epoch }) => epoch))];
  epochs.sort((a, b) => a - b);
  const seen = new Map(), // panels with their views
    slider = element("input", { type: "range", min: 0, max: epochs.length, value: 0 }),
    told = element("output");
  const show = (view) => {
    const epoch = epochs[slider.value - 1];
    for (const { _svg, datum, mark } of marks(view.scenegraph().root)) {
      if (!_svg || datum?.run === undefined || mark.marktype === "group") continue;
      _svg.classList.toggle("faded", epoch !== undefined && datum.epoch !== epoch);
    }
  };
  const turn = () => {
    const epoch = epochs[slider.value - 1];
    told.textContent = epoch === undefined ? "all" : `${epoch} alone`;
    slider.setAttribute("aria-valuetext", told.textContent);
    for (const view of seen.values()) show(view);
  };
  slider.addEventListener("input", turn);
  figure.addEventListener("drawn", ({ target, detail: view }) => {
    seen.set(target, view);
    show(view);
  });
  figure.querySelector("h3").after(element("label", {}, "Models after epoch ", slider, " ", told));
  turn();
}

if (PANELS.figure1) addSlider(document.getElementById("figure1"), PANELS.figure1);
