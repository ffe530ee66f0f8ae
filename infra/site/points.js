// A driver's points: what the wallet holds, buying some, having their money back, and spending them on a fee.

import * as api from "./api.js";
import { failure, h } from "./dom.js";
import { moment, t, won } from "./texts.js";
import { pay } from "./visit.js";

const AMOUNTS = [10000, 30000, 50000, 100000];
/** A deposit could not go back to where it came from. */
const METHODS = ["CARD", "EASY_PAY"];

/** The part of the member's page that is about points. `again` draws the page anew. */
export function points(still, key, wallet, again) {
  return h("section", { class: "card", id: "points" }, h("h2", {}, t.points),
    h("p", { class: "due" }, t.pointsOf(wallet.paid + wallet.bonus)),
    h("p", { class: "muted" }, t.pointsApart(won(wallet.paid), won(wallet.bonus))),
    topUp(still, key), moves(wallet), wallet.paid > 0 && cashOut(still, key, again));
}

function topUp(still, key) {
  const problem = h("div", {});
  const amount = h("select", { id: "top-up-amount" }, AMOUNTS.map((won_) => h("option", { value: won_ }, won(won_))));
  const method = h("select", { id: "top-up-method" }, METHODS.map((one) => h("option", { value: one }, t[one])));
  // One key for one wish: pressed again after a failure of the line, it finds the same payment.
  let wish = crypto.randomUUID();
  const submit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    try {
      const [started, sdk] = await Promise.all([api.topUp(key, wish, Number(amount.value)), api.portone()]);
      if (still()) await pay(sdk, started, method.value, { points: true });
    } catch (error) {
      problem.replaceChildren(failure(error));
      if (error.code === "idempotency-key-reused") wish = crypto.randomUUID();
    }
    button.disabled = false;
  };
  const change = () => { wish = crypto.randomUUID(); };
  amount.addEventListener("change", change);
  const button = h("button", { class: "main", id: "top-up" }, t.topUp);
  return h("form", { submit }, h("p", { class: "muted" }, t.topUpHint), h("label", { for: "top-up-amount" }, t.amount), amount,
    h("label", { for: "top-up-method" }, t.method), method, problem, h("p", {}, button));
}

function moves(wallet) {
  if (!wallet.entries.length) return null;
  const row = (entry) => h("tr", {}, h("th", { scope: "row" }, t.pointKinds[entry.kind] || entry.kind, " ",
    h("span", { class: "muted" }, moment(entry.at))), h("td", {}, t.pointsOf(entry.paid + entry.bonus)));
  return h("table", {}, h("caption", {}, t.pointMoves), h("tbody", {}, wallet.entries.slice(0, 10).map(row)));
}

function cashOut(still, key, again) {
  const problem = h("div", {});
  let wish = crypto.randomUUID();
  const click = async (event) => {
    if (!confirm(t.cashOutSure)) return;
    event.target.disabled = true;
    try {
      await api.cashOut(key, wish);
      if (still()) again();
    } catch (error) {
      problem.replaceChildren(failure(error));
      wish = crypto.randomUUID();
      event.target.disabled = false;
    }
  };
  return h("div", {}, problem, h("button", { type: "button", class: "quiet", id: "cash-out", click }, t.cashOut));
}

/** A box in a fee's form by which points pay first; filled when the wallet is known. `chosen` hears of each change. */
export function spending(chosen) {
  const box = h("div", {});
  const key = api.memberKey();
  if (!key) return box;
  api.wallet(key).then((wallet) => {
    const most = wallet.paid < 0 ? 0 : wallet.paid + wallet.bonus;
    if (most <= 0) return;
    const change = (event) => chosen(event.target.checked ? { key, most } : null);
    box.append(h("label", {}, h("input", { type: "checkbox", id: "use-points", style: "min-height:auto", change }), " ",
      t.usePoints(t.pointsOf(most))), h("p", { class: "muted" }, t.usePointsHint));
  }).catch(() => {}); // The fee can be paid without them.
  return box;
}
