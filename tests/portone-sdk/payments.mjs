// Payments and refunds through PortOne's own server SDK.
import assert from "node:assert/strict";
import { test } from "node:test";
import { channelKey, newId, pay, payment, refused, sandbox, storeId } from "./sandbox.mjs";

const account = { bank: "TOSS", number: "100012345678", holderName: "홍길동" };
const refund = (paymentId, more) => payment.cancelPayment({ paymentId, reason: "요금 정정", requester: "CUSTOMER", ...more });

test("a payment is read in each of its states", async () => {
  const paymentId = newId("state");
  await refused(payment.getPayment({ paymentId }), "PAYMENT_NOT_FOUND");
  await sandbox("POST", `/payments/${paymentId}/open`, { orderName: "주차요금", totalAmount: 3000 });
  assert.equal((await payment.getPayment({ paymentId })).status, "READY");
  await sandbox("POST", `/payments/${paymentId}/fail`, { code: "PAY_PROCESS_CANCELED", message: "취소" });
  const failed = await payment.getPayment({ paymentId });
  assert.deepEqual([failed.status, failed.failure.pgCode], ["FAILED", "PAY_PROCESS_CANCELED"]);
  await pay(paymentId, 3000, "EASY_PAY:KAKAOPAY");
  const paid = await payment.getPayment({ paymentId, storeId });
  assert.deepEqual([paid.status, paid.amount.total, paid.amount.vat, paid.channel.key], ["PAID", 3000, 273, channelKey]);
  assert.equal(paid.method.provider, "KAKAOPAY");
  await refused(payment.getPayment({ paymentId, storeId: "store-of-others" }), "FORBIDDEN");
});

test("refunds are guarded by the balance that the shop expects", async () => {
  const paymentId = newId("refund");
  await refused(refund(paymentId, {}), "PAYMENT_NOT_FOUND");
  await sandbox("POST", `/payments/${paymentId}/open`, { orderName: "주차요금", totalAmount: 3000 });
  await refused(refund(paymentId, {}), "PAYMENT_NOT_PAID");
  await pay(paymentId, 3000);
  const { cancellation } = await refund(paymentId, { amount: 1000, currentCancellableAmount: 3000 });
  assert.deepEqual([cancellation.status, cancellation.totalAmount, cancellation.trigger], ["SUCCEEDED", 1000, "API"]);
  await refused(refund(paymentId, { amount: 1000, currentCancellableAmount: 3000 }), "CANCELLABLE_AMOUNT_CONSISTENCY_BROKEN");
  await refused(refund(paymentId, { amount: 2001 }), "CANCEL_AMOUNT_EXCEEDS_CANCELLABLE_AMOUNT");
  await refused(refund(paymentId, { amount: 100, vatAmount: 101 }), "SUM_OF_PARTS_EXCEEDS_CANCEL_AMOUNT");
  await refused(refund(paymentId, { amount: 100, taxFreeAmount: 50 }), "CANCEL_TAX_FREE_AMOUNT_EXCEEDS_CANCELLABLE_TAX_FREE_AMOUNT");
  const part = await payment.getPayment({ paymentId });
  assert.deepEqual([part.status, part.amount.cancelled], ["PARTIAL_CANCELLED", 1000]);
  await refund(paymentId, { currentCancellableAmount: 2000 });
  const whole = await payment.getPayment({ paymentId });
  assert.deepEqual([whole.status, whole.cancellations.map((one) => one.totalAmount)], ["CANCELLED", [1000, 2000]]);
  await refused(refund(paymentId, {}), "PAYMENT_ALREADY_CANCELLED");
});

test("of two refunds at once that expect one balance, one is refused", async () => {
  const paymentId = newId("race");
  await pay(paymentId, 3000);
  const both = [1, 2].map(() => refund(paymentId, { amount: 2000, currentCancellableAmount: 3000 }));
  const outcomes = (await Promise.allSettled(both)).map((one) => one.reason?.data.type ?? "done").sort();
  assert.deepEqual(outcomes, ["CANCELLABLE_AMOUNT_CONSISTENCY_BROKEN", "done"]);
});

