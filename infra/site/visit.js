// A car's visit: what it costs, why, and paying for it.

import * as api from "./api.js";
import { announce, failure, h, lines, show } from "./dom.js";
import { spending } from "./points.js";
import { clock, duration, moment, t, won } from "./texts.js";

export const METHODS = ["CARD", "EASY_PAY", "VIRTUAL_ACCOUNT"];
const LATER_MINUTES = [30, 60, 120, 240];
/** The price is asked for again this often while the page is looked at. */
const REFRESH_MS = 30000;
/** Time to deposit into a virtual account; the quote itself is long overrun by then, the barrier asks for the rest. */
const DEPOSIT_HOURS = 1;
/** What the driver has entered: a new price draws the form anew, and takes nothing away. */
const draft = { method: METHODS[0], phone: "" };

/** Shows the visit. `still` tells whether the driver is still on this page. */
export async function visit(still, lotId, plate) {
  show(plate, h("p", { class: "muted waiting" }, t.loading));
  const summary = h("div", {});
  let last;
  const load = async () => {
    try {
      const found = await api.visit(lotId, plate);
      if (!still()) return false;
      summary.replaceChildren(...price(found));
      last = found;
      return true;
    } catch (error) {
      if (still()) summary.replaceChildren(failure(error, () => open()));
      return false;
    }
  };
  const open = async (note) => {
    const loaded = await load();
    if (!still()) return;
    const home = h("p", {}, h("a", { href: `#/lot/${encodeURIComponent(lotId)}` }, t.back));
    if (!loaded) { show(plate, summary, home); return; }
    show(`${last.plate} · ${last.lotName}`, note && h("p", { class: "notice", role: "alert" }, note), summary, earlier,
      last.due > 0 && payForm(lotId, plate, last, () => open(t.amountChanged)),
      last.state !== "left" && later(lotId, plate), home);
    again();
  };
  // Once, not with each new price: what earlier visits owe does not change while one looks.
  const earlier = h("div", {});
  api.owed(lotId, plate).then(({ receivables }) => earlier.replaceChildren(...receivables.map((one) =>
    h("p", { class: "notice" }, h("a", { href: `#/owed/${encodeURIComponent(one.receivableId)}` }, t.owedBefore(won(one.principal))))))
  ).catch(() => {}); // The visit can be paid without it.
  let waiting;
  const again = () => { clearTimeout(waiting); waiting = setTimeout(tick, REFRESH_MS); };
  const tick = async () => {
    if (!still()) return;
    const before = last && last.due;
    if (document.visibilityState === "visible" && await load() && last.due !== before) { open(); return; }
    again();
  };
  open();
}

function price(visit) {
  const leave = visit.leaveBy && (visit.due ? t.sameUntil : t.leaveBy)(clock(visit.leaveBy));
  announce(visit.due ? `${t.due} ${won(visit.due)}` : t.nothingDue);
  return [
    h("section", { class: "card" },
      h("span", { class: visit.state === "left" ? "tag" : "tag good" }, t[visit.state]),
      h("p", { class: "muted", style: "margin-top:.5rem" }, visit.due ? t.due : t.nothingDue),
      h("p", { class: "due" }, won(visit.due)),
      leave && visit.state !== "left" && h("p", { class: visit.due ? "muted" : "notice good" }, leave)),
    h("section", { class: "card" }, h("dl", {},
      h("dt", {}, t.enteredAt), h("dd", {}, moment(visit.enteredAt)),
      visit.leftAt && [h("dt", {}, t.leftAt), h("dd", {}, moment(visit.leftAt))],
      h("dt", {}, t.stayed), h("dd", {}, duration(visit.quote.minutes)))),
    h("section", { class: "card" },
      lines(visit.quote, won, visit.paid ? [[t.paidSoFar, -visit.paid], [t.due, visit.due]] : [])),
  ];
}

