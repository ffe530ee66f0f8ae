// A driver who pays without being asked: a card, and the plates it pays for. The key of the membership stays on this device.

import * as api from "./api.js";
import { announce, failure, h, show } from "./dom.js";
import { points } from "./points.js";
import { t, won } from "./texts.js";

/** What the gateway's page gave, when the browser had to leave for it. */
const ISSUED = "baro.issued";
const LIMITS = [10000, 30000, 50000, 100000];

/** The gateway comes back to `/?transactionType=ISSUE_BILLING_KEY&billingKey=…`; true if it did. */
export function backFromIssuing(back) {
  if (!back.get("billingKey") && back.get("transactionType") !== "ISSUE_BILLING_KEY") return false;
  const said = { billingKey: back.get("billingKey"), code: back.get("code"), message: back.get("message") };
  try { sessionStorage.setItem(ISSUED, JSON.stringify(said)); } catch { /* then the card is registered once more */ }
  return true;
}

/** What came back, once. */
function issued() {
  try {
    const said = JSON.parse(sessionStorage.getItem(ISSUED));
    sessionStorage.removeItem(ISSUED);
    return said;
  } catch {
    return null;
  }
}

/** Shows the membership, or how to begin one. */
export async function member(still) {
  const key = api.memberKey();
  if (!key) { start(still); return; }
  show(t.member, h("p", { class: "muted waiting" }, t.loading));
  try {
    const said = issued();
    const problem = said && await take(key, said);
    const found = await api.member(key);
    const wallet = found.kind === "driver" && await api.wallet(key);
    if (!still()) return;
    show(t.member, problem, cards(still, key, found), plates(still, key, found),
      wallet && points(still, key, wallet, () => member(still)),
      h("p", {}, h("a", { href: "#/" }, t.findLots)));
    announce(t.member);
  } catch (error) {
    if (!still()) return;
    if (error.code === "wrong-member-key") localStorage.removeItem(api.MEMBER_KEY);
    show(t.member, failure(error, () => member(still)));
  }
}

function start(still) {
  const problem = h("div", {});
  const begin = async (event) => {
    event.target.disabled = true;
    try {
      const joined = await api.join();
      // Without a place to keep it the key would be lost, and the card with it.
      localStorage.setItem(api.MEMBER_KEY, joined.key);
      if (still()) member(still);
    } catch (error) {
      problem.replaceChildren(failure(error));
      event.target.disabled = false;
    }
  };
  show(t.member, h("section", { class: "card" }, h("p", {}, t.memberIntro), h("p", { class: "muted" }, t.memberKept), problem,
    h("button", { type: "button", class: "main", id: "join", click: begin }, t.memberStart)),
    h("p", {}, h("a", { href: "#/" }, t.findLots)));
}

/** Hands what the gateway's page gave to the API; a notice if it came to nothing. */
async function take(key, said) {
  if (!said.billingKey) {
    const cancelled = /CANCEL/i.test(said.code || "");
    return h("p", { class: "notice bad", role: "alert" }, cancelled ? t.cardCancelled : t.gatewaySaid(said.message || said.code));
  }
  try {
    await api.registerCard(key, said.billingKey);
    return null;
  } catch (error) {
    return failure(error);
  }
}

function cards(still, key, found) {
  const problem = h("div", {});
  const add = async (event) => {
    event.target.disabled = true;
    try {
      const sdk = await api.portone();
      const said = await sdk.requestIssueBillingKey({
        storeId: found.issuing.storeId,
        channelKey: found.issuing.channelKey,
        billingKeyMethod: "CARD",
        issueName: t.member,
        customer: { customerId: found.issuing.customerId },
        redirectUrl: `${location.origin}/`,
      });
      const told = Object.entries(said || {}).filter(([, value]) => typeof value === "string" && value);
      backFromIssuing(new URLSearchParams([["transactionType", "ISSUE_BILLING_KEY"], ...told]));
      if (still()) member(still);
    } catch (error) {
      problem.replaceChildren(failure(error));
      event.target.disabled = false;
    }
  };
  const row = (card) => h("li", { class: "spread" }, h("span", {}, card.label, card.charged && h("span", { class: "tag good" }, t.cardCharged)),
    remove(still, () => api.deleteCard(key, card.cardId), problem, card.label));
  return h("section", { class: "card", id: "cards" }, h("h2", {}, t.memberCards),
    found.cards.length ? h("ul", { class: "lots" }, found.cards.map(row)) : h("p", { class: "muted" }, t.noCards),
    problem, h("button", { type: "button", class: "main", id: "add-card", click: add }, t.addCard));
}

function plates(still, key, found) {
  const problem = h("div", {});
  const plate = h("input", { id: "plate", autocomplete: "off", placeholder: t.plateHint, maxlength: 12, required: true });
  const limit = h("select", { id: "limit" }, LIMITS.map((most) => h("option", { value: most, selected: most === 50000 }, won(most))));
  const submit = async (event) => {
    event.preventDefault();
    try {
      await api.registerPlate(key, plate.value.trim(), Number(limit.value));
      if (still()) member(still);
    } catch (error) {
      problem.replaceChildren(failure(error));
    }
  };
  const row = (one) => h("li", { class: "spread" }, h("span", {}, one.plate, " ", h("span", { class: "muted" }, t.upTo(won(one.limit)))),
    remove(still, () => api.deletePlate(key, one.plate), problem, one.plate));
  return h("section", { class: "card", id: "plates" }, h("h2", {}, t.memberPlates),
    found.plates.length ? h("ul", { class: "lots" }, found.plates.map(row)) : h("p", { class: "muted" }, t.noPlates),
    h("p", { class: "muted" }, t.fromNextEntry),
    h("form", { submit }, h("label", { for: "plate" }, t.plate), plate, h("label", { for: "limit" }, t.limit), limit,
      problem, h("button", { class: "main", id: "add-plate" }, t.addPlate)));
}

function remove(still, work, problem, what) {
  const click = async (event) => {
    event.target.disabled = true;
    try {
      await work();
      if (still()) member(still);
    } catch (error) {
      problem.replaceChildren(failure(error));
      event.target.disabled = false;
    }
  };
  return h("button", { type: "button", class: "quiet", "aria-label": `${what} ${t.remove}`, click }, t.remove);
}
