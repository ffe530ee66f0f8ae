// What a visit that is over still owes, behind the link of its notice, and paying it.

import * as api from "./api.js";
import { announce, failure, h, show } from "./dom.js";
import { moment, t, won } from "./texts.js";
import { METHODS, pay } from "./visit.js";

/** A payment closes its debt a moment after it was made: an open one is looked at again so often. */
const FOLLOWS = 10;
const FOLLOW_MS = 3000;

/** Shows what is owed. `still` tells whether the driver is still on this page. */
export async function owed(still, id, note) {
  show(t.owed, h("p", { class: "muted waiting" }, t.loading));
  let found;
  try {
    found = await api.receivable(id);
  } catch (error) {
    if (still()) show(t.owed, failure(error, () => owed(still, id)));
    return;
  }
  if (!still()) return;
  const asked = found.state === "open";
  announce(asked ? `${t.due} ${won(found.amount)}` : t.owedStates[found.state]);
  show(`${found.plate} · ${found.lotName}`, note && h("p", { class: "notice", role: "alert" }, note),
    h("section", { class: "card" },
      h("span", { class: asked ? "tag" : "tag good" }, t.owedStates[found.state]),
      h("p", { class: "muted", style: "margin-top:.5rem" }, asked ? t.due : t.nothingDue),
      h("p", { class: "due" }, won(found.amount))),
    h("section", { class: "card" }, h("dl", {},
      h("dt", {}, t.enteredAt), h("dd", {}, moment(found.enteredAt)),
      h("dt", {}, t.leftAt), h("dd", {}, moment(found.leftAt)),
      h("dt", {}, t.principal), h("dd", {}, won(found.principal)),
      found.surcharge > 0 && [h("dt", {}, t.surcharge), h("dd", {}, won(found.surcharge))],
      found.notices > 0 && [h("dt", {}, t.owedNotices), h("dd", {}, String(found.notices))],
      found.tries.map((tried, index) => [h("dt", {}, t.owedTry(index + 1)),
        h("dd", {}, `${moment(tried.at)} · ${t.tryOutcomes[tried.outcome]}`)]))),
    asked && form(found, () => owed(still, id, t.amountChanged)));
  if (asked) follow(still, id, FOLLOWS);
}

function follow(still, id, left) {
  setTimeout(async () => {
    const found = still() && await api.receivable(id).catch(() => null);
    if (!still()) return;
    if (found && found.state !== "open") owed(still, id);
    else if (left > 1) follow(still, id, left - 1);
  }, FOLLOW_MS);
}

/** `changed` is called when the amount is no longer the one on the button: nobody pays what they did not see. */
function form(found, changed) {
  let chosen = METHODS[0];
  const choice = (method) => h("label", {},
    h("input", { type: "radio", name: "method", value: method, checked: method === chosen, style: "min-height:auto",
      change: () => { chosen = method; } }), t[method]);
  const button = h("button", { class: "main" }, t.pay(won(found.amount)));
  const problem = h("div", {});
  const submit = async (event) => {
    event.preventDefault();
    button.disabled = true;
    problem.replaceChildren(h("p", { class: "muted waiting" }, t.preparing));
    announce(t.preparing);
    try {
      const [started, sdk] = await Promise.all([api.payReceivable(found.receivableId), api.portone()]);
      if (started.amount !== found.amount) changed();
      else if (started.status === "requested") await pay(sdk, started, chosen, { owed: found.receivableId });
      else location.hash = `#/payment/${started.paymentId}`;
    } catch (error) {
      problem.replaceChildren(failure(error));
    }
    button.disabled = false;
  };
  return h("form", { class: "card", submit },
    h("fieldset", {}, h("legend", {}, t.method), h("div", { class: "choices" }, METHODS.map(choice))), problem, button);
}