/** `changed` is called when the amount is no longer the one on the button: nobody pays what they did not see. */
function payForm(lotId, plate, found, changed) {
  const choice = (method) => h("label", {},
    h("input", { type: "radio", name: "method", value: method, checked: method === draft.method, style: "min-height:auto",
      change: () => { draft.method = method; } }), t[method]);
  const phone = h("input", { type: "tel", id: "phone", autocomplete: "tel-national", inputmode: "tel", maxlength: 20,
    "aria-describedby": "phone-hint", value: draft.phone, input: (event) => { draft.phone = event.target.value; } });
  const button = h("button", { class: "main" }, t.pay(won(found.due)));
  const problem = h("div", {});
  // One key for one wish to pay: pressed again after a failure of the line, it finds the same payment.
  let key = crypto.randomUUID();
  let points = null;
  const withPoints = spending((chosen) => { points = chosen; key = crypto.randomUUID(); });
  const submit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    problem.replaceChildren(h("p", { class: "muted waiting" }, t.preparing));
    announce(t.preparing);
    try {
      const contact = phone.value.trim() ? { phone: phone.value.trim() } : undefined;
      // Points are held for minutes, and a deposit may take an hour.
      const spent = draft.method === "VIRTUAL_ACCOUNT" ? null : points;
      const [started, sdk] = await Promise.all([api.startPayment(lotId, plate, key, contact, spent), api.portone()]);
      if (started.amount + (started.points || 0) !== found.due) {
        changed();
      } else if (started.status === "requested" || started.status === "failed") {
        await pay(sdk, started, draft.method, { lotId, plate });
      } else {
        location.hash = `#/payment/${started.paymentId}`;
      }
    } catch (error) {
      problem.replaceChildren(failure(error));
      if (error.code === "idempotency-key-reused") key = crypto.randomUUID();
    }
    button.disabled = false;
  };
  return h("form", { class: "card", submit },
    h("fieldset", {}, h("legend", {}, t.method), h("div", { class: "choices" }, METHODS.map(choice))), withPoints,
    h("label", { for: "phone" }, t.phone), phone, h("p", { class: "muted", id: "phone-hint" }, t.phoneHint),
    problem, button);
}

/** Opens the gateway's window. On a phone the page leaves and comes back with `?paymentId=…`. */
export async function pay(sdk, started, payMethod, stay) {
  try { sessionStorage.setItem(started.paymentId, JSON.stringify(stay)); } catch { /* then no link back to the visit */ }
  const outcome = await sdk.requestPayment({
    storeId: started.storeId,
    channelKey: started.channelKey,
    paymentId: started.paymentId,
    orderName: started.orderName,
    totalAmount: started.amount,
    currency: started.currency,
    payMethod,
    redirectUrl: `${location.origin}/`,
    ...(payMethod === "VIRTUAL_ACCOUNT" && { virtualAccount: { accountExpiry: { validHours: DEPOSIT_HOURS } } }),
  });
  const said = new URLSearchParams();
  for (const name of ["code", "message"]) if (outcome && outcome[name]) said.set(name, outcome[name]);
  location.hash = `#/payment/${started.paymentId}${said.size ? `?${said}` : ""}`;
}

function later(lotId, plate) {
  const answer = h("p", { role: "status" });
  const ask = async (event) => {
    const minutes = Number(event.target.value);
    if (!minutes) { answer.textContent = ""; return; }
    try {
      const at = new Date(Date.now() + minutes * 60000).toISOString();
      const found = await api.quote(lotId, plate, at);
      answer.textContent = t.laterCosts(clock(found.quote.until), won(found.due));
    } catch (error) {
      answer.replaceChildren(failure(error));
    }
  };
  const options = LATER_MINUTES.map((minutes) => h("option", { value: minutes }, t.inMinutes(minutes)));
  return h("section", { class: "card" }, h("label", { for: "later" }, t.later),
    h("select", { id: "later", change: ask }, h("option", { value: "" }, "—"), options), answer);
}
