// How a payment stands, from the moment the driver is back from the gateway's window, to the receipt.

import * as api from "./api.js";
import { announce, failure, h, show } from "./dom.js";
import { cashReceipt, receipt } from "./receipt.js";
import { clock, moment, t, won } from "./texts.js";

const QUICK_MS = 1200;
const SLOW_MS = 5000;
/** After this the page stops asking quickly and says that it takes long. */
const PATIENCE_MS = 45000;
/** After this it stops asking: a page left open asks nobody all night. */
const GIVE_UP_MS = 15 * 60000;

/** Shows a payment until it is settled. `said` is what the gateway's window told the browser, if anything. */
export async function payment(still, id, said) {
  show(t.payment, h("p", { class: "muted waiting" }, t.checking));
  announce(t.checking);
  const since = Date.now();
  let refreshed = false;
  let shown = "";
  const poll = async () => {
    if (!still()) return;
    let found;
    try {
      found = await api.payment(id);
    } catch (error) {
      if (still()) show(t.payment, failure(error, () => payment(still, id, said)));
      return;
    }
    if (!still()) return;
    // The gateway's webhook may be on its way still: have someone look, once.
    if (!refreshed && ["requested", "awaiting_deposit", "failed"].includes(found.status)) {
      refreshed = true;
      api.refresh(id).catch(() => {});
    }
    const late = Date.now() - since > PATIENCE_MS;
    // Who is writing into the form of a deposit's page is not disturbed by its being late.
    const state = `${found.status} ${late && found.status !== "awaiting_deposit"} ${found.refunded}`;
    if (state !== shown) {
      shown = state;
      await draw(still, found, said, late);
    }
    if (["requested", "awaiting_deposit", "failed"].includes(found.status)) {
      const settled = said.get("code") && found.status === "failed";
      if (!settled && Date.now() - since < GIVE_UP_MS) setTimeout(poll, late || found.status === "awaiting_deposit" ? SLOW_MS : QUICK_MS);
    }
  };
  poll();
}

function stayOf(id) {
  try { return JSON.parse(sessionStorage.getItem(id)); } catch { return null; }
}

async function draw(still, found, said, late) {
  const stay = stayOf(found.paymentId);
  const toVisit = (label) => stay && h("p", {}, stay.points
    ? h("a", { href: "#/member" }, t.points)
    : stay.owed ? h("a", { href: `#/owed/${encodeURIComponent(stay.owed)}` }, t.owed)
    : h("a", { href: `#/lot/${encodeURIComponent(stay.lotId)}/visit/${encodeURIComponent(stay.plate)}` }, label));
  announce(t.status[found.status]);
  if (found.status === "requested" || found.status === "failed") {
    const failed = found.status === "failed" || said.get("code");
    show(t.payment, failed ? unpaid(said) : h("p", { class: "notice" }, h("span", { class: "waiting" }, late ? t.checkingLong : t.checking)),
      toVisit(failed ? t.payAgain : t.toVisit));
  } else if (found.status === "awaiting_deposit") {
    show(t.status.awaiting_deposit, deposit(found), cashReceipt(still, found.paymentId, null, false), toVisit(t.toVisit));
  } else if (found.status === "held") {
    show(t.status.held, h("p", { class: "notice bad" }, t.heldText), toVisit(t.payAgain));
  } else {
    const [leave, printed] = await Promise.all([
      found.status === "paid" && stay && leaveBy(stay),
      receipt(still, found.paymentId).catch((error) => failure(error, () => draw(still, found, said, late))),
    ]);
    if (!still()) return;
    show(t.status[found.status],
      leave && h("p", { class: "notice good" }, t.leaveBy(clock(leave))),
      printed, toVisit(t.toVisit),
      h("button", { type: "button", click: () => print() }, t.print));
  }
}

function unpaid(said) {
  const cancelled = /CANCEL/i.test(said.get("code") || "");
  return h("div", { class: "notice bad", role: "alert" }, h("p", {}, cancelled ? t.cancelled : t.failedText),
    !cancelled && said.get("message") && h("p", {}, t.gatewaySaid(said.get("message"))));
}

async function leaveBy(stay) {
  if (stay.owed || stay.points) return null;
  try {
    const visit = await api.visit(stay.lotId, stay.plate);
    return visit.due === 0 && visit.state !== "left" && visit.leaveBy;
  } catch {
    return null; // The receipt stands without it.
  }
}

function deposit(found) {
  const account = found.depositAccount;
  if (!account) return h("p", { class: "muted waiting" }, t.checking);
  return h("section", { class: "card" }, h("p", {}, t.depositTo), h("dl", {},
    h("dt", {}, t.bank), h("dd", {}, account.bank),
    h("dt", {}, t.account), h("dd", { class: "account" }, account.number),
    h("dt", {}, t.amount), h("dd", {}, won(account.amount)),
    account.expiresAt && [h("dt", {}, t.until), h("dd", {}, moment(account.expiresAt))]));
}