test("a virtual account is deposited and given back to an account", async () => {
  const paymentId = newId("account");
  await pay(paymentId, 5000, "VIRTUAL_ACCOUNT");
  const issued = await payment.getPayment({ paymentId });
  assert.deepEqual([issued.status, issued.method.type], ["VIRTUAL_ACCOUNT_ISSUED", "PaymentMethodVirtualAccount"]);
  await sandbox("POST", `/payments/${paymentId}/deposit`);
  await refused(refund(paymentId, {}), "INVALID_REQUEST");
  await refused(refund(paymentId, { refundAccount: { bank: "TOSS", number: "1" } }), "INVALID_REQUEST");
  await refund(paymentId, { refundAccount: account, currentCancellableAmount: 5000 });
  const back = await payment.getPayment({ paymentId });
  assert.deepEqual([back.status, back.method.refundStatus], ["CANCELLED", "COMPLETED"]);
});

test("a pinned amount stops a tampered page", async () => {
  const paymentId = newId("pinned");
  await payment.preRegisterPayment({ paymentId, totalAmount: 8700, currency: "KRW" });
  await assert.rejects(pay(paymentId, 100), /INVALID_REQUEST/);
  await pay(paymentId, 8700);
  await refused(payment.preRegisterPayment({ paymentId, totalAmount: 1 }), "ALREADY_PAID");
});

test("a PG's refusal carries its own code", async () => {
  const paymentId = newId("pg");
  await pay(paymentId, 3000);
  await sandbox("POST", "/faults", { fault: { kind: "pgRefusal" }, paymentId, operation: "cancel", times: 1 });
  assert.equal((await refused(refund(paymentId, {}), "PG_PROVIDER")).pgCode, "NOT_CANCELABLE");
});

test("a channel with manual approval waits for the shop", async () => {
  const paymentId = newId("confirm");
  await sandbox("PUT", "/manual-confirm", { on: true });
  const pressed = await pay(paymentId, 3000).finally(() => sandbox("PUT", "/manual-confirm", { on: false }));
  assert.equal((await payment.getPayment({ paymentId })).status, "READY");
  const { paymentToken } = pressed;
  const known = { paymentId, paymentToken, currency: "KRW", totalAmount: 3000, isTest: true, txId: pressed.transactionId };
  await refused(payment.confirmPayment({ ...known, paymentToken: "another" }), "INVALID_PAYMENT_TOKEN");
  await refused(payment.confirmPayment({ ...known, totalAmount: 2999 }), "INFORMATION_MISMATCH");
  await refused(payment.confirmPayment({ ...known, paymentId: newId("nobody") }), "PAYMENT_NOT_FOUND");
  const { pgTxId } = await payment.confirmPayment(known);
  const paid = await payment.getPayment({ paymentId });
  assert.deepEqual([paid.status, paid.pgTxId], ["PAID", pgTxId]);
  await refused(payment.confirmPayment(known), "ALREADY_PAID");
});

test("payments are listed page by page with a filter, and by cursor", async () => {
  const run = newId("list");
  const ids = [0, 1, 2].map((number) => `${run}_${number}`);
  for (const [number, paymentId] of ids.entries()) await pay(paymentId, 1000 + number, number ? "CARD" : "VIRTUAL_ACCOUNT");
  const textSearch = [{ field: "PAYMENT_ID", value: run }];
  const first = await payment.getPayments({ page: { number: 0, size: 2 }, filter: { storeId, textSearch, isTest: true } });
  assert.deepEqual(first.items.map((one) => one.id), [ids[2], ids[1]], "newest first");
  assert.deepEqual(first.page, { number: 0, size: 2, totalCount: 3 });
  const waiting = await payment.getPayments({ filter: { textSearch, status: ["VIRTUAL_ACCOUNT_ISSUED"], sortOrder: "ASC" } });
  assert.deepEqual(waiting.items.map((one) => one.id), [ids[0]]);
  const cards = await payment.getPayments({ filter: { textSearch, methods: ["CARD"], sortOrder: "ASC", sortBy: "REQUESTED_AT" } });
  assert.deepEqual(cards.items.map((one) => one.id), [ids[1], ids[2]]);
  await refused(payment.getPayments({ filter: { cardBrand: "VISA" } }), "INVALID_REQUEST");
  const seen = [];
  for (let cursor; ;) {
    const { items } = await payment.getAllPaymentsByCursor({ size: 2, cursor });
    if (!items.length) break;
    seen.push(...items.map((one) => one.payment.id));
    cursor = items.at(-1).cursor;
  }
  assert.deepEqual(seen.filter((id) => id.startsWith(run)), ids, "oldest first, each once");
});

