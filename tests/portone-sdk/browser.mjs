// The sandbox's browser SDK in a stand-in for a shop's page: registering a card and paying, by promise and by redirection. What a person
// does on the sandbox's own pages, the tests do with the same forms.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createContext, runInContext } from "node:vm";
import { baseUrl, channelKey, newId, payment, refused, storeId } from "./sandbox.mjs";

/** A page that has loaded the SDK. */
async function page(userAgent = "Mozilla/5.0 (X11; Linux x86_64)") {
  const listeners = new Set();
  const shown = { frame: null, location: { href: "https://shop.example.invalid/" } };
  const window = {
    URL, setInterval, clearInterval, location: shown.location, navigator: { userAgent },
    addEventListener: (type, listener) => listeners.add(listener),
    removeEventListener: (type, listener) => listeners.delete(listener),
    document: {
      currentScript: { src: `${baseUrl}/v2/browser-sdk.js` },
      body: { append: (frame) => { shown.frame = frame; } },
      createElement: () => ({ style: {}, contentWindow: {}, remove() { shown.frame = null; } }),
    },
  };
  window.window = window;
  runInContext(await (await fetch(new URL("/v2/browser-sdk.js", baseUrl))).text(), createContext(window));
  const tell = (message) => listeners.forEach((listener) => listener(message));
  return { shown, PortOne: window.PortOne, tell };
}

/** Opens a page of the sandbox and presses a button of its form. */
async function press(url, fields) {
  const html = await (await fetch(url)).text();
  const [, action] = /<form method="post" action="([^"]+)"/.exec(html);
  return fetch(new URL(action, baseUrl), { method: "POST", redirect: "manual", body: new URLSearchParams(fields) });
}

/** What the page under a window is told by it. */
async function answered({ shown, tell }, fields) {
  const answer = await (await press(shown.frame.src, fields)).text();
  const data = { source: "portone-sandbox", outcome: JSON.parse(/const outcome = (.*);/.exec(answer)[1]) };
  tell({ origin: "https://stranger.example.invalid", source: shown.frame.contentWindow, data: { ...data, outcome: "forged" } });
  tell({ origin: new URL(baseUrl).origin, source: shown.frame.contentWindow, data });
}

const card = { press: "issue", number: "4242 4242 4242 4242", expiry: "12/39", birth: "900101", pin: "00" };
const request = () => ({
  storeId, channelKey, billingKeyMethod: "CARD", issueId: newId("issue"), issueName: "월정기 주차",
  customer: { customerId: "driver-1", fullName: "홍길동" }, redirectUrl: "https://shop.example.invalid/cards",
});

test("a card registered over the page answers the promise with a key that can be charged", async () => {
  const own = await page();
  const wanted = request();
  const promise = own.PortOne.requestIssueBillingKey(wanted);
  await answered(own, card);
  const { transactionType, billingKey, code } = await promise;
  assert.deepEqual([transactionType, code, own.shown.frame], ["ISSUE_BILLING_KEY", undefined, null]);
  const read = await payment.billingKey.getBillingKeyInfo({ billingKey });
  assert.deepEqual([read.issueId, read.issueName, read.customer.id], [wanted.issueId, wanted.issueName, "driver-1"]);
  const paymentId = newId("charge");
  await payment.payWithBillingKey({ paymentId, billingKey, orderName: "주차", amount: { total: 1000 }, currency: "KRW" });
});

test("giving up and a refused card answer with a code and no key", async () => {
  for (const [button, code, pgCode] of [["cancel", "USER_CANCEL"], ["fail", "PG_PROVIDER", "NOT_REGISTERED_CARD"]]) {
    const own = await page();
    const promise = own.PortOne.requestIssueBillingKey(request());
    await answered(own, { press: button });
    const outcome = await promise;
    assert.deepEqual([outcome.billingKey, outcome.code, outcome.pgCode], ["", code, pgCode]);
  }
});

test("on a phone the page leaves for the window and comes back with the key", async () => {
  const own = await page("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile");
  own.PortOne.requestIssueBillingKey(request());
  const back = new URL((await press(own.shown.location.href, card)).headers.get("location"));
  assert.equal(back.pathname, "/cards");
  const billingKey = back.searchParams.get("billingKey");
  assert.equal((await payment.billingKey.getBillingKeyInfo({ billingKey })).status, "ISSUED");
  const strange = await page("Mobile");
  strange.PortOne.requestIssueBillingKey({ ...request(), channelKey: "another" });
  const refusal = new URL((await fetch(strange.shown.location.href, { redirect: "manual" })).headers.get("location"));
  assert.equal(refusal.searchParams.get("code"), "CHANNEL_NOT_FOUND");
});

test("a payment is asked for, paid and answered as before", async () => {
  const own = await page();
  const paymentId = newId("window");
  const promise = own.PortOne.requestPayment({
    storeId, channelKey, paymentId, orderName: "주차요금", totalAmount: 3000, currency: "KRW", payMethod: "CARD",
  });
  await answered(own, { press: "pay", method: "CARD" });
  assert.equal((await promise).paymentId, paymentId);
  assert.equal((await payment.getPayment({ paymentId })).status, "PAID");
  await assert.rejects(own.PortOne.requestPayment({ storeId }), /paymentId is missing/);
  await refused(payment.cancelPayment({ paymentId, amount: 0, reason: "정정" }), "INVALID_REQUEST");
});
