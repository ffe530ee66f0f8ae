// Which page is shown: the address says it, so that back, reload and a bookmark work.

import { show, h } from "./dom.js";
import { find, lot } from "./find.js";
import { backFromIssuing, member } from "./member.js";
import { owed } from "./owed.js";
import { payment } from "./payment.js";
import { language, switchLanguage, t } from "./texts.js";
import { visit } from "./visit.js";

let turn = 0;

function route() {
  turn += 1;
  const mine = turn;
  const still = () => mine === turn;
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  let parts;
  try {
    parts = path.split("/").filter(Boolean).map(decodeURIComponent);
  } catch {
    parts = [];
  }
  if (parts[0] === "lot" && parts[2] === "visit" && parts[3]) visit(still, parts[1], parts[3]);
  else if (parts[0] === "lot" && parts[1]) lot(still, parts[1]);
  else if (parts[0] === "payment" && parts[1]) payment(still, parts[1], new URLSearchParams(query));
  else if (parts[0] === "member") member(still);
  else if (parts[0] === "owed" && parts[1]) owed(still, parts[1]);
  else find(still);
}

/** The gateway comes back to `/?paymentId=…&code=…`: the page that shows it has an address of its own. */
function backFromGateway() {
  const back = new URLSearchParams(location.search);
  if (backFromIssuing(back)) { history.replaceState(null, "", "/#/member"); return; }
  const id = back.get("paymentId");
  if (!id) return;
  const said = new URLSearchParams();
  for (const name of ["code", "message"]) if (back.get(name)) said.set(name, back.get(name));
  history.replaceState(null, "", `/#/payment/${encodeURIComponent(id)}${said.size ? `?${said}` : ""}`);
}

document.documentElement.lang = language;
document.getElementById("skip").textContent = t.skip;
document.getElementById("skip").addEventListener("click", (event) => {
  event.preventDefault(); // The hash is the page's address here.
  document.getElementById("main").focus();
});
document.getElementById("brand").textContent = t.brand;
const other = document.getElementById("language");
other.textContent = t.otherLanguage;
other.lang = language === "ko" ? "en" : "ko";
other.addEventListener("click", switchLanguage);
addEventListener("unhandledrejection", (event) => {
  console.error(event.reason);
  show(t.title, h("p", { class: "notice bad" }, t.errors.other));
});
addEventListener("hashchange", route);
backFromGateway();
route();