test("a cash receipt is issued, read, listed and cancelled", async () => {
  const paymentId = newId("receipt");
  await pay(paymentId, 5000, "VIRTUAL_ACCOUNT");
  await sandbox("POST", `/payments/${paymentId}/deposit`);
  const wanted = {
    paymentId, channelKey, type: "PERSONAL", orderName: "주차요금", currency: "KRW", amount: { total: 5000 },
    customer: { identityNumber: "01000000000", identityNumberType: "PHONE" },
  };
  const receipts = payment.cashReceipt;
  await refused(receipts.getCashReceiptByPaymentId({ paymentId }), "CASH_RECEIPT_NOT_FOUND");
  await refused(receipts.issueCashReceipt({ ...wanted, channelKey: "another" }), "CHANNEL_NOT_FOUND");
  const { cashReceipt } = await receipts.issueCashReceipt(wanted);
  await refused(receipts.issueCashReceipt(wanted), "CASH_RECEIPT_ALREADY_ISSUED");
  const read = await receipts.getCashReceiptByPaymentId({ paymentId });
  assert.deepEqual([read.status, read.issueNumber, read.vatAmount], ["ISSUED", cashReceipt.issueNumber, 455]);
  assert.equal((await payment.getPayment({ paymentId })).cashReceipt.status, "ISSUED");
  assert.equal((await receipts.cancelCashReceiptByPaymentId({ paymentId })).cancelledAmount, 5000);
  await refused(receipts.cancelCashReceiptByPaymentId({ paymentId }), "CASH_RECEIPT_NOT_ISSUED");
  const listed = await receipts.getCashReceipts({ filter: { paymentId, statuses: ["CANCELLED"] } });
  assert.equal(listed.items[0].paymentId, paymentId);
});

test("a cash receipt is whole or cancelled: after a partial refund it is issued anew over the rest", async () => {
  const paymentId = newId("rest");
  const receipts = payment.cashReceipt;
  const issue = (total, more) => receipts.issueCashReceipt({
    paymentId, channelKey, type: "CORPORATE", orderName: "주차요금", currency: "KRW", amount: { total, taxFree: 0, vat: Math.round(total / 11) },
    customer: { identityNumber: "1208147521", identityNumberType: "BUSINESS" }, paidAt: new Date().toISOString(), ...more,
  });
  await pay(paymentId, 5000, "VIRTUAL_ACCOUNT");
  await refused(issue(5000), "INVALID_REQUEST");
  await sandbox("POST", `/payments/${paymentId}/deposit`);
  await refused(issue(5000, { customer: { identityNumber: "none" } }), "INVALID_REQUEST");
  await sandbox("POST", "/faults", { fault: { kind: "pgRefusal" }, paymentId, operation: "cashReceipt", times: 1 });
  assert.equal((await refused(issue(5000), "PG_PROVIDER")).pgCode, "CASH_RECEIPT_REFUSED");
  const { cashReceipt: first } = await issue(5000);
  await refund(paymentId, { amount: 1200, currentCancellableAmount: 5000, refundAccount: account });
  await refused(issue(3800), "CASH_RECEIPT_ALREADY_ISSUED");
  await receipts.cancelCashReceiptByPaymentId({ paymentId, storeId });
  const { cashReceipt: second } = await issue(3800);
  assert.notEqual(second.issueNumber, first.issueNumber);
  const read = await receipts.getCashReceiptByPaymentId({ paymentId, storeId });
  assert.deepEqual([read.status, read.type, read.amount, read.isManual], ["ISSUED", "CORPORATE", 3800, true]);
});

test("a card payment has no cash receipt", async () => {
  const paymentId = newId("card");
  await pay(paymentId, 5000);
  const wanted = { paymentId, channelKey, type: "PERSONAL", orderName: "주차요금", currency: "KRW", amount: { total: 5000 } };
  await refused(payment.cashReceipt.issueCashReceipt({ ...wanted, customer: { identityNumber: "01000000000" } }), "INVALID_REQUEST");
});

test("a wrong secret is refused", async () => {
  const { PortOneClient } = await import("@portone/server-sdk");
  const { checked } = await import("./conforms.mjs");
  const stranger = checked(PortOneClient({ secret: "wrong", baseUrl: process.env.BARO_PORTONE_URL }));
  await refused(stranger.payment.getPayment({ paymentId: "any" }), "UNAUTHORIZED");
});
