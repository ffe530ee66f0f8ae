// The receipt of a payment, for the screen and for paper, and the cash receipt of a payment by bank.

import * as api from "./api.js";
import { announce, failure, h, lines } from "./dom.js";
import { moment, t, won } from "./texts.js";

const FOLLOW_MS = 2500;
/** So often a cash receipt that is asked for is looked at again. */
const FOLLOWS = 12;
const NUMBERS = ["phone", "businessNumber", "card"];

const fact = (name, ...value) => value.some(Boolean) && [h("dt", {}, name), h("dd", {}, ...value)];
const link = (url, text) => /^https?:/.test(url || "") && h("a", { href: url, rel: "noopener noreferrer", target: "_blank" }, text);

/** The receipt as the API tells it. */
export async function receipt(still, id) {
  const it = await api.receipt(id);
  return [paper(it), cashReceipt(still, id, it.cashReceipt, true)];
}

function paper(it) {
  const { lot, operator, method } = it;
  const facts = h("dl", {},
    lot && fact(t.lot, lot.name), lot && fact(t.address, lot.address),
    operator && fact(t.operator, operator.name), operator && fact(t.businessNumber, operator.businessNumber),
    fact(t.plate, it.plate),
    it.enteredAt && fact(t.enteredAt, moment(it.enteredAt)), it.pricedUntil && fact(t.pricedUntil, moment(it.pricedUntil)),
    fact(t.paidAt, moment(it.paidAt)),
    fact(t.method, [t.methods[method.kind], method.issuer].filter(Boolean).join(" · ")),
    fact(t.cardNumber, method.cardNumber), fact(t.approvalNumber, method.approvalNumber),
    fact(t.paymentId, h("span", { class: "muted" }, it.paymentId)));
  const sums = h("dl", {},
    fact(t.paidAmount, h("strong", {}, won(it.paid))),
    it.points > 0 && fact(t.byPoints, t.pointsOf(it.points)),
    it.surcharge > 0 && fact(t.surcharge, won(it.surcharge)),
    it.refunds.map((one) => fact(`${t.refunded} ${moment(one.at)}`, won(-one.amount))),
    it.refunded > 0 && [fact(t.refundedInAll, won(-it.refunded)), fact(t.kept, h("strong", {}, won(it.kept)))],
    fact(t.supply, won(it.vat.supply)), fact(t.vat, won(it.vat.vat)), it.vat.taxFree > 0 && fact(t.taxFree, won(it.vat.taxFree)));
  return h("section", { class: "card receipt", "aria-label": t.receipt }, h("h2", {}, `${t.receipt} · ${it.orderName}`), facts,
    it.quote && lines(it.quote, won, it.paidBefore > 0 ? [[t.paidBefore, -it.paidBefore]] : []), sums,
    it.receiptUrl && h("p", { class: "screen" }, link(it.receiptUrl, t.gatewayReceipt)));
}

/** The cash receipt's card: asked for here, and followed until it is issued. `paid`: the money is here, so it comes at once. */
export function cashReceipt(still, id, first, paid) {
  const box = h("section", { class: "card", id: "cash-receipt", "aria-label": t.cashReceipt });
  let follows = 0;
  const draw = (it) => {
    box.hidden = !it.offered && !it.state;
    box.replaceChildren(h("h2", {}, t.cashReceipt), ...standing(it, paid), ...wish(it));
    if (paid && it.state === "requested" && follows < FOLLOWS) {
      follows += 1;
      setTimeout(look, FOLLOW_MS);
    }
  };
  const look = async () => {
    if (!still()) return;
    try {
      draw(await api.cashReceipt(id));
    } catch { /* The card stays as it is. */ }
  };
  const wish = (it) => it.offered && it.state !== "issued" ? [form(id, draw, it)] : [];
  if (first) draw(first); else { box.hidden = true; look(); }
  return box;
}

function standing(it, paid) {
  if (!it.state) return [];
  const text = it.state === "requested" && !paid ? t.cashReceiptAwaits : t.cashReceiptStates[it.state];
  return [h("p", { class: it.state === "requested" && paid ? "waiting" : "" }, text), h("dl", {},
    fact(t.cashReceiptUse, t.cashReceiptUses[it.use]), fact(t.cashReceiptNumber, it.identity),
    it.amount && fact(t.amount, won(it.amount)), fact(t.approvalNumber, it.number),
    it.issuedAt && fact(t.issuedAt, moment(it.issuedAt)), it.cancelledAt && fact(t.cancelledAt, moment(it.cancelledAt)),
    fact("", link(it.url, t.show)))];
}

function form(id, draw, it) {
  const problem = h("div", {});
  const kind = h("select", { id: "receipt-kind" }, NUMBERS.map((name) => h("option", { value: name }, t.receiptNumbers[name])));
  const number = h("input", { id: "receipt-number", type: "text", inputmode: "numeric", autocomplete: "off", maxlength: 24, required: true });
  const submit = async (event) => {
    event.preventDefault();
    const button = event.target.querySelector("button");
    button.disabled = true;
    try {
      draw(await api.wishCashReceipt(id, { [kind.value]: number.value.trim() }));
      announce(t.cashReceiptStates.requested);
    } catch (error) {
      problem.replaceChildren(failure(error));
      button.disabled = false;
    }
  };
  return h("details", { class: "screen", open: !it.state || it.state === "refused" },
    h("summary", {}, it.state ? t.cashReceiptChange : t.cashReceiptAsk),
    h("form", { submit }, h("label", { for: "receipt-kind" }, t.cashReceiptUse), kind,
      h("label", { for: "receipt-number" }, t.number), number, h("p", { class: "muted" }, t.cashReceiptKept), problem,
      h("button", { class: "main", id: "wish-receipt" }, t.cashReceiptAsk)));
}
