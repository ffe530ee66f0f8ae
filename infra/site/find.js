// Lots near the driver, and one lot with the question for the plate.

import * as api from "./api.js";
import { announce, failure, h, show } from "./dom.js";
import { clock, t } from "./texts.js";

const CITY_HALL = { lat: 36.350412, lon: 127.384547 };
const RADII_M = [500, 1000, 2000];
const LOCATING_MS = 8000;
const search = { place: CITY_HALL, near: "cityHall", radiusM: 1000 };

function position() {
  return new Promise((resolve, reject) => {
    if (!navigator.geolocation) { reject(new Error("no geolocation")); return; }
    const found = ({ coords }) => resolve({ lat: coords.latitude, lon: coords.longitude });
    navigator.geolocation.getCurrentPosition(found, reject, { timeout: LOCATING_MS, maximumAge: 60000 });
  });
}

function freeSpaces(lot) {
  if (lot.freeSpaces === null) return h("span", { class: "tag" }, t.unknownFree(lot.capacity));
  if (lot.freeSpaces === 0) return h("span", { class: "tag bad" }, t.full);
  const scarce = lot.freeSpaces * 10 < lot.capacity;
  return h("span", { class: scarce ? "tag warn" : "tag good" }, t.free(lot.freeSpaces, lot.capacity));
}

function distance(metres) {
  return metres < 1000 ? `${metres} m` : `${Number((metres / 1000).toFixed(1))} km`;
}

function entry(lot) {
  return h("li", {}, h("a", { class: "card", href: `#/lot/${encodeURIComponent(lot.lotId)}` },
    h("div", { class: "spread" }, h("span", { class: "name" }, lot.name), h("span", { class: "muted" }, distance(lot.distanceM))),
    h("p", { class: "muted" }, lot.address),
    h("div", { class: "row" }, freeSpaces(lot), h("span", {}, lot.price))));
}

/** The first page. */
export function find(still) {
  const list = h("ul", { class: "lots" });
  const state = h("div", {});
  const load = async () => {
    state.replaceChildren(h("p", { class: "muted waiting" }, t.searching));
    try {
      const found = await api.lotsNear(search.place.lat, search.place.lon, search.radiusM);
      if (!still()) return;
      list.replaceChildren(...found.lots.map(entry));
      const text = found.lots.length ? t.found(found.lots.length) : t.noLots;
      state.replaceChildren(h("p", { class: "muted" }, text, found.truncated ? ` · ${t.more}` : ""));
      announce(text);
    } catch (error) {
      list.replaceChildren();
      state.replaceChildren(failure(error, load));
    }
  };
  const near = (name, label, where) => {
    const button = h("button", { type: "button", "aria-pressed": String(search.near === name), click: async () => {
      let note = "";
      try {
        [search.place, search.near] = [await where(), name];
      } catch {
        [search.place, search.near, note] = [CITY_HALL, "cityHall", t.locationDenied];
      }
      for (const other of buttons) other.setAttribute("aria-pressed", String(other.dataset.near === search.near));
      hint.replaceChildren(note && h("p", { class: "notice" }, note));
      load();
    } }, label);
    button.dataset.near = name;
    return button;
  };
  const hint = h("div", {});
  const buttons = [near("me", t.nearMe, position), near("cityHall", t.nearCityHall, async () => CITY_HALL)];
  const radius = h("select", { "aria-label": t.radius, style: "width:auto", change: (event) => {
    search.radiusM = Number(event.target.value);
    load();
  } }, RADII_M.map((metres) => h("option", { value: metres, selected: metres === search.radiusM }, distance(metres))));
  show(t.findLots, h("div", { class: "row", style: "margin-bottom:.75rem" }, buttons, radius), hint, state, list,
    h("p", {}, h("a", { href: "#/member" }, t.member)));
  load();
}

function remembered() {
  try { return sessionStorage.getItem("baro.plate") || ""; } catch { return ""; }
}

/** The classes that the lot tells of; `all` stands among the lot's own lines already. */
function spacesByClass(classes) {
  const told = classes.filter((one) => one.class !== "all" && one.freeSpaces !== null && one.capacity > 0);
  const said = (one) => (one.freeSpaces === 0 ? t.full : t.spacesOf(one.freeSpaces, one.capacity));
  return told.length && h("section", { class: "card" }, h("h2", {}, t.byClass), h("dl", {}, told.map((one) => [
    h("dt", {}, t.classes[one.class] || one.class),
    h("dd", {}, said(one), one.outdated && h("span", { class: "muted" }, ` · ${t.outdated(clock(one.observedAt))}`))])));
}

/** Shows free spaces by class where the lot tells them; without them the page is good for everything else. */
async function fillClasses(still, id, place) {
  try {
    const { classes } = await api.occupancy(id);
    if (still()) place.replaceChildren(...[spacesByClass(classes)].filter(Boolean));
  } catch (error) {
    console.warn(error.code, error.message);
  }
}

/** One lot. */
export async function lot(still, id) {
  show(t.lot, h("p", { class: "muted waiting" }, t.loading));
  let found;
  try {
    found = await api.lot(id);
  } catch (error) {
    if (still()) show(t.lot, failure(error, () => lot(still, id)));
    return;
  }
  if (!still()) return;
  const plate = h("input", {
    type: "text", id: "plate", class: "plate", autocomplete: "off", autocapitalize: "characters", spellcheck: "false",
    maxlength: 20, placeholder: "12가3456", "aria-describedby": "plate-hint", value: remembered(), enterkeyhint: "go",
  });
  const hint = h("p", { class: "muted", id: "plate-hint" }, t.plateHint);
  const ask = (event) => {
    event.preventDefault();
    const text = plate.value.replace(/[\s-]/g, "");
    if (!text) {
      hint.textContent = t.plateNeeded;
      plate.setAttribute("aria-invalid", "true");
      plate.focus();
      return;
    }
    try { sessionStorage.setItem("baro.plate", text); } catch { /* private mode: it is typed again */ }
    location.hash = `#/lot/${encodeURIComponent(id)}/visit/${encodeURIComponent(text)}`;
  };
  const byClass = h("div", { id: "by-class" });
  const spaces = found.freeSpaces === null ? t.noFreeInfo : t.spacesOf(found.freeSpaces, found.capacity);
  show(found.name,
    h("section", { class: "card" }, h("dl", {},
      h("dt", {}, t.address), h("dd", {}, found.address),
      h("dt", {}, t.spaces), h("dd", {}, spaces),
      h("dt", {}, t.capacity), h("dd", {}, t.spacesAll(found.capacity)),
      h("dt", {}, t.price), h("dd", {}, found.price),
      h("dt", {}, t.leaveGrace), h("dd", {}, t.minutes(Math.floor(found.leaveGraceSeconds / 60))))),
    byClass,
    h("form", { class: "card", submit: ask }, h("h2", {}, t.payHere),
      h("label", { for: "plate" }, t.plate), plate, hint, h("button", { class: "main" }, t.showVisit)),
    h("p", {}, h("a", { href: "#/" }, t.findLots)));
  fillClasses(still, id, byClass);
}
