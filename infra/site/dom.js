// Building the page. Texts go in as texts, never as markup, whatever an operator or a gateway wrote.

import { t } from "./texts.js";

/** An element: `h("p", { class: "muted" }, "text", child)`. Functions become listeners. */
export function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key, value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

const main = () => document.getElementById("main");

/** Shows a page; its heading is read out and focused, as after a page load. */
export function show(title, ...children) {
  const heading = h("h1", { tabindex: "-1" }, title);
  document.title = `${title} · ${t.title}`;
  main().replaceChildren(heading, ...children.flat(Infinity).filter(Boolean));
  heading.focus({ preventScroll: true });
  scrollTo(0, 0);
}

/** Says something to those who listen to the page. */
export function announce(text) {
  document.getElementById("announcer").textContent = text;
}

/** An error with a button to try again. */
export function failure(error, again) {
  if (error && !error.code) console.error(error);
  const text = (error && error.message) || t.errors.other;
  announce(text);
  return h("div", { class: "notice bad", role: "alert" }, h("p", {}, text),
    again && h("button", { type: "button", click: again }, t.retry));
}

/** The lines of a quote as a table. Labels come from the API in the reader's language. */
export function lines(quote, won, rows = []) {
  const line = (label, amount, kind) =>
    h("tr", { class: kind }, h("th", { scope: "row" }, label), h("td", {}, won(amount)));
  return h("table", {}, h("caption", {}, t.lines), h("tbody", {},
    quote.lines.length ? quote.lines.map((it) => line(it.label, it.amount)) : line(t.noLines, 0),
    line(t.total, quote.total, "total"),
    rows.map(([label, amount]) => line(label, amount))));
}
